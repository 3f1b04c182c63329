"""A full run of a published size trains without a GPU.

What it does:
  Reports a run with ``purpose: full`` and a model of size12m or larger on a machine without a GPU.

Why is this bad:
  Published runs take a large part of a day on a data-centre GPU. Without a GPU, the same run takes many times as long.

How to fix:
  Train on a machine with a GPU, or use a smaller size and declare ``purpose=short``.

References:
  https://github.com/Eclectic-Sheep/sheeprl/issues/227
"""

from __future__ import annotations

from collections.abc import Iterator

from dreamerguard.core.finding import Evidence, Finding, Harm, Severity
from dreamerguard.core.machine import Machine
from dreamerguard.core.run import ResolvedRun
from dreamerguard.rules.helpers.formatting import amount
from dreamerguard.rules.rule import Example, Rule

rule = Rule(
    "DG502", "slow-on-cpu", Severity.WARNING, unless=("missing-gpu", "no-training", "run-too-short", "unknown-task")
)

GOOD = [
    Example("dreamerguard train dmc_walker_walk", machine=Machine(gpus=1)),
    Example("dreamerguard train dmc_walker_walk size=size1m", machine=Machine(gpus=0)),
    Example("dreamerguard train dmc_walker_walk purpose=short run.frames=2e4", machine=Machine(gpus=0)),
]
BAD = [Example("dreamerguard train dmc_walker_walk", mark="dmc_walker_walk", machine=Machine(gpus=0))]

#: Width of size12m's recurrent state.
_LARGE = 2048
#: A run with fewer updates is short for any declared purpose: published runs of control tasks make 125 thousand.
_LONG = 10_000


@rule.check
def check(run: ResolvedRun) -> Iterator[Finding]:
    """Looks at the device, the size and the number of updates."""
    platform, deter = run.setting("platform"), run.setting("deter")
    if platform is None or deter is None or run.budget is None or run.machine.gpus != 0:
        return
    if platform.value not in ("auto", "cpu") or run.purpose == "short":
        return
    if deter.number < _LARGE or run.budget.updates < _LONG:
        return
    evidence = [Evidence("computed", f"{amount(run.budget.updates)} gradient updates")]
    if run.reference is not None and run.reference.gpu_time is not None:
        days, origin = run.reference.gpu_time
        evidence.append(Evidence("published", f"the published run took {days}: {origin}", origin.url))
    yield rule.at(
        run.place(platform),
        "this full run would train without a GPU",
        label="no GPU found here",
        key=platform.key,
        evidence=tuple(evidence),
        harm=Harm("moderate", "many times the published training time"),
        help="size=size1m purpose=short suits a CPU: a small agent, and a run that is meant to be short",
    )
