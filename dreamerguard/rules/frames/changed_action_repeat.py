"""The action repeat differs from the task's published value.

What it does:
  Compares the action repeat with the published value. It is information when another edition has the same
  value, and for programs without ``purpose`` when the run keeps 40 % of the published updates.

Why is this bad:
  The action repeat is part of the task: it changes how long an action lasts, how many decisions an episode has, and how
  many gradient updates a frame gets. The scores are no longer comparable with published scores.

How to fix:
  Leave ``env.action_repeat`` out, or choose the edition that has this value.

References:
  https://github.com/Eclectic-Sheep/sheeprl/issues/318
"""

from __future__ import annotations

from collections.abc import Iterator

from dreamerguard.core.finding import Finding, Severity
from dreamerguard.core.run import ResolvedRun
from dreamerguard.core.setting import earlier
from dreamerguard.core.values import spell_scalar
from dreamerguard.rules.helpers.evidence import published
from dreamerguard.rules.helpers.score_cost import keeps_most_updates, update_harm
from dreamerguard.rules.rule import Example, Rule

rule = Rule(
    "DG202",
    "changed-action-repeat",
    Severity.WARNING,
    unless=("unapplied-action-repeat", "low-train-ratio", "no-training", "ratio-unit"),
)

GOOD = [
    Example("dreamerguard train dmc_walker_walk env.action_repeat=2"),
    Example("dreamerguard train dmc_walker_walk edition=head env.action_repeat=1"),
]
BAD = [
    Example(
        "dreamerguard train atari_pong env.action_repeat=1",
        mark="env.action_repeat=1",
        fixed="dreamerguard train atari_pong env.action_repeat=4",
    ),
    Example(
        "dreamerguard train dmc_walker_walk env.action_repeat=4",
        mark="env.action_repeat=4",
        fixed="dreamerguard train dmc_walker_walk env.action_repeat=2",
    ),
]


@rule.check
def check(run: ResolvedRun) -> Iterator[Finding]:
    """Compares the repeat that the user chose."""
    setting, expected = run.chosen("action_repeat"), run.expected("action_repeat")
    if setting is None or expected is None or run.reference is None or setting.value == expected.value:
        return
    editions = [
        name
        for name, values in run.reference.others.items()
        if setting.key in values and values[setting.key].value == setting.value
    ]
    harm, evidence = (None, ()) if _whole_recipe(run, editions) else update_harm(run)
    correct = spell_scalar(expected.value)
    known = f"; edition {editions[0]} has this value" if editions else ""
    yield rule.at(
        run.place(setting),
        f"{setting.key} is {spell_scalar(setting.value)}, but {run.reference.task} was published with {correct}{known}",
        label=f"expected {correct}",
        key=setting.key,
        severity=Severity.INFO if (editions and harm is None) or keeps_most_updates(run) else None,
        secondary=earlier(setting),
        fix=run.correct(setting, correct, f"set {setting.key} to {correct}"),
        evidence=(published(setting.key, expected), *evidence),
        harm=harm,
        help=f"edition={editions[0]} sets all values of that edition" if editions and "edition" in run.roles else "",
    )


def _whole_recipe(run: ResolvedRun, editions: list[str]) -> bool:
    """Returns whether the train ratio is that of the same edition, and the length that of a whole run."""
    ratio, reference = run.setting("train_ratio"), run.reference
    if ratio is None or reference is None or run.purpose != "short":
        return False
    values = (reference.others[name].get(ratio.key) for name in editions)
    return any(value is not None and value.value == ratio.value for value in values)
