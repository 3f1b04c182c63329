"""Checks the four upstream repositories: known defects must be found, and no other finding at warning or above.

    python -m benchmarks.upstream CHECKOUTS [--documents]

``CHECKOUTS`` has a work tree for each folder that ``upstream.json`` names, at its commit:
``git archive COMMIT | tar x -C CHECKOUTS/NAME``. With ``--documents`` it writes the list of commands with a mistake in
their documents, so that findings in forks that keep the document are labelled as upstream's.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from dreamerguard.core.finding import Finding, Severity
from dreamerguard.core.source import Source
from dreamerguard.lint.engine import check_command
from dreamerguard.lint.repository import check_tree
from dreamerguard.lint.upstream_documents import TABLE, spelling
from dreamerguard.programs.registry import UnknownProgram
from dreamerguard.sources.commands.markdown_blocks import read_markdown

KNOWN = Path(__file__).with_name("upstream.json")


@dataclass(frozen=True)
class Defect:
    """A known defect of an upstream repository.

    Attributes:
      rule: name of the rule that finds it.
      file: file with the defect.
      line: line of the defect.
      what: effect of the defect, and the source that states it.
    """

    rule: str
    file: str
    line: int
    what: str

    def is_it(self, finding: Finding) -> bool:
        """Returns whether a finding is about this defect."""
        span = finding.primary.span
        return finding.name == self.rule and span.source.name == self.file and span.line == self.line


@dataclass(frozen=True)
class Upstream:
    """One repository at one commit."""

    name: str
    repository: str
    commit: str
    defects: tuple[Defect, ...]

    @property
    def title(self) -> str:
        """The name of the repository in findings."""
        return f"{self.repository} at {self.commit}"


def load() -> list[Upstream]:
    """Returns the repositories with their known defects."""
    rows = json.loads(KNOWN.read_text(encoding="utf-8"))
    return [
        Upstream(row["name"], row["repository"], row["commit"], tuple(Defect(*item) for item in row["defects"]))
        for row in rows
    ]


def report(upstream: Upstream, folder: Path) -> bool:
    """Prints the findings in one repository; returns whether they are exactly the known defects."""
    findings = [item for result in check_tree([folder]).results for item in result.findings]
    print(f"\n{upstream.title}: {len(upstream.defects)} known defects")
    right = True
    for defect in upstream.defects:
        found = next((item for item in findings if defect.is_it(item)), None)
        state = "MISSED" if found is None else f"found {found.severity.value}" if found.upstream else "UNLABELLED"
        right = right and found is not None and bool(found.upstream)
        print(f"  {state:13} {defect.rule} {defect.file}:{defect.line}  {defect.what}")
    known = {id(item) for item in findings if any(defect.is_it(item) for defect in upstream.defects)}
    rest = [item for item in findings if item.severity is not Severity.INFO and id(item) not in known]
    for item in rest:
        print(f"  UNKNOWN       {item.name} {item.primary.span}: {item.message}")
    print(f"  other findings at warning or above: {len(rest)}")
    return right and not rest


def documents(upstream: Upstream, folder: Path) -> Iterator[str]:
    """Yields the commands with a mistake in the repository's documents."""
    for path in sorted(folder.rglob("*.md")):
        for command in read_markdown(Source(path.name, path.read_text(encoding="utf-8"))):
            try:
                result = check_command(command, folder=folder)
            except UnknownProgram:
                continue
            if any(item.severity is not Severity.INFO for item in result.findings):
                yield spelling(command)


def main() -> None:
    """Prints every repository; exits with 1 if the findings of one differ from its known defects."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkouts", type=Path)
    parser.add_argument("--documents", action="store_true", help=f"write {TABLE.name} instead")
    options = parser.parse_args()
    known = load()
    if options.documents:
        table = {item.title: sorted(set(documents(item, options.checkouts / item.name))) for item in known}
        text = json.dumps({name: rows for name, rows in table.items() if rows}, indent=1)
        TABLE.write_text(f"{text}\n", encoding="utf-8")
        return
    wrong = [item.name for item in known if not report(item, options.checkouts / item.name)]
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
