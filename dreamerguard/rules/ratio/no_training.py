"""A train ratio of zero never trains.

What it does:
  Reports ``run.train_ratio=0``.

Why is this bad:
  The agent acts with its initial weights until the frames are used up. Nothing fails and nothing is learned.

How to mend:
  Leave ``run.train_ratio`` out. To only collect episodes of a trained agent use ``dreamerguard eval``.

References:
  https://github.com/danijar/daydreamer/issues/8
"""

from __future__ import annotations

from collections.abc import Iterator

from dreamerguard.model import Finding, Harm, Severity
from dreamerguard.resolved import ResolvedRun
from dreamerguard.rules.right_ratio import right_ratio
from dreamerguard.rules.rule import Example, Rule

rule = Rule("DG104", "no-training", Severity.ERROR, unless=("negative-ratio",))

GOOD = [Example("dreamerguard train dmc_walker_walk")]
BAD = [
    Example(
        "dreamerguard train dmc_walker_walk run.train_ratio=0",
        mark="run.train_ratio=0",
        fixed="dreamerguard train dmc_walker_walk run.train_ratio=512",
    )
]


@rule.check
def check(run: ResolvedRun) -> Iterator[Finding]:
    """Looks for a ratio of zero."""
    setting, right = run.setting("train_ratio"), right_ratio(run)
    if setting is None or run.budget is None or run.budget.train_ratio != 0:
        return
    yield rule.at(
        run.place(setting),
        f"{setting.key} is 0: the agent never trains",
        label=f"expected {right}" if right is not None else "",
        key=setting.key,
        fix=run.correct(setting, right.text, f"set {setting.key} to {right.text}") if right is not None else None,
        harm=Harm("severe", "no gradient update at all", 0.0),
    )
