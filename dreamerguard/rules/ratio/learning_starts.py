"""Training starts before the replay buffer holds a sequence, or late in the run.

What it does:
  Divides ``algo.learning_starts`` of sheeprl by the number of environments in all processes. The result is the number
  of steps in each environment's buffer at the first update. Fewer steps than ``algo.per_rank_sequence_length`` are an
  error. A start after more than a quarter of the run is a warning.

Why is this bad:
  With too few steps, sampling raises "Cannot sample a sequence of length ..." at the first update. With a late start,
  the run spends that part on random actions.

How to fix:
  Raise ``algo.learning_starts`` to environments x sequence length, or use fewer environments. If training starts late,
  lower it.

References:
  https://github.com/Eclectic-Sheep/sheeprl/blob/33b636681fd8b5340b284f2528db8821ab8dcd0b/sheeprl/data/buffers.py#L431
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from dreamerguard.core.arithmetic import quotient
from dreamerguard.core.finding import Finding, Severity
from dreamerguard.core.run import ResolvedRun
from dreamerguard.core.setting import Setting
from dreamerguard.core.source import Label
from dreamerguard.core.values import spell_scalar
from dreamerguard.rules.helpers.formatting import share
from dreamerguard.rules.rule import Example, Rule
from dreamerguard.util.text import number_of

rule = Rule("DG112", "learning-starts", Severity.ERROR, unless=("no-training", "run-too-short"), dialects=("sheeprl",))

GOOD = [Example("sheeprl exp=dreamer_v3 env.num_envs=8")]
BAD = [
    Example("sheeprl exp=dreamer_v3 env.num_envs=32", mark="env.num_envs=32"),
    Example("sheeprl exp=dreamer_v3_100k_ms_pacman algo.learning_starts=30000", mark="algo.learning_starts=30000"),
]

_LATE = 0.25


@rule.check
def check(run: ResolvedRun) -> Iterator[Finding]:
    """Compares steps per environment with the sequence length, and the start with the length of the run."""
    starts, length = run.settings.get("algo.learning_starts"), run.setting("batch_length")
    envs, size, budget = run.setting("envs"), run.setting("batch_size"), run.budget
    trial = run.settings.get("dry_run")
    if starts is None or length is None or envs is None or size is None or budget is None:
        return
    if trial is not None and trial.value is True:
        return
    together = envs.number * max(1.0, quotient(budget.batch_size, size.number))
    if not 0 < together < math.inf:
        return
    per_env = starts.number // together
    if per_env < length.number and starts.number > 0:
        yield _early(run, starts, envs, length, per_env, together)
    elif starts.number > _LATE * budget.agent_steps:
        part = min(1.0, quotient(starts.number, budget.agent_steps))
        yield rule.at(
            run.place(starts),
            f"the agent acts at random in the first {share(part)} of the run:"
            f" {starts.key} is {spell_scalar(starts.value)}",
            key=starts.key,
            severity=Severity.WARNING,
        )


def _early(
    run: ResolvedRun, starts: Setting, envs: Setting, length: Setting, per_env: float, together: float
) -> Finding:
    needed = together * length.number
    blamed = next((item for item in (envs, starts, length) if item.chosen), starts)
    others = [item for item in (envs, starts, length) if item.chosen and item is not blamed]
    return rule.at(
        run.place(blamed),
        f"at the first update each environment has {number_of(spell_scalar(per_env), 'step')}, but a sequence needs"
        f" {spell_scalar(length.value)}",
        key=blamed.key,
        secondary=tuple(Label(run.place(item), "contributes") for item in others),
        help=f"set algo.learning_starts to {spell_scalar(needed)} or more" if math.isfinite(needed) else "",
    )
