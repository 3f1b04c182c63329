"""The evaluation starts a process for every episode.

What it does:
  Reports a chosen ``env.eval_episode_num`` above 64 in r2dreamer. The program starts that many environment processes
  beside the training processes, and keeps them.

Why is this bad:
  These processes take memory, and start-up time on a small machine, but are idle most of the time.

How to fix:
  Evaluate with fewer episodes.

References:
  https://github.com/NM512/r2dreamer/blob/546e4fab8146ea4b14e1d7726bbc1a8a1d50322f/envs/__init__.py#L15
"""

from __future__ import annotations

from collections.abc import Iterator

from dreamerguard.core.finding import Finding, Severity
from dreamerguard.core.run import ResolvedRun
from dreamerguard.core.values import spell_scalar
from dreamerguard.rules.rule import Example, Rule

rule = Rule("DG507", "many-eval-processes", Severity.WARNING, unless=("long-evaluation",), dialects=("r2dreamer",))

GOOD = [Example("python train.py env=atari100k")]
BAD = [
    Example(
        "python train.py env=atari100k env.eval_episode_num=200 trainer.eval_every=1e9", mark="env.eval_episode_num=200"
    )
]

_MANY = 64


@rule.check
def check(run: ResolvedRun) -> Iterator[Finding]:
    """Counts processes."""
    episodes = run.settings.get("env.eval_episode_num")
    if episodes is None or not episodes.chosen or not episodes.number > _MANY:
        return
    yield rule.at(
        run.place(episodes),
        f"{episodes.key} is {spell_scalar(episodes.value)}: the evaluation starts that many environment processes",
        key=episodes.key,
    )
