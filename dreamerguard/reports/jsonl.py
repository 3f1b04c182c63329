"""Renders one JSON object on each line: findings, then a summary. The fields are those of the JSON report."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from dreamerguard.core.result import Result, counted

from .json import VERSION, finding_object
from .places import all_findings


def render_jsonl(results: Sequence[Result]) -> str:
    """Returns lines of type ``finding``, and a last line of type ``summary``."""
    findings = all_findings(results)
    rows: list[dict[str, Any]] = [
        {"type": "finding", "version": VERSION, **finding_object(finding)} for finding in findings
    ]
    summary = {
        "type": "summary",
        "version": VERSION,
        "runs": len(results),
        "findings": len([item for item in findings if item.allowed is None]),
        "suppressed": dict(sorted(counted(results).items())),
        "files": sorted({name for result in results for name in result.run.files}),
    }
    return "".join(f"{json.dumps(row, ensure_ascii=True, allow_nan=False)}\n" for row in [*rows, summary])
