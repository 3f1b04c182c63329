"""The run uses the CPU although the machine has a GPU.

What it does:
  Reports ``runtime.platform=cpu`` on a machine with a usable NVIDIA GPU, in runs with ``purpose: full``.

Why is this bad:
  The GPU stays idle, and the run takes many times as long. Such settings often remain after debugging.

How to fix:
  Remove the setting.

References:
  https://github.com/danijar/dreamerv3/issues/46
  https://github.com/Eclectic-Sheep/sheeprl/issues/227
"""

from __future__ import annotations

from collections.abc import Iterator

from dreamerguard.core.finding import Finding, Fix, Harm, Severity
from dreamerguard.core.machine import Machine
from dreamerguard.core.run import ResolvedRun
from dreamerguard.core.setting import Setting
from dreamerguard.rules.rule import Example, Rule

rule = Rule("DG503", "unused-gpu", Severity.WARNING)

GOOD = [
    Example("dreamerguard train dmc_walker_walk runtime.platform=cpu size=size1m", machine=Machine(gpus=0)),
    Example("dreamerguard train dmc_walker_walk", machine=Machine(gpus=1)),
]
BAD = [
    Example(
        "dreamerguard train dmc_walker_walk runtime.platform=cpu",
        mark="runtime.platform=cpu",
        machine=Machine(gpus=1),
        fixed="dreamerguard train dmc_walker_walk runtime.platform=auto",
    )
]


@rule.check
def check(run: ResolvedRun) -> Iterator[Finding]:
    """Compares the platform that the user chose with the machine's GPUs."""
    platform = run.chosen("platform")
    if platform is None or platform.value != "cpu" or not run.machine.gpus or run.purpose == "short":
        return
    yield rule.at(
        run.place(platform),
        f"{platform.key} is cpu, but this machine has {run.machine.gpus} GPU{'s' if run.machine.gpus > 1 else ''}",
        label="leaves the GPU idle",
        key=platform.key,
        fix=_automatic(run, platform),
        harm=Harm("moderate", "many times the training time"),
    )


def _automatic(run: ResolvedRun, platform: Setting) -> Fix | None:
    """Restores automatic selection of the device, in programs that support it."""
    known = run.keys.get(platform.key)
    if known is None or "auto" not in known.choices:
        return None
    return run.correct(platform, "auto", f"set {platform.key} to auto")
