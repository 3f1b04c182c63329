"""Renders JUnit XML: a suite for each file, a case for each finding. Errors and severe cost fail, others are output."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from pathlib import PurePath
from xml.etree import ElementTree

from dreamerguard.core.finding import Finding, Severity
from dreamerguard.core.judged import Judged
from dreamerguard.core.result import Result
from dreamerguard.util.text import plain

from .places import all_findings, path_of, sentence


def render_junit(results: Sequence[Result]) -> str:
    """Returns the whole document. Characters that XML forbids are written as escapes."""
    suites: dict[str, list[Finding]] = defaultdict(list)
    runs: dict[str, list[Judged]] = defaultdict(list)
    for result in results:
        for name in _files(result):
            suites[name] = []
            runs[name].append(result.judged)
    for finding in all_findings(results):
        suites[path_of(finding.primary.span.source)].append(finding)
    root = ElementTree.Element("testsuites", name="dreamerguard")
    for name, findings in sorted(suites.items()):
        _suite(root, plain(name), findings, runs[name])
    ElementTree.indent(root)
    return ElementTree.tostring(root, encoding="unicode", xml_declaration=False) + "\n"


def _files(result: Result) -> dict[str, None]:
    """Returns the files of a run, each once: those that it reads, and the one that holds the command."""
    anchor = result.run.anchor.source
    own = [path_of(anchor)] if anchor.kind == "file" or not result.run.files else []
    return dict.fromkeys([*(PurePath(name).as_posix() for name in result.run.files), *own])


def _suite(root: ElementTree.Element, name: str, findings: Sequence[Finding], runs: Sequence[Judged]) -> None:
    unjudged = list(dict.fromkeys(judged.text for judged in runs if not judged.everything))
    failed = sum(_fails(item) for item in findings)
    skipped = sum(item.allowed is not None for item in findings) + bool(unjudged)
    suite = ElementTree.SubElement(
        root,
        "testsuite",
        name=name,
        tests=str(max(len(findings) + bool(unjudged), 1)),
        failures=str(failed),
        errors="0",
        skipped=str(skipped),
    )
    if unjudged:
        title = f"{sum(judged.everything for judged in runs)} of {len(runs)} run{'s' if len(runs) != 1 else ''} judged"
        case = ElementTree.SubElement(suite, "testcase", name=title, classname=name)
        ElementTree.SubElement(case, "skipped", message=plain("; ".join(unjudged)))
    elif not findings:
        ElementTree.SubElement(suite, "testcase", name="no problems found", classname=name)
    for finding in findings:
        _case(suite, name, finding)


def _case(suite: ElementTree.Element, name: str, finding: Finding) -> None:
    place = finding.primary.span
    title = f"{finding.name} ({finding.code}) at {place.line}:{place.column}"
    case = ElementTree.SubElement(suite, "testcase", name=title, classname=name)
    text = plain(sentence(finding))
    if finding.allowed is not None:
        ElementTree.SubElement(case, "skipped", message=plain(finding.allowed))
    elif _fails(finding):
        ElementTree.SubElement(case, "failure", message=text, type=str(finding.severity)).text = plain(finding.help)
    else:
        ElementTree.SubElement(case, "system-out").text = f"{finding.severity}: {text}"


def _fails(finding: Finding) -> bool:
    return finding.allowed is None and (finding.severity is Severity.ERROR or finding.severe)
