"""Corrects configuration in place: edits of characters, so that comments, order and spacing stay as they are.

A fix is safe when the original could not have run, so that nothing that worked changes; other fixes are only made when
asked for. What the upstream program itself ships is never edited.
"""

from __future__ import annotations

import codecs
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from difflib import unified_diff
from pathlib import Path
from typing import TYPE_CHECKING

from dreamerguard.core.files import write_atomically
from dreamerguard.core.model import Edit, Finding, Source, SourceError, apply_edits

if TYPE_CHECKING:
    from dreamerguard.core.result import Result

#: Fixes can uncover other findings; more rounds than this mean that two fixes undo each other.
MAX_ROUNDS = 10


@dataclass(frozen=True, slots=True)
class Plan:
    """Edits that do not overlap, by source, and the findings that they correct."""

    edits: Mapping[str, tuple[Source, tuple[Edit, ...]]] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()

    def texts(self) -> dict[str, str]:
        """The corrected text of every source."""
        return {name: apply_edits(source.text, edits) for name, (source, edits) in self.edits.items()}


def plan(findings: Iterable[Finding], *, unsafe: bool = False) -> Plan:
    """What can be corrected at once. Of fixes that touch the same characters, the gravest finding's comes first."""
    edits: dict[str, tuple[Source, tuple[Edit, ...]]] = {}
    corrected: list[Finding] = []
    for finding in sorted(findings, key=lambda item: item.order):
        fix = finding.fix
        if fix is None or finding.allowed is not None or finding.upstream or not (fix.safe or unsafe):
            continue
        taken = [other for edit in fix.edits for other in edits.get(edit.span.source.name, (None, ()))[1]]
        if any(_overlap(edit, other) for edit in fix.edits for other in taken):
            continue
        for edit in fix.edits:
            source = edit.span.source
            edits[source.name] = (source, (*edits.get(source.name, (source, ()))[1], edit))
        corrected.append(finding)
    return Plan(edits, tuple(corrected))


def _overlap(one: Edit, other: Edit) -> bool:
    """Whether two edits share characters, or insert at the same place."""
    if one.span.source.name != other.span.source.name:
        return False
    first, second = sorted((one.span, other.span), key=lambda span: (span.start, span.end))
    return second.start < first.end or second.start == first.start


@dataclass(frozen=True, slots=True)
class Fixed:
    """What fixing did.

    Attributes:
      result: of the last check.
      findings: what was corrected in files.
      command: the corrected command line; none when it needs no correction.
    """

    result: Result
    findings: tuple[Finding, ...]
    command: str | None


def fix_files(check: Callable[[], Result], folder: Path, *, unsafe: bool = False) -> Fixed:
    """Checks, corrects files, and checks again until nothing is left to correct.

    Raises:
      SourceError: a file cannot be written, changed meanwhile, or would not be readable after its correction.
    """
    result, corrected = check(), []
    for _ in range(MAX_ROUNDS):
        todo = plan(result.findings, unsafe=unsafe)
        files = {name: source for name, (source, _) in todo.edits.items() if source.kind == "file"}
        if not files:
            break
        texts = todo.texts()
        before = {name: _bytes(folder / name, source) for name, source in files.items()}
        for name in files:
            write_atomically(folder / name, _encode(texts[name], before[name]))
        after = check()
        if _unreadable(after) > _unreadable(result):
            for name, data in before.items():
                write_atomically(folder / name, data)
            raise SourceError(f"the correction of {', '.join(files)} would break the file, so it was taken back")
        corrected += [item for item in todo.findings if item.fix and item.fix.edits[0].span.source.kind == "file"]
        result = after
    return Fixed(result, tuple(corrected), corrected_command(result, unsafe=unsafe))


def corrected_command(result: Result, *, unsafe: bool = False) -> str | None:
    """The command line after all fixes that touch it."""
    todo = plan(result.findings, unsafe=unsafe)
    return next((todo.texts()[name] for name, (source, _) in todo.edits.items() if source.kind == "command line"), None)


def diff(result: Result, *, unsafe: bool = False) -> str:
    """What the first round of corrections would change in files, as a unified diff; empty when nothing."""
    todo = plan(result.findings, unsafe=unsafe)
    texts = todo.texts()
    lines = [
        line
        for name, (source, _) in sorted(todo.edits.items())
        if source.kind == "file"
        for line in _diff(name, source.text, texts[name])
    ]
    return "".join(lines)


def _diff(name: str, old: str, new: str) -> Iterable[str]:
    for line in unified_diff(_lines(old), _lines(new), name, name):
        yield line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"


def _lines(text: str) -> list[str]:
    """Lines with their ends; only line feeds end one, as in the file."""
    parts = text.split("\n")
    return [f"{part}\n" for part in parts[:-1]] + ([parts[-1]] if parts[-1] else [])


def _bytes(path: Path, source: Source) -> bytes:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise SourceError(f"cannot read {str(path)!r}: {error.strerror}") from error
    if data.decode("utf-8-sig", "replace") != source.text:
        raise SourceError(f"{path} changed while it was checked; nothing was corrected")
    return data


def _encode(text: str, original: bytes) -> bytes:
    """The text as bytes, with a byte order mark if the original has one."""
    return (codecs.BOM_UTF8 if original.startswith(codecs.BOM_UTF8) else b"") + text.encode("utf-8")


def _unreadable(result: Result) -> int:
    return sum(finding.name == "invalid-yaml" for finding in result.findings)
