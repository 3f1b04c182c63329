"""Renders the GitLab report: https://docs.gitlab.com/ci/testing/code_quality/#code-quality-report-format"""

from __future__ import annotations

import json
from collections.abc import Sequence

from dreamerguard.core.finding import Finding, Severity
from dreamerguard.core.result import Result

from .places import all_findings, fingerprints, path_of, sentence


def render_gitlab(results: Sequence[Result]) -> str:
    """Returns a JSON array of the findings that count. Fingerprints have no line numbers: GitLab compares branches."""
    rows = [
        {
            "type": "issue",
            "check_name": finding.name,
            "description": f"{finding.code}: {sentence(finding)}",
            "severity": _severity(finding),
            "fingerprint": fingerprint,
            "location": {
                "path": path_of(finding.primary.span.source),
                "lines": {"begin": finding.primary.span.line, "end": finding.primary.span.end_line},
            },
        }
        for finding, fingerprint in fingerprints(all_findings(results))
        if finding.allowed is None
    ]
    return json.dumps(rows, indent=2, ensure_ascii=True) + "\n"


def _severity(finding: Finding) -> str:
    if finding.severe:
        return "blocker"
    return {Severity.ERROR: "critical", Severity.WARNING: "major", Severity.INFO: "info"}[finding.severity]
