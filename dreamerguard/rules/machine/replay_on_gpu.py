"""The replay buffer takes most of the GPU memory.

What it does:
  Computes the size of r2dreamer's replay buffer, which is allocated at once on ``buffer.storage_device``, by default
  the GPU. It reports a buffer that would not leave enough memory on a card of 48 GiB.

Why is this bad:
  The program runs out of memory and stops at the first transition, or at the first update.

How to fix:
  Set ``buffer.storage_device=cpu``, or a smaller ``buffer.max_size``.

References:
  https://github.com/NM512/r2dreamer/blob/546e4fab8146ea4b14e1d7726bbc1a8a1d50322f/buffer.py
"""

from __future__ import annotations

from collections.abc import Iterator

from dreamerguard.core.finding import Finding, Severity
from dreamerguard.core.run import ResolvedRun
from dreamerguard.core.setting import Role
from dreamerguard.rules.helpers.formatting import gibibytes
from dreamerguard.rules.rule import Example, Rule

rule = Rule("DG505", "replay-on-gpu", Severity.WARNING, dialects=("r2dreamer",))

GOOD = [
    Example("python train.py env=dmc_vision model=size200M"),
    Example("python train.py env=dmc_vision buffer.max_size=5e6 buffer.storage_device=cpu"),
]
BAD = [Example("python train.py env=dmc_vision buffer.max_size=5e6", mark="buffer.max_size=5e6")]

_CARD = 40 * 2**30


@rule.check
def check(run: ResolvedRun) -> Iterator[Finding]:
    """Multiplies capacity and bytes per step."""
    device, needed = run.settings.get("buffer.storage_device"), run.replay_bytes
    if device is None or needed is None or not str(device.value).startswith("cuda") or needed < _CARD:
        return
    roles: tuple[Role, ...] = ("capacity", "image_size", "deter")
    chosen = next((item for role in roles if (item := run.chosen(role)) is not None), None)
    yield rule.at(
        run.place(chosen),
        f"the replay buffer takes {gibibytes(needed)} on {device.value} as soon as it is allocated",
        key=chosen.key if chosen is not None else "buffer.max_size",
        help="buffer.storage_device=cpu keeps it in main memory",
    )
