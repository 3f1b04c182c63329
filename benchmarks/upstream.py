"""The four upstream repositories, checked as any other: their known defects are found, and nothing else is loud.

    python -m benchmarks.upstream CHECKOUTS [--documents]

``CHECKOUTS`` has a work tree for each folder that ``upstream.json`` names, at its commit:
``git archive COMMIT | tar x -C CHECKOUTS/NAME``. With ``--documents`` it writes which commands of their documents hold
a mistake, so that forks that keep the document are not blamed for it.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from dreamerguard.core.model import Finding, Severity, Source
from dreamerguard.lint.engine import check_command
from dreamerguard.lint.repository import check_tree
from dreamerguard.lint.upstream_documents import TABLE, spelling
from dreamerguard.programs.registry import UnknownProgram
from dreamerguard.sources.commands.markdown import read_markdown

KNOWN = Path(__file__).with_name("upstream.json")


@dataclass(frozen=True)
class Defect:
    """What is known to be wrong upstream.

    Attributes:
      rule: name of the rule that finds it.
      file: where it stands.
      line: on which line.
      what: what it does, and who says so.
    """

    rule: str
    file: str
    line: int
    what: str

    def is_it(self, finding: Finding) -> bool:
        """Whether a finding is about this defect."""
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
        """As findings name it."""
        return f"{self.repository} at {self.commit}"


def load() -> list[Upstream]:
    """Repositories and what is known to be wrong in them."""
    rows = json.loads(KNOWN.read_text(encoding="utf-8"))
    return [
        Upstream(row["name"], row["repository"], row["commit"], tuple(Defect(*item) for item in row["defects"]))
        for row in rows
    ]


def report(upstream: Upstream, folder: Path) -> bool:
    """Prints what was found in one repository; whether that is what is known."""
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
        print(f"  BESIDES       {item.name} {item.primary.span}: {item.message}")
    print(f"  besides at warning or above: {len(rest)}")
    return right and not rest


def documents(upstream: Upstream, folder: Path) -> Iterator[str]:
    """Commands of its documents that hold a mistake."""
    for path in sorted(folder.rglob("*.md")):
        for command in read_markdown(Source(path.name, path.read_text(encoding="utf-8"))):
            try:
                result = check_command(command, folder=folder)
            except UnknownProgram:
                continue
            if any(item.severity is not Severity.INFO for item in result.findings):
                yield spelling(command)


def main() -> None:
    """Prints every repository; the exit code says whether all agree."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkouts", type=Path)
    parser.add_argument("--documents", action="store_true", help=f"write {TABLE.name} instead")
    words = parser.parse_args()
    known = load()
    if words.documents:
        table = {item.title: sorted(set(documents(item, words.checkouts / item.name))) for item in known}
        text = json.dumps({name: rows for name, rows in table.items() if rows}, indent=1)
        TABLE.write_text(f"{text}\n", encoding="utf-8")
        return
    wrong = [item.name for item in known if not report(item, words.checkouts / item.name)]
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
