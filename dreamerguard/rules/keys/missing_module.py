"""The program lacks the module for the task's suite.

What it does:
  Reports tasks ``dm_...`` and ``langroom_...`` of danijar/dreamerv3 since December 2024. In forks, reports suites with
  a module that the checkout's code imports for them and the checkout lacks, although it has the package around it.

Why is this bad:
  The import fails, so the program stops. Upstream maps ``dm`` and ``langroom`` to ``embodied/envs/from_dmenv.py`` and
  ``langroom.py``, which do not exist.

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
    "DG336",
    "missing-module",
    Severity.ERROR,
    confidence=Confidence.MEDIUM,
    dialects=("danijar", "nm512_torch", "r2dreamer"),
)

GOOD = [Example("python dreamerv3/main.py --configs dmc_vision --task dmc_walker_walk --logdir logs")]
BAD = [Example("python dreamerv3/main.py --task dm_walker_walk --logdir logs", mark="--task dm_walker_walk")]


@rule.check
def check(run: ResolvedRun) -> Iterator[Finding]:
    task = run.chosen("task")
    suite = str(task.value).split("_", 1)[0] if task is not None and run.edition == "2025" else ""
    module = {"dm": "from_dmenv.py", "langroom": "langroom.py"}.get(suite)
    if module is None or task is None:
        yield from rule.reported(run)
    else:
        yield rule.at(
            run.place(task),
            f"{task.value} needs embodied/envs/{module}, which upstream does not include",
            key=task.key,
            upstream=run.upstream,
        )
