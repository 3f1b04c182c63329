"""The prefill takes a large part of the run.

What it does:
  Reports a ``prefill`` above a tenth of the run. ``prefill`` counts agent steps. Unlike ``steps``, it is not divided by
  the action repeat.

Why is this bad:
  The agent does not train during the prefill, but the frames count.

How to fix:
  Lower ``prefill``. Upstream's value is 2500.

References:
  https://github.com/NM512/dreamerv3-torch/blob/6ef8646/dreamer.py
"""

from __future__ import annotations

from collections.abc import Iterator

from dreamerguard.core.finding import Finding, Severity
from dreamerguard.core.run import ResolvedRun
from dreamerguard.rules.helpers.example_files import TORCH_COMMAND, with_torch_preset
from dreamerguard.rules.helpers.formatting import amount
from dreamerguard.rules.rule import Example, Rule

rule = Rule("DG124", "long-prefill", Severity.WARNING, unless=("run-too-short",), dialects=("nm512_torch",))

GOOD = [Example(TORCH_COMMAND, files=with_torch_preset("prefill: 5000"))]
BAD = [Example(TORCH_COMMAND, files=with_torch_preset("prefill: 200000"), mark="prefill: 200000")]


@rule.check
def check(run: ResolvedRun) -> Iterator[Finding]:
    setting, steps, budget = run.settings.get("prefill"), run.setting("frames"), run.budget
    if setting is None or steps is None or budget is None or not (setting.chosen or steps.chosen):
        return
    total = steps.number / budget.action_repeat
    if total > 0 and setting.number > 0.1 * total:
        yield rule.at(
            run.place(setting if setting.chosen else steps),
            f"the prefill takes {_part(setting.number, total)}",
            key=setting.key,
        )


def _part(prefill: float, total: float) -> str:
    if prefill > total:
        return f"{amount(prefill)} agent steps, more than the {amount(total)} that steps asks for"
    return f"{100 * prefill / total:.0f} % of the run's {amount(total)} agent steps"
