"""The replay does not fit into memory.

What it does:
  Estimates the bytes of the full replay, images and latents, and compares them with the machine's main memory when it
  trains without a GPU.

Why is this bad:
  The run dies late, when the replay has filled up.

How to mend:
  Lower ``replay.capacity`` or ``env.image_size``.

"""

from __future__ import annotations

from collections.abc import Iterator

from dreamerguard.machine import Machine
from dreamerguard.model import Finding, Severity
from dreamerguard.resolved import ResolvedRun, Role
from dreamerguard.rules.rule import Example, Rule
from dreamerguard.rules.words import gibibytes

rule = Rule("DG504", "replay-exceeds-memory", Severity.WARNING, unless=("replay-exceeds-ram",))

_SMALL = Machine(gpus=0, memory=8 * 2**30)

GOOD = [Example("dreamerguard train dmc_walker_walk suite=dmc_vision size=size1m", machine=Machine(gpus=1))]
BAD = [
    Example(
        "dreamerguard train dmc_walker_walk suite=dmc_vision size=size1m env.image_size=256 purpose=short",
        mark="env.image_size=256",
        machine=_SMALL,
    )
]

_ROLES: tuple[Role, ...] = ("image_size", "capacity", "frames")


@rule.check
def check(run: ResolvedRun) -> Iterator[Finding]:
    """Compares the replay with the memory."""
    memory, needed = run.machine.memory, run.replay_bytes
    device = run.settings.get("buffer.storage_device")
    if device is not None and str(device.value).startswith("cuda"):
        return
    if memory is None or needed is None or run.machine.gpus != 0 or needed < memory:
        return
    chosen = next((item for role in _ROLES if (item := run.chosen(role)) is not None), None)
    yield rule.at(
        run.place(chosen),
        f"the full replay takes at least {gibibytes(needed)}, this machine has {gibibytes(memory)}",
        key=chosen.key if chosen is not None else "",
        help="lower replay.capacity or env.image_size",
    )
