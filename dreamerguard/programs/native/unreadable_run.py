"""Says why a path cannot be read as a run: it is no run directory, or its ``run.yaml`` is damaged."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from dreamerguard import __version__
from dreamerguard.core.source import SourceError, Span
from dreamerguard.sources.files import read_source
from dreamerguard.sources.values.nodes import Mapping
from dreamerguard.sources.values.yaml import read_yaml
from dreamerguard.util.paths import exists, is_dir, is_file
from dreamerguard.util.text import number_of
from dreamerguard.util.validation_text import refusal

#: Faults, and runs, that a message names.
_SHOWN, _MOST_RUNS = 3, 10
_FIX = (
    "Restore this file. Or remove it and repeat the run's train command, which writes it again; manifest.json beside it"
    " holds the command."
)


def explain_no_run(directory: Path, config: str) -> str:
    """Returns the message about a path without a stored configuration; it names the runs nearby.

    Args:
      directory: the path that was given as a run directory.
      config: name of the configuration in a run directory.
    """
    above = next((folder for folder in (*directory.parents,)[:3] if is_file(folder / config)), None)
    meant = f"; the run directory is {above}" if above is not None and exists(directory) else ""
    if not exists(directory):
        return f"{directory} holds no run: there is no such directory"
    if not is_dir(directory):
        return f"{directory} is a file, not a run directory{meant}"
    try:
        runs = sorted(child for child in directory.iterdir() if is_file(child / config))
    except OSError as error:
        return f"{directory} cannot be read: {error.strerror}"
    if not runs:
        return f"{directory} holds no run of the bundled trainer: {directory / config} does not exist{meant}"
    listed = "\n".join(f"  {run}" for run in runs[:_MOST_RUNS])
    more = f"\n  and {len(runs) - _MOST_RUNS} more" if len(runs) > _MOST_RUNS else ""
    return f"{directory} is a folder with {number_of(len(runs), 'run')}; name one of them:\n{listed}{more}"


def explain_damage(path: Path, error: Exception) -> str:
    """Returns the message about a stored configuration that cannot be loaded.

    Args:
      path: the file.
      error: the error of reading it.
    """
    faults = list(_faults(path, error))
    more = [f"  and {len(faults) - _SHOWN} more"] if len(faults) > _SHOWN else []
    head = f"{path} is not a valid configuration for dreamerguard {__version__}:"
    return "\n".join([head, *(f"  {text}" for text in faults[:_SHOWN]), *more, _FIX])


def _faults(path: Path, error: Exception) -> Iterator[str]:
    from pydantic import ValidationError

    try:
        source, problem = read_source(path)
    except SourceError as unread:
        yield unread.message
        return
    if problem is not None:
        yield problem.message
        return
    document = read_yaml(source)
    if document.root is None:
        yield from (f"{_line(item.label.span)}: {item.message}" for item in document.problems)
    elif isinstance(error, ValidationError):
        for item in error.errors():
            names = [str(part) for part in item["loc"]]
            span = _place(document.root, names)
            text = f"{'.'.join(names) or 'the file'} {refusal(dict(item))}"
            yield f"{_line(span)}: {text}" if span is not None else text
    else:
        yield str(error)


def _place(root: Mapping, names: Sequence[str]) -> Span | None:
    """Returns the place of a key, or of the innermost group above it that the file has."""
    span, here = None, root
    for name in names:
        entry = next((entry for entry in here.entries if entry.name == name), None)
        if entry is None:
            return span
        span = entry.key.span
        if not isinstance(entry.value, Mapping):
            return span
        here = entry.value
    return span


def _line(span: Span) -> str:
    return f"line {span.line}"
