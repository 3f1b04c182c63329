"""The run requests a GPU that the machine does not have.

What it does:
  Reports ``runtime.platform=cuda`` on a machine without a usable NVIDIA GPU.

Why is this bad:
  The run fails when it starts.

How to fix:
  Use ``runtime.platform=auto``, or check the driver and ``CUDA_VISIBLE_DEVICES``.
"""

from __future__ import annotations

from collections.abc import Iterator

from dreamerguard.core.finding import Finding, Severity
from dreamerguard.core.machine import Machine
from dreamerguard.core.run import ResolvedRun
from dreamerguard.rules.rule import Example, Rule

rule = Rule("DG501", "missing-gpu", Severity.ERROR)

GOOD = [
    Example("dreamerguard train dmc_walker_walk runtime.platform=cuda", machine=Machine(gpus=1)),
    Example("dreamerguard train dmc_walker_walk runtime.platform=cuda"),
]
BAD = [
    Example(
        "dreamerguard train dmc_walker_walk runtime.platform=cuda",
        mark="runtime.platform=cuda",
        machine=Machine(gpus=0),
        fixed="dreamerguard train dmc_walker_walk runtime.platform=auto",
    )
]


@rule.check
def check(run: ResolvedRun) -> Iterator[Finding]:
    """Compares the platform with the machine's GPUs."""
    platform = run.setting("platform")
    if platform is None or platform.value != "cuda" or run.machine.gpus != 0:
        return
    yield rule.at(
        run.place(platform),
        f"{platform.key} is cuda, but this machine has no usable NVIDIA GPU",
        label="no GPU found",
        key=platform.key,
        fix=run.correct(platform, "auto", f"set {platform.key} to auto", safe=True),
        help="if the machine has a GPU, check the driver and CUDA_VISIBLE_DEVICES",
    )
