"""An interval is zero.

What it does:
  Reports ``eval_every`` and ``log_every`` of dreamerv3-torch that become zero. The program divides both by the action
  repeat.

Why is this bad:
  With ``eval_every`` 0, the program evaluates for ever and never trains. With ``log_every`` 0, it logs nothing, and the
  lists of metrics grow until memory is full.

How to fix:
  Set ``eval_episode_num`` to 0 to skip evaluations. For rare logs, use a large ``log_every``.

References:
  https://github.com/NM512/dreamerv3-torch/blob/6ef8646/dreamer.py
"""

from __future__ import annotations

from collections.abc import Iterator

from dreamerguard.core.finding import Finding, Severity
from dreamerguard.core.run import ResolvedRun
from dreamerguard.core.values import spell_scalar
from dreamerguard.rules.rule import Example, Rule

rule = Rule("DG721", "zero-interval", Severity.ERROR, dialects=("nm512_torch",))

GOOD = [Example("python dreamer.py --configs dmc_vision --eval_episode_num 0 --logdir logs")]
BAD = [
    Example("python dreamer.py --configs dmc_vision --eval_every 0 --logdir logs", mark="--eval_every 0"),
    Example("python dreamer.py --configs dmc_vision --log_every 0 --logdir logs", mark="--log_every 0"),
]


@rule.check
def check(run: ResolvedRun) -> Iterator[Finding]:
    repeat = run.setting("action_repeat")
    for key, effect in (("eval_every", "never trains"), ("log_every", "logs nothing, and metrics fill the memory")):
        setting = run.settings.get(key)
        if setting is None or not setting.chosen or repeat is None or not repeat.number > 0:
            continue
        if setting.number // repeat.number == 0:
            yield rule.at(
                run.place(setting),
                f"{key} {spell_scalar(setting.value)} gives an interval of zero: the program {effect}",
                key=key,
                severity=None if key == "eval_every" else Severity.WARNING,
            )
