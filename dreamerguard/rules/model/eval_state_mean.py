"""The evaluation reads a mean that discrete latents do not have.

What it does:
  Reports ``eval_state_mean`` of dreamerv3-torch together with discrete latents, unless the fork's own code handles it.

Why is this bad:
  The program stops with a KeyError at the first step of the agent: discrete latents have logits and no mean.

How to fix:
  Leave the setting out.

References:
  https://github.com/NM512/dreamerv3-torch/blob/6ef8646/dreamer.py
"""

from __future__ import annotations

from collections.abc import Iterator

from dreamerguard.core.finding import Finding, Severity
from dreamerguard.core.run import ResolvedRun
from dreamerguard.core.values import spell_scalar
from dreamerguard.rules.rule import Example, Rule

rule = Rule("DG421", "eval-state-mean", Severity.ERROR, dialects=("nm512_torch",))

GOOD = [Example("python dreamer.py --configs dmc_vision --logdir logs")]
BAD = [
    Example(
        "python dreamer.py --configs dmc_vision --eval_state_mean True --logdir logs",
        mark="--eval_state_mean True",
        fixed="python dreamer.py --configs dmc_vision --eval_state_mean False --logdir logs",
    )
]


@rule.check
def check(run: ResolvedRun) -> Iterator[Finding]:
    setting, discrete = run.settings.get("eval_state_mean"), run.settings.get("dyn_discrete")
    if setting is None or discrete is None or setting.value is not True or not discrete.number > 0:
        return
    if setting.key in run.guarded:
        return
    yield rule.at(
        run.place(setting),
        f"eval_state_mean needs continuous latents, but dyn_discrete is {spell_scalar(discrete.value)}",
        key=setting.key,
        fix=run.correct(setting, "False", "set eval_state_mean to False"),
    )
