"""The train ratio belongs to another edition of DreamerV3.

What it does:
  Reports a train ratio that differs from the value of the run's edition and equals the value of another edition for the
  same task.

Why is this bad:
  Editions differ in several settings at once. DeepMind Control from vectors has ratio 512 at action repeat 2 in the
  papers, and 1024 at repeat 1 in the code since December 2024. A run that takes over only one value matches no
  published run.

How to fix:
  Choose the whole edition with ``edition=NAME``, or leave the value out.

References:
  https://github.com/danijar/dreamerv3/issues/175
"""

from __future__ import annotations

from collections.abc import Iterator

from dreamerguard.core.finding import Confidence, Finding, Severity
from dreamerguard.core.run import ResolvedRun
from dreamerguard.core.values import spell_scalar
from dreamerguard.rules.helpers.evidence import published
from dreamerguard.rules.rule import Example, Rule

rule = Rule(
    "DG107",
    "edition-mix",
    Severity.INFO,
    confidence=Confidence.LOW,
    unless=("low-train-ratio", "low-update-budget", "run-too-short"),
)

GOOD = [Example("dreamerguard train dmc_walker_walk edition=head")]
BAD = [Example("dreamerguard train dmc_walker_walk run.train_ratio=1024", mark="run.train_ratio=1024")]


@rule.check
def check(run: ResolvedRun) -> Iterator[Finding]:
    """Looks the ratio up in the other editions."""
    setting, expected = run.chosen("train_ratio"), run.expected("train_ratio")
    if setting is None or expected is None or run.reference is None or setting.value == expected.value:
        return
    for edition, values in run.reference.others.items():
        theirs = values.get(setting.key)
        if theirs is not None and theirs.value == setting.value:
            value = spell_scalar(setting.value)
            yield rule.at(
                run.place(setting),
                f"{setting.key} {value} is the value of edition {edition}; this run follows edition"
                f" {run.reference.edition}, which has {spell_scalar(expected.value)}",
                label=f"value of edition {edition}",
                key=setting.key,
                evidence=(published(setting.key, theirs),),
                help=f"edition={edition} sets all values of that edition" if "edition" in run.roles else "",
            )
            return
