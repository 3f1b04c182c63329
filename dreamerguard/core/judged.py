"""The parts of a run that were judged, so that a clean report never stands for an unknown run.

Three things decide whether a run may reach the published score: its task, its train ratio, and the budget of gradient
updates. Reports say "no problems found" only if all three were judged.
"""

from __future__ import annotations

import math
import re

from dreamerguard.util.fast_dataclass import dataclass

from .run import ResolvedRun
from .setting import Role, Setting
from .source import Value
from .values import spell_scalar

#: Marks a part of a value that only the shell knows; `dreamerguard.sources.argv` writes it.
_OPEN = "\ufffc"
#: Settings that the budget is computed from.
_OF_BUDGET: tuple[Role, ...] = ("train_ratio", "frames", "envs", "action_repeat", "batch_size", "batch_length")
#: The name before a value: ``--task``, ``task:``, ``env.task=``.
_KEY = re.compile(r"\A[+~-]{0,3}[\w.@/-]+[=:\s]\s*")
#: Products of a few numbers up to this one are finite.
_LARGEST = 1e75


@dataclass(frozen=True, slots=True)
class Judged:
    """The parts of a run that were judged.

    Attributes:
      task: whether it is known.
      ratio: whether the train ratio is known and was compared with a published one.
      budget: whether the number of gradient updates is known and was compared with a published one.
      reason: why a part was not judged; empty if everything was.
    """

    task: bool
    ratio: bool
    budget: bool
    reason: str = ""

    @property
    def everything(self) -> bool:
        """Whether all parts were."""
        return self.task and self.ratio and self.budget

    @property
    def nothing(self) -> bool:
        """Whether no part was."""
        return not (self.task or self.ratio or self.budget)

    @property
    def text(self) -> str:
        """Why, and what was not judged: ``the task is `$1`, which is only known to the shell: updates not judged``."""
        if self.everything:
            return ""
        parts = {"task": self.task, "train ratio": self.ratio, "updates": self.budget}
        missing = [name for name, done in parts.items() if not done]
        names = " and ".join([*([", ".join(missing[:-1])] if missing[1:] else []), missing[-1]])
        return f"{self.reason}: {names} not judged"


def judge_parts(run: ResolvedRun) -> Judged:
    """Returns which parts of a run were judged. A preset file is no run, and its values were all judged."""
    if run.other:
        return Judged(False, False, False, f"{run.dialect} trains {run.other} here, which is not DreamerV3")
    if run.whole or not run.trains:
        return Judged(True, True, True)
    task, compared = _task(run), run.reference is not None
    ratio = compared and run.budget is not None and not _from_shell(run.setting("train_ratio"))
    budget = compared and run.budget is not None and not _endless(run)
    if run.open:  # an unread argument may set anything, so only what the command sets was judged
        given = run.setting("train_ratio")
        ratio, budget = ratio and given is not None and given.chosen, False
    return Judged(task, ratio, budget, "" if task and ratio and budget else _reason(run, task))


def _task(run: ResolvedRun) -> bool:
    setting = run.setting("task")
    if _from_shell(setting):
        return False
    return run.reference is not None or (setting is not None and isinstance(setting.value, str))


def _from_shell(setting: Setting | None) -> bool:
    return setting is not None and isinstance(setting.value, str) and _OPEN in setting.value


def _endless(run: ResolvedRun) -> bool:
    """Returns whether the configuration can have a length, and has none."""
    return "frames" in run.roles and run.setting("frames") is None


def _reason(run: ResolvedRun, task: bool) -> str:
    setting = run.setting("task")
    if setting is not None and _from_shell(setting):
        return f"the task is `{_written(setting)}`, which is only known to the shell"
    if run.open and run.unread:
        return run.unread[0]
    if not task:
        return "the task is not known"
    if unknown := _unknown_value(run):
        return unknown
    if run.reference is not None and run.budget is not None and _endless(run):
        return "the configuration sets no length"
    if run.reference is None and (trial := _trial(run)):
        return f"the preset {trial} makes a short trial, which is not compared with a published run"
    if run.reference is None and setting is not None and run.budget is not None:
        return f"nothing is published for {setting.value} to compare with"
    if extreme := _extreme(run):
        return f"{extreme.key} is {spell_scalar(extreme.value)}, from which no number of updates follows"
    return "the settings that decide about its updates are not all known"


def _trial(run: ResolvedRun) -> str:
    """Returns the name of a preset for debugging that the command applies; empty without one."""
    names = [item.name for item in run.presets]
    return next((name for name in names if any(word in name.lower() for word in ("debug", "smoke"))), "")


def _extreme(run: ResolvedRun) -> Setting | None:
    """Returns a setting of the budget that is not finite, or so large or small that its products may not be."""
    settings = (run.setting(role) for role in _OF_BUDGET)
    return next((item for item in settings if item is not None and _is_extreme(item.value, item.number)), None)


def _is_extreme(value: Value, number: float) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return not math.isfinite(number) or abs(number) > _LARGEST or 0 < abs(number) < 1 / _LARGEST


def _unknown_value(run: ResolvedRun) -> str:
    """Returns the sentence about an unknown word that sets the train ratio or the budget; empty without one."""
    names = [run.roles[role].rpartition(".")[2] for role in _OF_BUDGET if role in run.roles]
    return next((item for item in run.unread if any(name in item for name in names)), "")


def _written(setting: Setting) -> str:
    """The value as it stands in the file."""
    span = setting.last.span
    text = span.text if span is not None else ""
    return _KEY.sub("", text.strip()).strip("\"'") or "?"
