"""The train ratio is negative.

What it does:
  Reports a train ratio below zero: ``run.train_ratio`` of danijar/dreamerv3, ``train_ratio`` of dreamerv3-torch and
  r2dreamer, ``algo.replay_ratio`` of sheeprl. It is silent where a fork's own class has a branch for such values.

Why is this bad:
  Each program treats it differently. sheeprl and the 2023 edition of danijar/dreamerv3 refuse it. In later editions of
  danijar/dreamerv3, the run script ``train`` makes one update for every agent step. In every edition, ``parallel``
  makes as many as it can. dreamerv3-torch and r2dreamer train once, then count backwards and never train again, without
  a message.

How to fix:
  Write the ratio that you want, or leave the setting out to use the task's value.

References:
  https://github.com/danijar/elements/blob/b781f90/elements/when.py
  https://github.com/danijar/daydreamer/issues/8
  https://github.com/Eclectic-Sheep/sheeprl/blob/33b636681fd8b5340b284f2528db8821ab8dcd0b/sheeprl/utils/utils.py
  https://github.com/NM512/r2dreamer/blob/546e4fab8146ea4b14e1d7726bbc1a8a1d50322f/tools.py
"""

from __future__ import annotations

from collections.abc import Iterator

from dreamerguard.core.finding import Finding, Severity
from dreamerguard.core.run import ResolvedRun
from dreamerguard.core.values import spell_scalar
from dreamerguard.rules.rule import Example, Rule

rule = Rule("DG110", "negative-ratio", Severity.ERROR, dialects=("danijar", "nm512_torch", "r2dreamer", "sheeprl"))

GOOD = [
    Example("sheeprl exp=dreamer_v3 algo.replay_ratio=1"),
    Example("python dreamerv3/main.py --configs crafter --logdir logs"),
]
BAD = [
    Example("sheeprl exp=dreamer_v3 algo.replay_ratio=-1", mark="algo.replay_ratio=-1"),
    Example("python train.py env=dmc_vision env.train_ratio=-1", mark="env.train_ratio=-1"),
    Example("python dreamer.py --configs dmc_vision --train_ratio -1 --logdir logs", mark="--train_ratio -1"),
    Example(
        "python dreamerv3/main.py --configs crafter --run.train_ratio -1 --logdir logs", mark="--run.train_ratio -1"
    ),
]


@rule.check
def check(run: ResolvedRun) -> Iterator[Finding]:
    """Names the effect in this program."""
    setting = run.setting("train_ratio")
    if setting is None or not setting.number < 0 or "train_ratio" in run.handled:
        return
    effect, severity = _effect(run)
    yield rule.at(
        run.place(setting),
        f"{setting.key} is {spell_scalar(setting.value)}: {effect}",
        key=setting.key,
        severity=severity,
    )


def _effect(run: ResolvedRun) -> tuple[str, Severity]:
    script = next((run.settings[key].value for key in ("script", "run.script") if key in run.settings), "train")
    if run.dialect == "danijar" and script == "parallel":
        return "the program makes as many updates as possible", Severity.INFO
    if run.dialect == "sheeprl" or run.edition == "2023":
        return "the program stops", Severity.ERROR
    if run.dialect != "danijar":
        return "the program makes one update and then none", Severity.ERROR
    return "the program makes one update per agent step", Severity.WARNING
