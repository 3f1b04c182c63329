"""Renders SARIF 2.1.0, for code scanning: https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html

Suppressed findings are included, with their reason. Lines and columns count from 1, columns in code points. A finding
on a command line has no file: it gets a logical location, and the command is in ``invocations``.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from dreamerguard import __version__
from dreamerguard.core.finding import Finding, Fix, Severity
from dreamerguard.core.result import Result
from dreamerguard.core.setting import Layer, Setting
from dreamerguard.core.source import Label, Span
from dreamerguard.core.values import spell_scalar
from dreamerguard.rules import Rule, all_rules
from dreamerguard.util.text import plain

from .places import all_findings, fingerprints, sentence, uri_of
from .rule_page import help_uri, rule_page

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "note"}


def render_sarif(results: Sequence[Result], rules: Sequence[Rule] | None = None) -> str:
    """Returns one SARIF log with one SARIF run.

    Args:
      results: results of the checked runs.
      rules: all rules that ran, by default the built-in ones.
    """
    known = tuple(rules) if rules is not None else all_rules()
    index = {rule.name: number for number, rule in enumerate(known)}
    settings = _histories(results)
    run = {
        "tool": {
            "driver": {
                "name": "dreamerguard",
                "version": __version__,
                "semanticVersion": f"{__version__}.0" if __version__.count(".") == 1 else __version__,
                "rules": [_rule(rule) for rule in known],
            }
        },
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": {"%SRCROOT%": {"description": {"text": "The folder in which the linter was started."}}},
        "invocations": [_invocation(results)],
        "results": [_result(finding, print, index, settings) for finding, print in fingerprints(all_findings(results))],
    }
    return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2, ensure_ascii=True) + "\n"


def _rule(rule: Rule) -> dict[str, Any]:
    uri = help_uri(rule)
    return {
        "id": rule.code,
        "name": rule.name,
        "shortDescription": {"text": rule.title},
        "fullDescription": {"text": rule.documentation},
        "help": {"text": rule.documentation, "markdown": rule_page(rule)},
        **({"helpUri": uri} if uri else {}),
        "defaultConfiguration": {"level": _LEVELS[rule.severity]},
        "properties": {"category": rule.category, "precision": _precision(rule), "tags": [rule.category]},
    }


def _precision(rule: Rule) -> str:
    return rule.confidence.value


def _invocation(results: Sequence[Result]) -> dict[str, Any]:
    commands = [item.run.anchor.source.text for item in results if item.run.anchor.source.kind == "command line"]
    spans = [label.span for item in all_findings(results) for label in (item.primary, *item.secondary)]
    commands += [span.source.text for span in spans if span.source.kind == "command line"]
    unjudged = dict.fromkeys(item.judged.text for item in results if item.judged.text)
    notes = [{"level": "note", "message": {"text": plain(text)}} for text in unjudged]
    return {
        "executionSuccessful": True,
        **({"commandLine": commands[0]} if commands else {}),
        **({"toolExecutionNotifications": notes} if notes else {}),
    }


def _histories(results: Sequence[Result]) -> dict[tuple[str, int, str], Setting]:
    """Returns place and key of a finding -> the setting that it reports, with its layers."""
    return {
        (item.primary.span.source.name, item.primary.span.start, item.key): result.run.settings[item.key]
        for result in results
        for item in result.findings
        if item.key in result.run.settings
    }


def _result(
    finding: Finding, fingerprint: str, index: dict[str, int], settings: dict[tuple[str, int, str], Setting]
) -> dict[str, Any]:
    span = finding.primary.span
    setting = settings.get((span.source.name, span.start, finding.key))
    related = [_location(label, number) for number, label in enumerate(finding.secondary, 1)]
    flow = _flow(setting)
    fixes = [_fix(finding.fix)] if finding.fix is not None and _in_files(finding.fix) else []
    return {
        "ruleId": finding.code,
        **({"ruleIndex": index[finding.name]} if finding.name in index else {}),
        "level": _LEVELS[finding.severity],
        "message": {"text": sentence(finding)},
        "locations": [_location(finding.primary)],
        **({"relatedLocations": related} if related else {}),
        **({"codeFlows": flow} if flow else {}),
        **({"fixes": fixes} if fixes else {}),
        "partialFingerprints": {"dreamerguardFinding/v1": fingerprint},
        "suppressions": [_suppression(finding)] if finding.allowed is not None else [],
        "properties": {"name": finding.name, "key": finding.key, "confidence": finding.confidence.value},
    }


def _suppression(finding: Finding) -> dict[str, Any]:
    kind = "inSource" if finding.allowed_by == "comment" else "external"
    return {"kind": kind, "status": "accepted", "justification": finding.allowed or finding.allowed_by}


def _location(label: Label, number: int | None = None) -> dict[str, Any]:
    span = label.span
    place: dict[str, Any] = (
        {"physicalLocation": _physical(span)}
        if span.source.kind == "file"
        else {
            "logicalLocations": [
                {"name": span.text or span.source.name, "kind": "parameter", "fullyQualifiedName": str(span)}
            ]
        }
    )
    message = {"message": {"text": label.message}} if label.message else {}
    return {**({"id": number} if number is not None else {}), **place, **message}


def _physical(span: Span) -> dict[str, Any]:
    return {"artifactLocation": _artifact(span), "region": {**_region(span), "snippet": {"text": span.text}}}


def _artifact(span: Span) -> dict[str, Any]:
    uri = uri_of(span.source)
    return {"uri": uri} if uri.startswith("file:") else {"uri": uri, "uriBaseId": "%SRCROOT%"}


def _region(span: Span) -> dict[str, int]:
    return {
        "startLine": span.line,
        "startColumn": span.column,
        "endLine": span.end_line,
        "endColumn": span.end_column,
    }


def _in_files(fix: Fix) -> bool:
    return all(edit.span.source.kind == "file" for edit in fix.edits)


def _fix(fix: Fix) -> dict[str, Any]:
    changes = [
        {
            "artifactLocation": _artifact(edit.span),
            "replacements": [{"deletedRegion": _region(edit.span), "insertedContent": {"text": edit.text}}],
        }
        for edit in fix.edits
    ]
    return {"description": {"text": fix.message}, "artifactChanges": changes}


def _flow(setting: Setting | None) -> list[dict[str, Any]]:
    """Returns the layers of a setting as a code flow; an empty list if only one layer sets the value."""
    if setting is None or len(setting.chain) < 2:
        return []
    steps = [{"location": location} for layer in setting.chain for location in _steps(setting.key, layer)]
    return [{"message": {"text": f"layers that set {setting.key}"}, "threadFlows": [{"locations": steps}]}]


def _steps(key: str, layer: Layer) -> Iterator[dict[str, Any]]:
    text = f"{key} is {spell_scalar(layer.value)} ({layer.name})"
    if layer.via is not None:
        yield _location(Label(layer.via, "merged here"))
    if layer.span is not None:
        yield _location(Label(layer.span, text))
    else:
        yield {"logicalLocations": [{"name": layer.name, "kind": "resource"}], "message": {"text": text}}
