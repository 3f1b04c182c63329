"""New sequences fill a large part of every batch.

What it does:
  Reports a train ratio of 4 or less with ``replay.online``, which puts every new sequence into a batch once.

Why is this bad:
  New sequences make up about ``1 / ratio`` of each batch: 3 % at ratio 32, a quarter at 4, all of it at 1. Below 1,
  they queue up without end. The agent trains on its latest experience and hardly replays old experience.

How to fix:
  Raise ``run.train_ratio``, or set ``replay.online`` to False.

References:
  https://github.com/danijar/dreamerv3/blob/e3f02248693a79dc8b0ebd62c93683888ddaccfe/embodied/core/replay.py
"""

from __future__ import annotations

from collections.abc import Iterator

from dreamerguard.core.finding import Finding, Severity
from dreamerguard.core.run import ResolvedRun
from dreamerguard.core.values import spell_scalar
from dreamerguard.rules.helpers.example_files import COMMAND, with_preset
from dreamerguard.rules.rule import Example, Rule

rule = Rule(
    "DG121",
    "online-replay",
    Severity.WARNING,
    unless=("low-train-ratio", "no-training", "ratio-unit"),
    dialects=("danijar",),
)

GOOD = [
    Example(COMMAND, files=with_preset("run.train_ratio: 16")),
    Example(COMMAND, files=with_preset("run.train_ratio: 4", "replay.online: False", "batch_size: 2")),
]
BAD = [Example(COMMAND, files=with_preset("run.train_ratio: 4", "batch_size: 2"), mark="run.train_ratio: 4")]

_LOW = 4


@rule.check
def check(run: ResolvedRun) -> Iterator[Finding]:
    setting, online = run.chosen("train_ratio"), run.settings.get("replay.online", run.settings.get("replay_online"))
    if setting is None or online is None or online.value is not True or not 0 < setting.number <= _LOW:
        return
    part = min(1.0, 1 / setting.number)
    yield rule.at(
        run.place(setting),
        f"new sequences fill {100 * part:.0f} % of every batch at {setting.key} {spell_scalar(setting.value)}",
        key=setting.key,
        help=f"raise {setting.key}, or set {online.key} to False",
    )
