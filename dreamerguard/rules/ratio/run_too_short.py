"""The run ends before training starts.

What it does:
  Compares the run's agent steps with the warm-up. Training starts when the replay buffer holds as many windows as one
  batch trains steps, after batch_size x batch_length + envs x batch_length agent steps.

Why is this bad:
  The agent acts with its initial weights until the end of the run. The program reports no error, and the agent learns
  nothing.

How to fix:
  Raise ``run.frames``, or lower ``run.envs``, ``replay.batch_size`` or ``replay.batch_length``.

References:
  https://github.com/danijar/dreamerv3/blob/e3f02248693a79dc8b0ebd62c93683888ddaccfe/embodied/run/train.py
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from dreamerguard.core.finding import Finding, Harm, Severity
from dreamerguard.core.run import ResolvedRun
from dreamerguard.core.setting import Role
from dreamerguard.core.source import Label
from dreamerguard.rules.helpers.formatting import amount
from dreamerguard.rules.rule import Example, Rule

rule = Rule("DG108", "run-too-short", Severity.WARNING, unless=("no-training",))

GOOD = [Example("dreamerguard train dmc_walker_walk purpose=short run.frames=2e4")]
BAD = [
    Example("dreamerguard train dmc_walker_walk purpose=short run.frames=2000", mark="run.frames=2000"),
    Example("dreamerguard train dmc_walker_walk run.envs=4096", mark="run.envs=4096"),
]

_ROLES: tuple[Role, ...] = ("frames", "envs", "batch_size", "batch_length", "action_repeat")


@rule.check
def check(run: ResolvedRun) -> Iterator[Finding]:
    """Compares agent steps with the warm-up."""
    budget = run.budget
    if budget is None or budget.agent_steps >= budget.warmup_steps:
        return
    chosen = [item for role in _ROLES if (item := run.chosen(role)) is not None]
    frames = budget.warmup_steps * budget.action_repeat
    yield rule.at(
        run.place(chosen[0] if chosen else None),
        f"the run ends after {amount(budget.frames)} frames, before training starts at {amount(frames)} frames",
        label=f"more than {frames:.0f} frames needed" if chosen and chosen[0].key == run.roles["frames"] else "",
        key=chosen[0].key if chosen else "",
        secondary=tuple(Label(run.place(item), "delays the start") for item in chosen[1:]),
        help=_help(run, frames / budget.frames if budget.frames > 0 else 0.0),
        harm=Harm("severe", "no gradient update at all", 0.0),
    )


def _help(run: ResolvedRun, factor: float) -> str:
    """Returns the settings that let training start.

    Args:
      run: the run.
      factor: frames of the warm-up divided by those of the run; 0 if that has no meaning.
    """
    length = run.setting("frames")
    lower = [setting.key for role in _ROLES[1:4] if (setting := run.setting(role)) is not None]
    needed = factor * length.number if length is not None else 0.0
    raised = f"raise {length.key} above {needed:.0f}" if length is not None and 1 <= needed < math.inf else ""
    lowered = f"lower {' or '.join(lower)}" if lower else ""
    return ", or ".join(text for text in (raised, lowered) if text)
