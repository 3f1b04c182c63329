"""Measures the agreement of the linter with a collection of real commands and configurations that people judged.

    python -m benchmarks.corpus path/to/collection [--kind danijar] [--verbose]

The collection is not part of this project. It has ``commands.tsv`` (kind, source, command, verdict, reason),
``known_mistakes.tsv`` (kind, category, severity, location, commit, mistake) and ``configs/<kind>/<owner>+<repo>/``.
"""

from __future__ import annotations

import argparse
import csv
import shlex
import sys
import traceback
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from dreamerguard.core.finding import Finding, Severity
from dreamerguard.core.result import Result
from dreamerguard.lint.engine import check_command
from dreamerguard.lint.preset_check import check_presets
from dreamerguard.lint.repository import check_tree
from dreamerguard.programs.registry import UnknownProgram
from dreamerguard.sources.argv import read_command

#: Largest distance in lines between a finding and the line that a person noted.
_NEAR = 4


@dataclass
class Row:
    """One judged command with the linter's verdict."""

    kind: str
    source: str
    command: str
    verdict: str
    reason: str
    found: str = ""
    rules: tuple[str, ...] = ()

    @property
    def expected(self) -> str:
        """The expected class: ``ok``, ``warns`` or ``error``."""
        return self.verdict.split()[0].rstrip(":")


def rows(path: Path) -> Iterator[dict[str, str]]:
    """Yields the rows of a table."""
    with path.open(encoding="utf-8", newline="") as stream:
        yield from csv.DictReader(stream, delimiter="\t")


def home(corpus: Path, kind: str, source: str) -> Path:
    """Returns the folder in which the command would start; a missing folder if the collection does not have it."""
    parts = source.split()
    if parts[0].startswith("http"):
        return corpus / "nowhere"
    folder = corpus / "configs" / kind / parts[0].replace("/", "+")
    inner = (folder / parts[1]).parent if len(parts) > 1 else folder
    return inner if inner.is_dir() and inner != folder and (inner / "configs.yaml").exists() else folder


def judge(row: Row, folder: Path) -> None:
    """Adds the linter's verdict to a row."""
    try:
        words = shlex.split(row.command)
    except ValueError:
        words = row.command.split()
    try:
        result = check_command(read_command(words), folder=folder)
    except UnknownProgram:
        row.found, row.rules = "ok", ("(unknown program)",)
        return
    except Exception:
        row.found, row.rules = "crash", (traceback.format_exc().strip().split("\n")[-1],)
        return
    row.found = verdict(result)
    row.rules = tuple(f"{item.name}:{item.severity.value}" for item in result.findings)


def verdict(result: Result) -> str:
    """Returns the class of the most severe finding."""
    worst = min((item.severity.rank for item in result.active), default=Severity.INFO.rank)
    return {Severity.ERROR.rank: "error", Severity.WARNING.rank: "warns"}.get(worst, "ok")


def commands(corpus: Path, kind: str | None) -> list[Row]:
    """Returns all judged commands with the linter's verdicts."""
    table = [Row(**{name: item[name] or "" for name in ("kind", "source", "command", "verdict", "reason")})
             for item in rows(corpus / "commands.tsv")]  # fmt: skip
    table = [row for row in table if kind in (None, row.kind)]
    for row in table:
        judge(row, home(corpus, row.kind, row.source))
    return table


def mistakes(corpus: Path, kind: str | None) -> Iterator[tuple[str, str, str, tuple[str, ...]]]:
    """Yields kind, place, text and rules of every known mistake in a file of the collection."""
    seen: dict[Path, tuple[Finding, ...]] = {}
    for item in rows(corpus / "known_mistakes.tsv"):
        if kind not in (None, item["kind"]):
            continue
        repo, _, place = item["location"].partition(":")
        path, _, line = place.partition(":")
        file = corpus / "configs" / item["kind"] / repo.replace("/", "+") / path
        if not file.is_file() or file.suffix not in (".yaml", ".yml"):
            continue
        if file not in seen:
            result = check_presets(file)
            seen[file] = result.findings if result is not None else in_tree(file, len(Path(path).parents) - 1)
        number = int(line.split()[0]) if line.split() and line.split()[0].isdigit() else 0
        last = end_of_block(file, number) if number else 0
        near = [found for found in seen[file] if number - _NEAR <= found.primary.span.line <= max(number + _NEAR, last)]
        yield item["kind"], item["location"], item["mistake"], tuple(sorted({found.name for found in near}))


