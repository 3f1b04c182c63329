"""The log directory or the checkpoint belongs to another run.

What it does:
  Reads the configuration that an earlier run stored in the named log directory or beside the named checkpoint, and
  compares its task, model size and train ratio with those of the command.

Why is this bad:
  The programs continue whatever they find. With equal shapes, an agent trained on another task goes on without a
  message, its logs grow in the same files, and one curve shows two runs. With other shapes, the program stops after
  the start. sheeprl stops for another environment.

How to fix:
  Name another log directory for a new run. To continue the run, use its settings. If the transfer is intended, suppress
  the rule with a reason.

References:
  https://github.com/danijar/dreamerv3/blob/e3f02248693a79dc8b0ebd62c93683888ddaccfe/embodied/jax/agent.py
  https://github.com/Eclectic-Sheep/sheeprl/blob/33b636681fd8b5340b284f2528db8821ab8dcd0b/sheeprl/cli.py#L23
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from dreamerguard.core.finding import Confidence, Finding, Severity
from dreamerguard.core.run import ResolvedRun
from dreamerguard.rules.rule import Example, Rule

rule = Rule("DG717", "another-run", Severity.WARNING, confidence=Confidence.MEDIUM)

_STORED = "task: dmc_cheetah_run\nscript: train\nrun: {train_ratio: 1024.0, steps: 1.1e6}\n"
_MAIN = "python dreamerv3/main.py --configs dmc_proprio --logdir runs/a"

GOOD = [
    Example(f"{_MAIN} --task dmc_cheetah_run", files={"runs/a/config.yaml": _STORED}),
    Example("python dreamerv3/main.py --configs dmc_proprio --logdir runs/b", files={"runs/a/config.yaml": _STORED}),
]
BAD = [
    Example(f"{_MAIN} --task dmc_walker_walk", files={"runs/a/config.yaml": _STORED}, mark="--logdir runs/a"),
    Example(
        f"{_MAIN} --task dmc_cheetah_run",
        files={"runs/a/config.yaml": _STORED.replace("1024", "512")},
        mark="--logdir runs/a",
    ),
]


@rule.check
def check(run: ResolvedRun) -> Iterator[Finding]:
    """Raises the severity where the program stops."""
    task = run.roles.get("task")
    for finding in rule.reported(run):
        stops = run.dialect == "sheeprl" and finding.key == task
        yield replace(finding, severity=Severity.ERROR) if stops else finding
