"""The run makes far fewer gradient updates than the published run.

What it does:
  Combines train ratio, batch shape, action repeat and length into the number of gradient updates of the whole run, and
  compares it with the published run. Half the ratio over twice the frames is not reported. In a run that declares
  ``purpose: short``, only the updates per frame count. For programs without ``purpose``, it is information where the
  command line itself sets a shorter length, or a ratio that keeps 40 % of the updates; but a run of an Atari game with
  the length of Atari100k is compared with that benchmark. A ratio that another published
  edition has for the task, at the same action repeat, is not reported.

Why is this bad:
  The more updates DreamerV3 makes, the more it learns. Below ``guard.warn_update_budget`` of the published number, the
  score will not be comparable. Below ``guard.refuse_update_budget``, training is refused unless the rule is allowed.

How to fix:
  Restore the setting that the finding points at. If the run is only meant to be short, declare ``purpose=short``.

References:
  https://github.com/danijar/dreamerv3/issues/140
  https://github.com/danijar/dreamerv3/issues/138
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

from dreamerguard.core.budget import causes
from dreamerguard.core.finding import Finding, Fix, Severity
from dreamerguard.core.run import ResolvedRun
from dreamerguard.core.setting import Role, Setting
from dreamerguard.core.source import Label
from dreamerguard.core.values import spell_scalar
from dreamerguard.rules.helpers.formatting import amount, share
from dreamerguard.rules.helpers.right_ratio import right_ratio
from dreamerguard.rules.helpers.score_cost import MILD, update_harm
from dreamerguard.rules.rule import Example, Rule

rule = Rule(
    "DG103",
    "low-update-budget",
    Severity.WARNING,
    unless=(
        "no-training",
        "ratio-unit",
        "run-too-short",
        "low-train-ratio",
        "changed-batch-shape",
        "changed-action-repeat",
        "frames-unit",
        "several-ranks",
        "negative-ratio",
        "unapplied-action-repeat",
        "smoke-test-settings",
        "misplaced-key",
        "suite-mismatch",
    ),
)

GOOD = [
    Example("dreamerguard train dmc_walker_walk run.train_ratio=256 run.frames=1e6"),
    Example("dreamerguard train dmc_walker_walk run.frames=5e4 purpose=short"),
]
BAD = [
    Example("dreamerguard train dmc_walker_walk run.frames=1e5", mark="run.frames=1e5"),
    Example(
        "dreamerguard train dmc_walker_walk run.train_ratio=200",
        mark="run.train_ratio=200",
        fixed="dreamerguard train dmc_walker_walk run.train_ratio=512",
    ),
    Example(
        "dreamerguard train run.yaml",
        file="task: dmc_walker_walk\nrun.frames: 3e5\nrun.train_ratio: 400\n",
        mark="run.frames: 3e5",
    ),
    Example(
        "dreamerguard train dmc_walker_walk replay.batch_size=4 run.train_ratio=64",
        mark="run.train_ratio=64",
        fixed="dreamerguard train dmc_walker_walk replay.batch_size=4 run.train_ratio=128",
    ),
]
#: Two runs have the same length if they differ by no more than this share.
_SAME_LENGTH = 0.15


@rule.check
def check(run: ResolvedRun) -> Iterator[Finding]:
    """Compares budgets and points at the setting that lowers the number most."""
    harm, evidence = update_harm(run)
    value = run.update_share
    if harm is None or value is None or run.budget is None or run.reference is None:
        return
    factors = causes(run.budget, run.reference.budget, run.purpose)
    blamed = [
        (setting, factor)
        for name, factor in factors.items()
        if factor < 0.95 and (setting := run.chosen(cast(Role, name))) is not None
    ]
    worst = blamed[0][0] if blamed else None
    if worst is not None and worst is run.setting("train_ratio") and _published_elsewhere(run, worst):
        return
    total = f"{amount(run.budget.updates)} gradient updates, {share(value)} of the published number"
    updates = total if run.purpose == "full" else f"{share(value)} of the published updates per frame"
    open_ratio = worst is not None and len(blamed) == 1 and worst is run.setting("train_ratio") and value >= MILD
    short = worst is not None and worst is run.setting("frames") and len(blamed) == 1
    chosen = (short or open_ratio) and worst is not None and _stated(run, worst)
    brief = _brief(run) if short else None
    text = f"the run makes {updates} for {run.reference.task}"
    if brief is not None:
        name, part = brief
        text = (
            f"the run has the length of {name}, but makes {amount(run.budget.updates)} updates, {part} of that preset's"
        )
    yield rule.at(
        run.place(worst),
        text,
        label=_label(run, worst, factors),
        key=worst.key if worst is not None else "",
        severity=Severity.INFO if chosen and brief is None else None,
        secondary=tuple(
            Label(span, f"{share(factor)} of the updates")
            for setting, factor in blamed[1:]
            if (span := setting.last.span) is not None
        ),
        fix=_restore(run, worst),
        evidence=evidence,
        harm=harm,
        help="declare purpose=short if the run is only meant to be short" if short and "purpose" in run.roles else "",
    )


def _brief(run: ResolvedRun) -> tuple[str, str] | None:
    """Returns the short benchmark whose length a run has, and the share of its updates, where that is low."""
    if run.reference is None or run.reference.brief is None or run.budget is None:
        return None
    name, theirs = run.reference.brief
    part = run.budget.updates / theirs.updates
    same = abs(run.budget.frames / theirs.frames - 1) <= _SAME_LENGTH
    return (name, share(part)) if same and part < MILD else None


def _stated(run: ResolvedRun, setting: Setting) -> bool:
    """Returns whether a lower value stands on the command line of a program that cannot declare a short run."""
    return "purpose" not in run.roles and setting.last.kind == "command line"


def _published_elsewhere(run: ResolvedRun, ratio: Setting) -> bool:
    """Returns whether the ratio is the task's own in another edition: atari100k has 128 in the paper, 256 in code."""
    repeat, editions = run.setting("action_repeat"), run.reference.others.values() if run.reference is not None else ()
    same = (values for values in editions if ratio.key in values and values[ratio.key].value == ratio.value)
    return any(
        repeat is None or repeat.key not in values or values[repeat.key].value == repeat.value for values in same
    )


def _correct(run: ResolvedRun, setting: Setting | None) -> tuple[str, str] | None:
    """Returns the value that restores the published updates, and the label for it."""
    if setting is None or run.reference is None:
        return None
    right = right_ratio(run) if setting is run.setting("train_ratio") else None
    if right is not None and right.adapted:
        return right.text, f"expected {right}"
    expected = run.reference.expected.get(setting.key)
    text = spell_scalar(expected.value) if expected is not None else ""
    return (text, f"published: {text}") if text else None


def _restore(run: ResolvedRun, setting: Setting | None) -> Fix | None:
    """Restores the published value, but not the length: a shorter run is more often intended than a longer one."""
    correct = _correct(run, setting)
    if setting is None or correct is None or setting is run.setting("frames"):
        return None
    return run.correct(setting, correct[0], f"set {setting.key} to {correct[0]}")


def _label(run: ResolvedRun, setting: Setting | None, factors: dict[str, float]) -> str:
    correct = _correct(run, setting)
    return correct[1] if correct is not None else f"{share(next(iter(factors.values())))} of the updates"
