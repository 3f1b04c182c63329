"""Fixes configuration in place. It edits single characters, so comments, order and spacing stay as they are.

A fix is safe if the original could not run: nothing that worked changes. Unsafe fixes are made only on request. Text
that the upstream program ships is never edited.
"""

from __future__ import annotations

import codecs
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from difflib import unified_diff
from pathlib import Path
from typing import TYPE_CHECKING

from dreamerguard.core.atomic_write import write_atomically
from dreamerguard.core.finding import Finding
from dreamerguard.core.source import Edit, Source, SourceError, apply_edits

if TYPE_CHECKING:
    from dreamerguard.core.result import Result

#: Highest number of rounds. A fix can uncover other findings; more rounds mean that two fixes undo each other.
MAX_ROUNDS = 10


@dataclass(frozen=True, slots=True)
class Plan:
    """Edits that do not overlap, by source, and the findings that they fix."""

    edits: Mapping[str, tuple[Source, tuple[Edit, ...]]] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()

    def texts(self) -> dict[str, str]:
        """Returns the fixed text of every source."""
        return {name: apply_edits(source.text, edits) for name, (source, edits) in self.edits.items()}


def plan(findings: Iterable[Finding], *, unsafe: bool = False) -> Plan:
    """Returns the fixes that can be made in one round. If fixes overlap, the fix of the most severe finding is made."""
    edits: dict[str, tuple[Source, tuple[Edit, ...]]] = {}
    fixed: list[Finding] = []
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
        fixed.append(finding)
    return Plan(edits, tuple(fixed))


def _overlap(one: Edit, other: Edit) -> bool:
    """Returns whether two edits share characters or insert at the same place."""
    if one.span.source.name != other.span.source.name:
        return False
    first, second = sorted((one.span, other.span), key=lambda span: (span.start, span.end))
    return second.start < first.end or second.start == first.start


@dataclass(frozen=True, slots=True)
class Fixed:
    """The outcome of `fix_files`.

    Attributes:
      results: results of the last check.
      findings: findings that were fixed in files.
      command: the fixed command line; None if it needs no fix.
    """

    results: Sequence[Result]
    findings: tuple[Finding, ...]
    command: str | None


def fix_files(check: Callable[[], Sequence[Result]], folder: Path, *, unsafe: bool = False) -> Fixed:
    """Checks, fixes files, and checks again until there is nothing to fix.

    Args:
      check: checks the runs, and returns their results.
      folder: folder that file names are relative to.
      unsafe: whether unsafe fixes are made too.

    Raises:
      SourceError: a file cannot be written, has changed since the check, or cannot be parsed after its fix.
    """
    results, fixed = check(), []
    for _ in range(MAX_ROUNDS):
        todo = plan(_findings(results), unsafe=unsafe)
        files = {name: source for name, (source, _) in todo.edits.items() if source.kind == "file"}
        if not files:
            break
        texts = todo.texts()
        before = {name: _bytes(folder / name, source) for name, source in files.items()}
        for name in files:
            write_atomically(folder / name, _encode(texts[name], before[name]))
        after = check()
        if _unreadable(after) > _unreadable(results):
            for name, data in before.items():
                write_atomically(folder / name, data)
            raise SourceError(f"the fix of {', '.join(files)} would make the YAML invalid, so it was undone")
        fixed += [item for item in todo.findings if item.fix and item.fix.edits[0].span.source.kind == "file"]
        results = after
    return Fixed(results, tuple(fixed), corrected_command(results, unsafe=unsafe))


def corrected_command(results: Sequence[Result], *, unsafe: bool = False) -> str | None:
    """Returns the command line after all its fixes; None if it needs no fix."""
    todo = plan(_findings(results), unsafe=unsafe)
    return next((todo.texts()[name] for name, (source, _) in todo.edits.items() if source.kind == "command line"), None)


def diff(results: Sequence[Result], *, unsafe: bool = False) -> str:
    """Returns the changes of the first round of fixes to files as a unified diff; empty without changes."""
    todo = plan(_findings(results), unsafe=unsafe)
    texts = todo.texts()
    lines = [
        line
        for name, (source, _) in sorted(todo.edits.items())
        if source.kind == "file"
        for line in _diff(name, source.text, texts[name])
    ]
    return "".join(lines)


def with_whole_commands(findings: tuple[Finding, ...]) -> tuple[Finding, ...]:
    """Returns the findings with fixed command lines that hold every fix of the command, not only their own.

    A fix that cannot be made together with the others keeps its command, and its message says so.
    """
    several = [item for item in findings if item.fix is not None and item.fix.command is not None]
    if len(several) < 2:
        return findings
    todo = plan(several, unsafe=True)
    commands = [text for name, text in todo.texts().items() if todo.edits[name][0].kind == "command line"]

    together = set(map(id, todo.findings))  # a comparison of findings compares their whole sources

    def whole(item: Finding) -> Finding:
        if item.fix is None or item.fix.command is None or item.allowed is not None or not commands:
            return item
        if id(item) in together:
            return replace(item, fix=replace(item.fix, command=commands[0]))
        return replace(item, fix=replace(item.fix, message=f"{item.fix.message}, without the other fixes"))

    return tuple(map(whole, findings))


def fixes_within(results: Sequence[Result], folder: Path, paths: Sequence[Path]) -> tuple[Result, ...]:
    """Returns the results without the fixes that edit a file outside of some paths.

    Args:
      folder: folder that file names are relative to.
      paths: files and folders that may be edited.
    """
    allowed = [path.resolve() for path in paths]

    def inside(edit: Edit) -> bool:
        file = (folder / edit.span.source.name).resolve()
        return edit.span.source.kind != "file" or any(file.is_relative_to(path) for path in allowed)

    def limited(item: Finding) -> Finding:
        return item if item.fix is None or all(map(inside, item.fix.edits)) else replace(item, fix=None)

    return tuple(replace(result, findings=tuple(map(limited, result.findings))) for result in results)


def _findings(results: Iterable[Result]) -> list[Finding]:
    return [finding for result in results for finding in result.findings]


def _diff(name: str, old: str, new: str) -> Iterable[str]:
    for line in unified_diff(_lines(old), _lines(new), name, name):
        yield line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"


def _lines(text: str) -> list[str]:
    """Returns the lines with their line feeds. Only a line feed ends a line, as in the file."""
    parts = text.split("\n")
    return [f"{part}\n" for part in parts[:-1]] + ([parts[-1]] if parts[-1] else [])


def _bytes(path: Path, source: Source) -> bytes:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise SourceError(f"cannot read {str(path)!r}: {error.strerror}") from error
    if data.decode("utf-8-sig", "replace") != source.text:
        raise SourceError(f"{path} changed while it was checked; nothing was fixed")
    return data


def _encode(text: str, original: bytes) -> bytes:
    """Returns the text as bytes, with a byte order mark if the original has one."""
    return (codecs.BOM_UTF8 if original.startswith(codecs.BOM_UTF8) else b"") + text.encode("utf-8")


def _unreadable(results: Iterable[Result]) -> int:
    return sum(finding.name == "invalid-yaml" for finding in _findings(results))
