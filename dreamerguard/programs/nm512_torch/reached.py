"""Recognises NM512/dreamerv3-torch in the code that a script runs, however the script is called."""

from __future__ import annotations

import re

from dreamerguard.programs.shared.reached_code import ReachedCode

#: Both learners of the agent are made; a program that only trains a world model makes no behavior.
_BEHAVIOR = re.compile(rb"(?<!class )\bImagBehavior\(")
_MODEL = re.compile(rb"(?<!class )\bWorldModel\(")
#: DreamerV2 has the same classes without these.
_THIRD = re.compile(rb"\b(?:symlog|RewardEMA|unimix_ratio)\b")
_CLASS = re.compile(rb"^class ImagBehavior\b", re.MULTILINE)


def runs_torch(code: ReachedCode) -> str | None:
    """Returns why a script runs this program: it makes the world model and the behavior of DreamerV3; else None.

    With two agents of such parts, one is another algorithm, and which of them trains is not known.
    """
    makers = set(code.holding(_BEHAVIOR)) & set(code.holding(_MODEL))
    defined = next(code.holding(_CLASS), None)
    if len(makers) != 1 or defined is None or next(code.holding(_THIRD), None) is None:
        return None
    return f"{min(makers)} makes the world model and the behavior of {defined}"
