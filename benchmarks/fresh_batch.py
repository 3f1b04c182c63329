"""Measures the linter on a batch of repositories that people judged by reading, before the linter saw them.

    python -m benchmarks.fresh_batch path/to/batch [--findings OUT.json] [--result OUT.json]

The batch is not part of this project. It has ``repos.tsv`` (repo, commit, program, note), ``commands.tsv`` (id, repo,
place, command, cwd, verdict, reason), ``mistakes.tsv`` (id, repo, place, origin, severity, mistake, effect, evidence)
and the checkouts ``trees/<owner>+<repo>/``. A verdict is ``ok``, ``warns: WHY``, ``error: WHY``, ``not-dreamer`` or
``unknowable`` (code computes the settings).
Precision needs a person's judgement: ``--findings`` writes what has to be judged. With ``--judged FILE`` (the same
list, each finding with ``right``: true or false) precision is printed too.
"""

from __future__ import annotations

import argparse
import json
import re
import time
import traceback
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.corpus import end_of_block, rows, verdict
from dreamerguard.core.finding import Finding, Severity
from dreamerguard.core.result import Result
from dreamerguard.core.source import Source, SourceError
from dreamerguard.lint.engine import check_command
from dreamerguard.lint.repository import check_tree
from dreamerguard.programs.registry import UnknownProgram
from dreamerguard.sources.argv import Command
from dreamerguard.sources.commands.launch import read_launch
from dreamerguard.sources.commands.markdown_blocks import read_block
from dreamerguard.sources.commands.nearby_files import reading_in
from dreamerguard.sources.commands.placeholders import DOCUMENTS
from dreamerguard.sources.commands.shell import read_shell
from dreamerguard.sources.commands.shell_launch import read_shell_launch

RESULTS = Path(__file__).parent / "results" / "fresh_batches.json"
#: Largest distance in lines between a finding and the line that a person noted.
_NEAR = 4
_LOUD = {Severity.ERROR, Severity.WARNING}


@dataclass
class Judgement:
    """One command: what a person says, and what the linter says."""

    id: str
    repo: str
    place: str
    expected: str
    found: str
    rules: list[str] = field(default_factory=list)
    judged: str = ""
    seconds: float = 0.0

    @property
    def agrees(self) -> bool:
        """Whether the classes are the same; what nobody can know must not be called sound."""
        if self.expected == "unknowable":
            return self.found == "not-dreamer" or (self.found == "ok" and bool(self.judged))
        return self.expected == self.found


def tree_of(batch: Path, repo: str) -> Path:
    """Returns the checkout of a repository, which begins where its ``.git`` is, as in a clone."""
    tree = batch / "trees" / repo.replace("/", "+")
    (tree / ".git").mkdir(exist_ok=True)
    return tree


def classify(command: str, folder: Path, *, document: bool = False) -> tuple[str, list[Result], str]:
    """Returns ``ok``, ``warns``, ``error``, ``not-dreamer`` or ``crash``, the results, and what was not judged.

    In the text of a document, words such as ``SEED`` and ``<task>`` are placeholders.
    """
    results, why = [], "unknown program"
    source = Source("command", command)
    with reading_in(folder, folder):
        items = read_block(source, 0, len(command)) if document else read_shell(source)
    for item in items:
        if read_launch(item) is None and not _is_missing_script(item, folder):
            continue
        try:
            results.append(check_command(item, folder=folder))
        except (UnknownProgram, SourceError) as error:
            why = str(error)
        except Exception:
            return "crash", [], traceback.format_exc().strip().split("\n")[-1]
    own = [result for result in results if not (result.judged.nothing and result.run.other)]
    if not own:
        return "not-dreamer", results, why
    worst = min((verdict(result) for result in own), key=("error", "warns", "ok").index)
    return worst, own, "; ".join(filter(None, (result.judged.text for result in own)))


def _is_missing_script(command: Command, folder: Path) -> bool:
    """Returns whether a command starts a shell script that is not there; one that is there is read instead."""
    launch = read_shell_launch(command)
    return launch is not None and not (folder / launch.program).exists()


def judge_commands(batch: Path) -> tuple[list[Judgement], list[dict[str, Any]]]:
    """Returns all commands with both verdicts, and the findings at warning or above."""
    table, loud = [], []
    for row in rows(batch / "commands.tsv"):
        tree = tree_of(batch, row["repo"])
        start = time.process_time()
        document = row["place"].partition(":")[0].lower().endswith(DOCUMENTS)
        found, results, why = classify(row["command"], tree / (row["cwd"] or "."), document=document)
        item = Judgement(row["id"], row["repo"], row["place"], row["verdict"].split()[0].rstrip(":"), found)
        item.judged, item.seconds = why, round(time.process_time() - start, 2)
        active = [finding for result in results for finding in result.active]
        item.rules = [f"{finding.name}:{finding.severity.value}" for finding in active]
        loud += [
            {"command": item.id, "repo": item.repo, **described(finding, tree)}
            for finding in active
            if finding.severity in _LOUD
        ]
        table.append(item)
    return table, loud


def described(finding: Finding, tree: Path) -> dict[str, Any]:
    """Returns a finding as a row of the list that a person judges."""
    place = finding.primary.span
    return {
        "rule": finding.name,
        "severity": finding.severity.value,
        "file": place.source.name.removeprefix(f"{tree}/"),
        "line": place.line,
        "message": finding.message,
        "upstream": bool(finding.upstream),
    }


