"""The run replays a small part of the published data, because both the batch and the train ratio are smaller.

What it does:
  Reports a run with at most an eighth of the published batch_size x batch_length and at most a quarter of the published
  train ratio that makes about the published number of updates. A run that declares ``purpose: short`` is not reported.

Why is this bad:
  The train ratio counts replayed agent steps. A smaller ratio with a smaller batch keeps the number of gradient
  updates, but each of them sees a part of the published data: at 1 x 64 instead of 16 x 64, a sixteenth. The
  published scores were made with 16 x 64, and gradients of few steps are noisy. The cost in points is not measured.

How to fix:
  Restore the published batch and ratio. If memory is short, use a smaller model size: scores of all sizes are
  published at 16 x 64.

References:
  https://github.com/danijar/dreamerv3/issues/154
  https://arxiv.org/abs/2301.04104
"""

from __future__ import annotations

from collections.abc import Iterator

from dreamerguard.core.finding import Evidence, Finding, Harm, Severity
from dreamerguard.core.run import ResolvedRun
from dreamerguard.core.setting import Role
from dreamerguard.core.source import Label
from dreamerguard.core.values import spell_scalar
from dreamerguard.rules.helpers.formatting import share
from dreamerguard.rules.helpers.right_ratio import right_ratio
from dreamerguard.rules.rule import Example, Rule

rule = Rule(
    "DG127",
    "little-replay",
    Severity.WARNING,
    unless=(
        "no-training",
        "negative-ratio",
        "ratio-unit",
        "low-train-ratio",
        "low-update-budget",
        "smoke-test-settings",
        "run-too-short",
    ),
)

GOOD = [
    Example("dreamerguard train dmc_walker_walk replay.batch_size=8 run.train_ratio=256"),
    Example("dreamerguard train dmc_walker_walk purpose=short replay.batch_size=1 run.train_ratio=32"),
]
BAD = [
    Example("dreamerguard train dmc_walker_walk replay.batch_size=1 run.train_ratio=32", mark="run.train_ratio=32"),
]

#: Shares of the published batch and of the published ratio from which on the data counts, not only the updates.
_BATCH, _RATIO = 1 / 8, 1 / 4
#: Shares of the published updates per agent step that count as the same.
_SAME = (0.5, 2.0)
_SHAPE: tuple[Role, ...] = ("batch_size", "batch_length")

_DEFINITION = Evidence(
    "computed", "the train ratio counts replayed agent steps", "https://github.com/danijar/dreamerv3/issues/154"
)


@rule.check
def check(run: ResolvedRun) -> Iterator[Finding]:
    """Compares replayed data where the number of updates is the published one."""
    setting, right = run.chosen("train_ratio"), right_ratio(run)
    if setting is None or right is None or run.budget is None or run.reference is None or run.purpose != "full":
        return
    shape = run.budget.batch_steps / run.reference.budget.batch_steps
    if shape > _BATCH or right.plain_part > _RATIO or not _SAME[0] <= right.part <= _SAME[1]:
        return
    batch = next((item for role in _SHAPE if (item := run.chosen(role)) is not None), None)
    yield rule.at(
        run.place(setting),
        f"{setting.key} {spell_scalar(setting.value)} with a batch of {right.shape[0]} makes the published number of"
        f" updates, but each sees {share(shape)} of the published data",
        label=f"published: {right.published} at {right.shape[1]}",
        key=setting.key,
        secondary=() if batch is None else (Label(run.place(batch), "makes the batch smaller"),),
        evidence=(_DEFINITION,),
        harm=Harm("moderate", "scores are not comparable with the published ones; the cost in points is not measured"),
        help="use a smaller model size if memory is short, and keep the published batch and ratio",
    )
