"""The run script ignores the run length.

What it does:
  Reports ``run.steps`` together with ``script parallel`` in danijar/dreamerv3, ``run.script`` in editions before
  2025.

Why is this bad:
  The parallel scripts never read ``run.steps``: the run continues until somebody stops it.

How to fix:
  Stop the run by hand or with a time limit, or use ``--script train``.

References:
  https://github.com/danijar/dreamerv3/blob/e3f02248693a79dc8b0ebd62c93683888ddaccfe/embodied/run/parallel.py
"""

from __future__ import annotations

from collections.abc import Iterator

from dreamerguard.core.finding import Finding, Severity
from dreamerguard.core.run import ResolvedRun
from dreamerguard.core.source import Label
from dreamerguard.rules.rule import Example, Rule

rule = Rule("DG221", "ignored-length", Severity.WARNING, dialects=("danijar",))

GOOD = [Example("python dreamerv3/main.py --configs crafter --script train --run.steps 1e6 --logdir logs")]
BAD = [
    Example(
        "python dreamerv3/main.py --configs crafter --script parallel --run.steps 1e6 --logdir logs",
        mark="--run.steps 1e6",
    ),
    Example(
        "python dreamerv3/train.py --configs crafter --run.script parallel --run.steps 1e6 --logdir logs",
        mark="--run.steps 1e6",
    ),
]


@rule.check
def check(run: ResolvedRun) -> Iterator[Finding]:
    steps, script = run.chosen("frames"), run.settings.get("script") or run.settings.get("run.script")
    if steps is None or script is None or not str(script.value).startswith("parallel"):
        return
    yield rule.at(
        run.place(steps),
        f"script {script.value} never reads {steps.key}, so the run does not end",
        key=steps.key,
        secondary=tuple(Label(span, "this script") for span in [script.last.span] if span is not None),
    )
