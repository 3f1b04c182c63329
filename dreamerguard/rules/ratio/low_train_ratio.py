"""The train ratio is far below the task's published value.

What it does:
  Compares the train ratio with the published value of the task in the run's edition, scaled to the run's batch_size x
  batch_length. It reports a quarter of that value or less. It reports nothing when the run is so long that it makes
  enough gradient updates anyway. It is information where a comment beside the setting has the published value.

Why is this bad:
  The train ratio is the number of replayed agent steps per agent step taken. Updates per agent step are the ratio
  divided by batch_size x batch_length. At a sixteenth of the ratio, the run makes a sixteenth of the updates. It looks
  healthy, but ends far below the published scores. The README of danijar/dreamerv3 shows ``--run.train_ratio 32``,
  which fits Atari and Minecraft and is far too low for control tasks, Crafter and Atari100k.

How to fix:
  Leave ``run.train_ratio`` out, so that the task's value applies. With another batch than 16 x 64, set the value that
  the fix gives. For a quick test, set ``run.frames`` instead and declare ``purpose=short``.

References:
  https://github.com/danijar/dreamerv3/issues/140
  https://github.com/danijar/dreamerv3/issues/138
  https://github.com/danijar/dreamerv3/issues/182
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from dreamerguard.core.finding import Evidence, Finding, Harm, Severity
from dreamerguard.core.published import PublishedValue
from dreamerguard.core.run import ResolvedRun
from dreamerguard.core.setting import Setting, earlier
from dreamerguard.core.values import spell_scalar
from dreamerguard.rules.helpers.evidence import published
from dreamerguard.rules.helpers.formatting import score, share
from dreamerguard.rules.helpers.right_ratio import right_ratio
from dreamerguard.rules.helpers.score_cost import update_harm
from dreamerguard.rules.rule import Example, Rule

rule = Rule(
    "DG101",
    "low-train-ratio",
    Severity.WARNING,
    unless=("no-training", "negative-ratio", "smoke-test-settings", "ratio-unit", "run-too-short"),
)

GOOD = [
    Example("dreamerguard train dmc_walker_walk"),
    Example("dreamerguard train dmc_walker_walk run.train_ratio=64 run.frames=4e6"),
    Example("dreamerguard train atari_pong run.train_ratio=32"),
    Example("dreamerguard train dmc_walker_walk replay.batch_size=4 run.train_ratio=128"),
]
BAD = [
    Example(
        "dreamerguard train dmc_walker_walk run.train_ratio=32",
        mark="run.train_ratio=32",
        fixed="dreamerguard train dmc_walker_walk run.train_ratio=512",
    ),
    Example(
        "dreamerguard train run.yaml",
        file="task: crafter_reward\nrun:\n  train_ratio: 32\n",
        mark="train_ratio: 32",
        fixed="task: crafter_reward\nrun:\n  train_ratio: 512\n",
    ),
    Example(
        "dreamerguard train dmc_walker_walk purpose=short run.frames=5e4 --run.train_ratio 32",
        mark="--run.train_ratio 32",
        fixed="dreamerguard train dmc_walker_walk purpose=short run.frames=5e4 --run.train_ratio 512",
    ),
    Example(
        "dreamerguard train dmc_walker_walk replay.batch_size=4 run.train_ratio=24",
        mark="run.train_ratio=24",
        fixed="dreamerguard train dmc_walker_walk replay.batch_size=4 run.train_ratio=128",
    ),
]

#: A share of the task's ratio above which only the update budget counts.
_LOW = 0.25
#: Names of the task, ratios near the reported one, and points at the end of the reported run.
_REPORTED_TASKS, _REPORTED_RATIOS, _REPORTED_POINTS = ("dmc_walker_walk", "walker_walk"), (16, 64), (200.0, 300.0)
_REPORT = Evidence(
    "reported",
    "a run with ratio 32 on dmc_walker_walk ended at 200 to 300 points instead of 900 to 1000",
    "https://github.com/danijar/dreamerv3/issues/140",
)


@rule.check
def check(run: ResolvedRun) -> Iterator[Finding]:
    """Compares the ratio, then the resulting update budget."""
    setting, expected, right = run.setting("train_ratio"), run.expected("train_ratio"), right_ratio(run)
    harm, evidence = update_harm(run)
    if setting is None or expected is None or right is None or harm is None or run.reference is None:
        return
    # Both must be low: with a larger batch at the published ratio, the batch is the cause.
    if max(right.part, right.plain_part) > _LOW:
        return
    yield rule.at(
        run.place(setting),
        f"{setting.key} is {spell_scalar(setting.value)}, {share(right.part)} of the"
        f" {right.of_task(run.reference.task)}",
        label=f"expected {right}",
        key=setting.key,
        severity=Severity.INFO if _replaced(setting, expected) else None,
        secondary=earlier(setting),
        fix=run.correct(setting, right.text, f"set {setting.key} to {right.text}"),
        evidence=(published(setting.key, expected), *evidence, *((_REPORT,) if "dmc" in run.reference.suite else ())),
        harm=_with_report(run, harm),
    )


def _replaced(setting: Setting, expected: PublishedValue) -> bool:
    """Returns whether the published value stands in a comment in the line of the setting, or in one beside it."""
    span = setting.last.span
    if span is None or setting.last.kind == "command line":
        return False
    text, start = span.source.text, span.source.text.rfind("\n", 0, span.start)
    first, last = text.rfind("\n", 0, max(start, 0)), text.find("\n", text.find("\n", span.end) + 1)
    comments = "\n".join(line.partition("#")[2] for line in text[first + 1 : last].splitlines())
    number = re.escape(spell_scalar(expected.value))
    beside = re.search(rf"\b{re.escape(setting.key.rpartition('.')[2])}\s*:\s*{number}\b", comments)
    own = text[span.end : text.find("\n", span.end)].partition("#")[2]
    return beside is not None or re.search(rf"\b{number}\b", own) is not None


def _with_report(run: ResolvedRun, harm: Harm) -> Harm:
    """Returns the cost as one range of the estimate and the report, if the reported run is of this kind."""
    expected, goal, budget = harm.expected, harm.reference, run.budget
    if expected is None or goal is None or budget is None or run.reference is None:
        return harm
    near = _REPORTED_RATIOS[0] <= budget.train_ratio <= _REPORTED_RATIOS[1]
    if not near or run.reference.task not in _REPORTED_TASKS:
        return harm
    low, high = min(expected.median, _REPORTED_POINTS[0]), max(expected.median, _REPORTED_POINTS[1])
    text = (
        f"the expected score is about {score(low)} to {score(high)} instead of {score(goal.median)} points"
        f" (estimate: the published agent scored {score(expected.median)} after as many updates; a reported run"
        f" ended at {score(_REPORTED_POINTS[0])} to {score(_REPORTED_POINTS[1])})"
    )
    return replace(harm, text=text)
