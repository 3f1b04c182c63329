"""The environment's ID does not select the task.

What it does:
  Reports ``env.id`` of sheeprl with ``env=dmc`` when it names another task than ``env.wrapper.domain_name`` and
  ``env.wrapper.task_name``.

Why is this bad:
  The wrapper makes the task from domain and task name; ``env.id`` is only a label. The run trains walker-walk under the
  name of another task.

How to fix:
  Set ``env.wrapper.domain_name`` and ``env.wrapper.task_name``.

References:
  https://github.com/Eclectic-Sheep/sheeprl/blob/33b636681fd8b5340b284f2528db8821ab8dcd0b/sheeprl/configs/env/dmc.yaml
"""

from __future__ import annotations

from collections.abc import Iterator

from dreamerguard.core.finding import Finding, Severity
from dreamerguard.core.run import ResolvedRun
from dreamerguard.rules.rule import Example, Rule

rule = Rule("DG616", "unselected-task", Severity.ERROR, dialects=("sheeprl",))

GOOD = [Example("sheeprl exp=dreamer_v3_dmc_walker_walk env.wrapper.domain_name=cheetah env.wrapper.task_name=run")]
BAD = [Example("sheeprl exp=dreamer_v3_dmc_walker_walk env.id=cheetah_run", mark="env.id=cheetah_run")]


@rule.check
def check(run: ResolvedRun) -> Iterator[Finding]:
    """Compares the label with the task of the wrapper."""
    name = run.settings.get("env.id")
    domain, task = run.settings.get("env.wrapper.domain_name"), run.settings.get("env.wrapper.task_name")
    if name is None or domain is None or task is None or name.last.kind != "command line":
        return
    built = f"{domain.value}_{task.value}"
    if str(name.value) != built:
        yield rule.at(
            run.place(name),
            f"env.id is only a label here: the run trains {built}",
            key=name.key,
            help="set env.wrapper.domain_name and env.wrapper.task_name",
        )