def check_repositories(batch: Path) -> tuple[list[dict[str, Any]], dict[str, float]]:
    """Returns the findings at warning or above of a check of each repository, and its CPU seconds."""
    found, seconds = [], {}
    for row in rows(batch / "repos.tsv"):
        tree, start = tree_of(batch, row["repo"]), time.process_time()
        results = check_tree([tree]).results
        seconds[row["repo"]] = round(time.process_time() - start, 2)
        seen: set[tuple[str, str, int]] = set()
        for finding in (item for result in results for item in result.active):
            item = {"repo": row["repo"], **described(finding, tree)}
            mark = (item["rule"], item["file"], item["line"])
            if mark not in seen:
                seen.add(mark)
                found.append(item)
    return found, seconds


def recall(batch: Path, findings: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Returns every known mistake with the rules that are near its place."""
    findings, table = list(findings), []
    for row in rows(batch / "mistakes.tsv"):
        path, _, number = row["place"].partition(":")
        first, _, end = number.partition("-")
        line = int(digits[0]) if (digits := re.findall(r"\d+", first)) else 0
        file = tree_of(batch, row["repo"]) / path
        last = max(int(end) if end.isdigit() else line, end_of_block(file, line) if file.is_file() and line else 0)
        near = sorted({
            item["rule"]
            for item in findings
            if item["repo"] == row["repo"] and Path(item["file"]).name == Path(path).name
            and line - _NEAR <= item["line"] <= last + _NEAR
        })  # fmt: skip
        kept = {name: row[name] for name in ("id", "repo", "place", "origin", "severity")}
        table.append({**kept, "rules": near, "mistake": row["mistake"]})
    return table


def ratio(part: int, whole: int) -> str:
    """Returns ``3/4 (75 %)``."""
    return f"{part}/{whole} ({100 * part / whole:.0f} %)" if whole else "0/0"


def report(table: list[Judgement], known: list[dict[str, Any]], judged: list[dict[str, Any]]) -> dict[str, str]:
    """Prints every disagreement and the figures, and returns the figures."""
    for item in table:
        if not item.agrees:
            print(f"{item.id} {item.repo} {item.place}: expected {item.expected}, found {item.found} {item.rules}"
                  f" {item.judged}")  # fmt: skip
    for row in known:
        if not row["rules"] and row["origin"] == "own" and row["severity"] != "info":
            print(f"missed {row['id']} {row['repo']} {row['place']}: {row['mistake']}")
    sound = [item for item in table if item.expected == "ok"]
    flagged = [item for item in sound if item.found in ("warns", "error")]
    loud = {"warns": "flagged", "error": "flagged"}
    same = [item for item in table if item.agrees or loud.get(item.expected) == loud.get(item.found, "")]
    own = [row for row in known if row["origin"] == "own"]
    severe = [row for row in own if row["severity"] != "info"]
    near = [row for row in severe if row["rules"]]
    figures = {
        "agreement on commands": ratio(sum(item.agrees for item in table), len(table)),
        "agreement without severity": ratio(len(same), len(table)),
        "alarms on sound commands": ratio(len(flagged), len(sound)),
        "known mistakes with a finding near (error, warning)": ratio(len(near), len(severe)),
        "known mistakes with a finding near (all own)": ratio(sum(bool(row["rules"]) for row in own), len(own)),
        "crashes": str(sum(item.found == "crash" for item in table)),
        "slowest command, CPU s": str(max((item.seconds for item in table), default=0)),
    }
    if judged:
        figures["precision at warning or above, own text"] = ratio(sum(item["right"] for item in judged), len(judged))
    for name, figure in figures.items():
        print(f"{name}: {figure}")
    print("classes (expected, found):", dict(Counter((item.expected, item.found) for item in table)))
    return figures


def print_stored() -> None:
    """Prints the figures of every batch's first run: a batch that led to a change never counts again."""
    for batch in json.loads(RESULTS.read_text(encoding="utf-8")):
        print(f"batch {batch['batch']} ({batch['date']}, at {batch['commit']}, judged: {batch['judged']})")
        for name, figure in batch["figures"].items():
            print(f"  {name}: {figure}")


def main() -> None:
    """Prints the figures of a batch and writes the requested files."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("batch", type=Path, nargs="?", help="without it, the stored figures of earlier first runs")
    parser.add_argument("--findings", type=Path, help="write the findings that a person has to judge")
    parser.add_argument("--judged", type=Path, help="the same list, judged")
    parser.add_argument("--result", type=Path, help="write facts and figures, without any text of the repositories")
    options = parser.parse_args()
    if options.batch is None:
        print_stored()
        return
    table, from_commands = judge_commands(options.batch)
    from_files, seconds = check_repositories(options.batch)
    loud = [item for item in from_files if item["severity"] != "info"]
    known = recall(options.batch, [*from_files, *from_commands])
    judged = json.loads(options.judged.read_text()) if options.judged else []
    figures = {**report(table, known, judged), "slowest repository, CPU s": str(max(seconds.values(), default=0))}
    if options.findings:
        options.findings.write_text(json.dumps([*loud, *from_commands], indent=1, ensure_ascii=False))
    if options.result:
        facts = {
            "figures": figures,
            "repositories": [{"repo": row["repo"], "commit": row["commit"], "program": row["program"]}
                             for row in rows(options.batch / "repos.tsv")],
            "commands": [{name: value for name, value in asdict(item).items() if name not in ("judged", "seconds")}
                         for item in table],
            "mistakes": [{name: value for name, value in row.items() if name != "mistake"} for row in known],
        }  # fmt: skip
        options.result.write_text(json.dumps(facts, indent=1) + "\n")


if __name__ == "__main__":
    main()