@cache
def tree(root: Path) -> tuple[Finding, ...]:
    """Returns the findings of a check of a whole repository."""
    return tuple(item for result in check_tree([root]).results for item in result.findings)


def in_tree(file: Path, depth: int) -> tuple[Finding, ...]:
    """Returns the findings in one file of a repository; its root is ``depth`` folders above the file's folder."""
    root = file.parents[depth]
    name = file.relative_to(root).as_posix()
    return tuple(item for item in tree(root) if item.primary.span.source.name == name)


def end_of_block(file: Path, number: int) -> int:
    """Returns the last line of the preset that a line names; 0 if the line names no preset."""
    lines = file.read_text(encoding="utf-8").split("\n")
    named = [index for index, line in enumerate(lines, 1) if line[:1].strip() and line.rstrip().endswith(":")]
    later = [index for index in named if index > number]
    return min(later, default=len(lines) + 1) - 1 if number in named else 0


def files(corpus: Path, kind: str | None) -> Iterator[tuple[str, Counter[str], list[str]]]:
    """Yields every file of presets with its findings by severity and its findings at warning or above."""
    for path in sorted((corpus / "configs").rglob("*.yaml")):
        if kind not in (None, path.relative_to(corpus / "configs").parts[0]):
            continue
        try:
            result = check_presets(path, name=path.name)
        except Exception:
            yield str(path.relative_to(corpus)), Counter(crash=1), [traceback.format_exc()[-400:]]
            continue
        if result is not None:
            loud = [
                f"{item.primary.span} {item.severity.value} {item.name}: {item.message}"
                f"{' [upstream]' if item.upstream else ''}"
                for item in result.findings
                if item.severity is not Severity.INFO
            ]
            counts = Counter(item.severity.value for item in result.findings)
            yield str(path.relative_to(corpus)), counts, loud


def report_commands(table: list[Row], verbose: bool) -> None:
    """Prints the agreement by kind, then every disagreement."""
    for kind in sorted({row.kind for row in table}):
        own = [row for row in table if row.kind == kind]
        right = sum(row.found == row.expected for row in own)
        fine = [row for row in own if row.expected == "ok"]
        loud = sum(row.found != "ok" for row in fine)
        crashes = sum(row.found == "crash" for row in own)
        print(f"{kind}: {right}/{len(own)} verdicts agree; {loud}/{len(fine)} ok commands flagged; {crashes} crashes")
    for row in table:
        if row.found != row.expected or verbose:
            print(f"\n{row.kind} {row.source}\n  {row.command[:300]}\n  expected {row.verdict}\n  found {row.found}:"
                  f" {', '.join(row.rules)}\n  ({row.reason})")  # fmt: skip


def main() -> None:
    """Prints the agreement."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--kind")
    parser.add_argument("--files", action="store_true", help="also check every file of presets")
    parser.add_argument("--verbose", action="store_true")
    options = parser.parse_args()
    report_commands(commands(options.corpus, options.kind), options.verbose)
    known = list(mistakes(options.corpus, options.kind))
    print(f"\nknown mistakes in files: {sum(bool(rules) for *_, rules in known)}/{len(known)}")
    for kind, place, text, rules in known:
        if not rules or options.verbose:
            print(f"  {'found ' + ', '.join(rules) if rules else 'missed'} {kind} {place}: {text}")
    if options.files:
        for name, counts, loud in files(options.corpus, options.kind):
            print(f"\n{name}: {dict(counts)}", *(f"\n  {line}" for line in loud))
    sys.exit(0)


if __name__ == "__main__":
    main()
