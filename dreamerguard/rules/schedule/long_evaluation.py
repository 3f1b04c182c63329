"""Evaluations take longer than training.

What it does:
  Compares frames of evaluation, ``eval_episode_num`` episodes of ``time_limit`` frames, with the ``eval_every`` frames
  of training between them, for DeepMind Control in dreamerv3-torch.

Why is this bad:
  The run steps its evaluation environments in the same loop, so it takes several times as long. Upstream's presets
  spend as many frames on evaluation as on training.

How to mend:
  Raise ``eval_every`` or lower ``eval_episode_num``.

References:
  https://github.com/NM512/dreamerv3-torch/blob/6ef8646/dreamer.py
"""

from __future__ import annotations

from collections.abc import Iterator

from dreamerguard.model import Finding, Severity
from dreamerguard.resolved import ResolvedRun
from dreamerguard.rules.rule import Example, Rule
from dreamerguard.rules.words import amount
from dreamerguard.sources.scalars import spell_scalar

rule = Rule("DG725", "long-evaluation", Severity.WARNING, unless=("zero-interval",), dialects=("nm512_torch",))

GOOD = [Example("python dreamer.py --configs dmc_vision --eval_episode_num 20 --eval_every 5e4 --logdir logs")]
BAD = [
    Example(
        "python dreamer.py --configs dmc_vision --eval_episode_num 50 --logdir logs",
        mark="--eval_episode_num 50",
    )
]

_MOST = 2.5


@rule.check
def check(run: ResolvedRun) -> Iterator[Finding]:
    task, limit = run.setting("task"), run.settings.get("time_limit")
    episodes, every = run.settings.get("eval_episode_num"), run.settings.get("eval_every")
    if task is None or limit is None or episodes is None or every is None or not str(task.value).startswith("dmc_"):
        return
    if not (episodes.chosen or every.chosen) or not every.number > 0:
        return
    share = episodes.number * limit.number / every.number
    if share > _MOST:
        blamed = episodes if episodes.chosen else every
        yield rule.at(
            run.place(blamed),
            f"every {spell_scalar(every.value)} frames of training are followed by"
            f" {amount(episodes.number * limit.number)} frames of evaluation",
            key=blamed.key,
        )
