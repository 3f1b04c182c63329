"""The run uses the CPU by default although the machine has a GPU.

What it does:
  Reports sheeprl runs without ``fabric.accelerator`` on a machine with a GPU. The default is ``cpu``.

Why is this bad:
  Training takes many times as long; a user measured a factor of 400.

How to fix:
  Add ``fabric.accelerator=cuda``.

References:
  https://github.com/Eclectic-Sheep/sheeprl/issues/227
  https://github.com/Eclectic-Sheep/sheeprl/issues/314
"""

from __future__ import annotations

from collections.abc import Iterator

from dreamerguard.core.finding import Evidence, Finding, Harm, Severity
from dreamerguard.core.machine import Machine
from dreamerguard.core.run import ResolvedRun
from dreamerguard.rules.rule import Example, Rule

rule = Rule("DG506", "default-cpu", Severity.ERROR, unless=("unused-gpu", "smoke-test-settings"), dialects=("sheeprl",))

GOOD = [
    Example("sheeprl exp=dreamer_v3 fabric.accelerator=cuda", machine=Machine(gpus=1)),
    Example("sheeprl exp=dreamer_v3", machine=Machine(gpus=0)),
]
BAD = [Example("sheeprl exp=dreamer_v3", mark="sheeprl exp=dreamer_v3", machine=Machine(gpus=1))]

_REPORT = Evidence(
    "reported", "a run on the CPU was 400 times slower", "https://github.com/Eclectic-Sheep/sheeprl/issues/227"
)


@rule.check
def check(run: ResolvedRun) -> Iterator[Finding]:
    """Looks at the default where the machine has a GPU."""
    platform = run.setting("platform")
    if platform is None or platform.chosen or platform.value != "cpu" or not run.machine.gpus or run.budget is None:
        return
    yield rule.at(
        run.place(platform) if platform.chosen else run.anchor,
        f"{platform.key} is cpu by default, but this machine has a GPU",
        key=platform.key,
        evidence=(_REPORT,),
        harm=Harm("moderate", "many times the training time"),
        help=f"add {platform.key}=cuda",
    )
