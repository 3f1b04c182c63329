"""Reads a sweep file. Scalars are typed as in run files: ``1e-4`` is a number, ``on`` is text."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from dreamerguard.core.source import Source, SourceError, Span
from dreamerguard.sources.files import read_source
from dreamerguard.sources.values.nodes import Listing, Mapping, Node, Scalar
from dreamerguard.sources.values.yaml import read_yaml
from dreamerguard.util.validation_text import refusal

from .sweep_file import SweepFile

#: Faults that one message names.
_SHOWN = 5


def read_sweep_file(path: Path) -> tuple[SweepFile, str]:
    """Returns a sweep and the text of its file. The run file that it names is relative to it.

    Raises:
      SourceError: the file cannot be read or is not valid; the message has a line for each fault.
    """
    source, problem = read_source(path)
    if problem is not None:
        raise SourceError(f"{path}: {problem.message}")
    sweep = parse_sweep(source)
    if sweep.config is not None:
        sweep = sweep.model_copy(update={"config": str(path.absolute().parent / sweep.config)})
    return sweep, source.text


def parse_sweep(source: Source) -> SweepFile:
    """Returns the sweep that a text describes.

    Raises:
      SourceError: the text is not valid.
    """
    from pydantic import ValidationError

    document = read_yaml(source)
    if document.root is None or document.problems:
        faults = [f"{source.name}:{item.label.span.line}: {item.message}" for item in document.problems]
        raise SourceError("\n".join(faults[:_SHOWN]))
    try:
        return SweepFile.model_validate(_plain(document.root))
    except ValidationError as error:
        found = [_fault(source, document.root, dict(item)) for item in error.errors()]
        more = [f"and {len(found) - _SHOWN} more"] if len(found) > _SHOWN else []
        raise SourceError("\n".join((*dict.fromkeys(found[:_SHOWN]), *more))) from error


def _plain(node: Node) -> Any:
    if isinstance(node, Mapping):
        return {entry.name: _plain(entry.value) for entry in node.entries}
    if isinstance(node, Listing):
        return tuple(_plain(item) for item in node.items)
    return node.value


def _fault(source: Source, root: Mapping, error: dict[str, Any]) -> str:
    # Choices of a union appear in the location as names of types, which the file does not have.
    span, names = _place(root, [part for part in error["loc"] if not str(part).startswith(("tuple[", "constrained"))])
    return f"{source.name}:{span.line}: {'.'.join(names) or 'the file'} {refusal(error)}"


def _place(root: Node, parts: Sequence[int | str]) -> tuple[Span, list[str]]:
    """Returns the place of a value, or of the innermost group above it that the file has, and its name."""
    here, names, span = root, [str(part) for part in parts], root.span
    for part in parts:
        if isinstance(here, Mapping):
            entry = next((entry for entry in here.entries if entry.name == part), None)
            if entry is None:
                break
            span, here = entry.key.span, entry.value
        elif isinstance(here, Listing) and isinstance(part, int) and part < len(here.items):
            here = here.items[part]
            span = here.span
        elif isinstance(here, Scalar):
            break
    return span, names
