"""Recognises NM512/r2dreamer in the code that a script runs, however the script is called."""

from __future__ import annotations

import re

from dreamerguard.programs.shared.reached_code import ReachedCode

_MAKES = re.compile(rb"(?<!class )\bDreamer\(")
_CLASS = re.compile(rb"^class Dreamer\b", re.MULTILINE)
_SIGN = re.compile(rb"\brep_loss\b")


def runs_r2dreamer(code: ReachedCode) -> str | None:
    """Returns why a script runs this program: it makes an agent that reads ``rep_loss``; else None."""
    maker = next(code.holding(_MAKES), None)
    agent = next((name for name in code.holding(_CLASS) if _SIGN.search(code.text(name))), None)
    return f"{maker} makes the agent of {agent}" if maker is not None and agent is not None else None
