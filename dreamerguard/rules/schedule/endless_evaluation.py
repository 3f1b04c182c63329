"""The evaluation does not end by itself.

What it does:
  Reports ``--script eval_only`` of danijar/dreamerv3 where ``run.steps`` is still the default of 10 billion steps.

Why is this bad:
  ``eval_only`` plays until ``run.steps`` and counts no episodes. A job runs into its time limit, and a script that
  evaluates several checkpoints in a row never starts the second.

How to fix:
  Set ``--run.steps`` to the agent steps of the evaluation: episodes x steps of an episode.

References:
  https://github.com/danijar/dreamerv3/blob/e3f02248693a79dc8b0ebd62c93683888ddaccfe/embodied/run/eval_only.py
"""

from __future__ import annotations

from collections.abc import Iterator

from dreamerguard.core.finding import Finding, Severity
from dreamerguard.core.run import ResolvedRun
from dreamerguard.rules.rule import Example, Rule

rule = Rule("DG716", "endless-evaluation", Severity.WARNING, dialects=("danijar",))

_EVAL = "python dreamerv3/main.py --logdir x --task crafter_reward --script eval_only --run.from_checkpoint c"

GOOD = [Example(f"{_EVAL} --run.steps 1e5")]
BAD = [Example(_EVAL, mark="--script eval_only")]


@rule.check
def check(run: ResolvedRun) -> Iterator[Finding]:
    yield from rule.reported(run)
