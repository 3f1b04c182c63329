"""The debug preset is active in a long run.

What it does:
  Reports the preset ``debug`` in two cases: in a run of a million agent steps or more that the user requested, and in
  front of a preset that raises the train ratio again.

Why is this bad:
  The debug network has only a few units, so the agent learns nothing useful. In front of a task's preset, the tiny
  network stays, and the task's ratio applies to its small batches: several updates per step.

How to fix:
  Remove ``debug``. For a quick test, put it last and keep the run short.

References:
  https://github.com/danijar/dreamerv3/blob/e3f02248693a79dc8b0ebd62c93683888ddaccfe/README.md
"""

from __future__ import annotations

from collections.abc import Iterator

from dreamerguard.core.finding import Finding, Severity
from dreamerguard.core.run import ResolvedRun
from dreamerguard.core.source import Label
from dreamerguard.core.values import spell_scalar
from dreamerguard.rules.helpers.formatting import amount
from dreamerguard.rules.rule import Example, Rule

rule = Rule("DG335", "debug-left-on", Severity.WARNING, dialects=("danijar", "nm512_torch"))

GOOD = [
    Example("python dreamerv3/main.py --configs crafter debug --run.steps 5000 --logdir logs"),
    Example("python dreamerv3/main.py --configs debug --logdir logs"),
]
BAD = [
    Example("python dreamerv3/main.py --configs crafter debug --run.steps 2e6 --logdir logs", mark="debug"),
    Example("python dreamerv3/main.py --configs debug crafter --logdir logs", mark="debug"),
]

_LONG = 1e6
_ENDLESS = 1e9


@rule.check
def check(run: ResolvedRun) -> Iterator[Finding]:
    debug = next((preset for preset in run.presets if preset.name == "debug" and preset.upstream), None)
    steps, ratio = run.chosen("frames"), run.setting("train_ratio")
    if debug is None or run.whole:
        return
    behind = [preset.name for preset in run.presets[run.presets.index(debug) + 1 :]]
    if ratio is not None and ratio.last.kind == "preset" and ratio.last.name in behind:
        text = (
            f"{ratio.last.name} after debug keeps the tiny network and sets {ratio.key} to {spell_scalar(ratio.value)}"
        )
        yield rule.at(debug.span, text, key=ratio.key, help="put debug last, or remove it")
    elif steps is not None and _LONG <= steps.number < _ENDLESS:
        yield rule.at(
            debug.span,
            f"debug shrinks the network to a few units in a run of {amount(steps.number)} steps",
            key=steps.key,
            secondary=(Label(run.place(steps), "a long run"),),
            help="remove debug",
        )
