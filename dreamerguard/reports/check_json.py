"""Renders the JSON report on a whole check: one object, with its fields described in docs/integrations.md.

``version`` rises if a field changes its meaning or is removed; fields may be added.
"""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

from dreamerguard.core.result import RepositoryResult, Result, counted
from dreamerguard.util.text import plain

from .json import VERSION, finding_object, report_object
from .places import all_findings


def render_check_json(outcome: RepositoryResult) -> str:
    """Returns one JSON object, ending with a line break. Lines and columns count from 1, columns in code points."""
    return json.dumps(check_object(outcome), indent=2, ensure_ascii=True, allow_nan=False) + "\n"


def check_object(outcome: RepositoryResult) -> dict[str, Any]:
    """Returns the report on a check as an object of JSON types."""
    findings = all_findings(outcome.results)
    severities = Counter(item.severity.value for item in findings if item.allowed is None)
    return {
        "version": VERSION,
        "type": "check",
        "summary": {
            "error": severities["error"],
            "warning": severities["warning"],
            "info": severities["info"],
            "suppressed": dict(sorted(counted(outcome.results).items())),
            "runs": len(outcome.results),
            "judged": len(outcome.results) - len(outcome.unjudged),
            "commands": outcome.commands,
            "configuration_files": outcome.presets,
            "files_read": outcome.files,
            "files_seen": outcome.seen,
        },
        "change": [plain(text) for text in outcome.change],
        "findings": [finding_object(finding) for finding in findings],
        "runs": [_run(result) for result in outcome.results],
        "unreadable": [plain(text) for text in outcome.unreadable],
        "unread": [plain(text) for text in outcome.unread],
    }


def _run(result: Result) -> dict[str, Any]:
    anchor = result.run.anchor
    report = report_object(result)
    fields = ("dialect", "detected", "checked", "judged", "budget")
    return {"source": anchor.source.name, "line": anchor.line, **{name: report[name] for name in fields}}
