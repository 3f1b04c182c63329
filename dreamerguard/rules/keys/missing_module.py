"""The program lacks the module for the task's suite.

What it does:
  Reports tasks ``dm_...`` and ``langroom_...`` of danijar/dreamerv3 since December 2024. In forks of dreamerv3-torch,
  reports suites with a module that the checkout's script imports and the checkout lacks.

Why is this bad:
  The program maps these suites to ``embodied/envs/from_dmenv.py`` and ``langroom.py``, which do not exist, so the
  import fails.

How to fix:
  For dm_control, use ``dmc_...``. Otherwise add the module.

References:
  https://github.com/danijar/dreamerv3/blob/e3f02248693a79dc8b0ebd62c93683888ddaccfe/dreamerv3/main.py
"""

from __future__ import annotations

from collections.abc import Iterator

from dreamerguard.core.finding import Confidence, Finding, Severity
from dreamerguard.core.run import ResolvedRun
from dreamerguard.rules.rule import Example, Rule

rule = Rule(
    "DG336", "missing-module", Severity.ERROR, confidence=Confidence.MEDIUM, dialects=("danijar", "nm512_torch")
)

GOOD = [Example("python dreamerv3/main.py --configs dmc_vision --task dmc_walker_walk --logdir logs")]
BAD = [Example("python dreamerv3/main.py --task dm_walker_walk --logdir logs", mark="--task dm_walker_walk")]


@rule.check
def check(run: ResolvedRun) -> Iterator[Finding]:
    yield from rule.reported(run)
    task = run.chosen("task")
    if run.edition != "2025" or task is None:
        return
    module = {"dm": "from_dmenv.py", "langroom": "langroom.py"}.get(str(task.value).split("_", 1)[0])
    if module is not None:
        yield rule.at(
            run.place(task),
            f"{task.value} needs embodied/envs/{module}, which upstream does not include",
            key=task.key,
            upstream=run.upstream,
        )
