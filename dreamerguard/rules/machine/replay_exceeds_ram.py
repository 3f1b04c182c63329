"""The replay does not fit into main memory.

What it does:
  Multiplies the bytes of one step by the capacity, or by the length of the run where that is shorter, and compares with
  four fifths of the machine's memory. Counted are images, and the recurrent states that danijar/dreamerv3 stores as
  float32 since 2024.

Why is this bad:
  Both programs keep the whole replay in main memory. The process is killed after hours, without a message. With the
  default model of 200M parameters a step takes 53 kB, so the default capacity of 5M steps takes 248 GiB.

How to mend:
  Lower ``replay.size`` or ``dataset_size``, or take a smaller model or smaller images.

References:
  https://github.com/danijar/dreamerv3/issues/203
  https://github.com/NM512/dreamerv3-torch/issues/59
"""

from __future__ import annotations

from collections.abc import Iterator

from dreamerguard.machine import Machine
from dreamerguard.model import Finding, Severity
from dreamerguard.resolved import ResolvedRun, Role
from dreamerguard.rules.rule import Example, Rule
from dreamerguard.rules.words import gibibytes

rule = Rule("DG522", "replay-exceeds-ram", Severity.ERROR, dialects=("danijar", "nm512_torch"))

GOOD = [
    Example("python dreamerv3/main.py --configs atari --logdir logs", machine=Machine(memory=512 << 30)),
    Example("python dreamerv3/main.py --configs atari100k --logdir logs", machine=Machine(memory=32 << 30)),
]
BAD = [
    Example(
        "python dreamerv3/main.py --configs atari --logdir logs",
        mark="--configs atari",
        machine=Machine(memory=64 << 30),
    ),
    Example(
        "python dreamer.py --configs dmc_vision --size 256,256 --logdir logs",
        mark="--size 256,256",
        machine=Machine(memory=64 << 30),
    ),
]

_PART = 0.8
_ROLES: tuple[Role, ...] = ("capacity", "image_size", "deter")


@rule.check
def check(run: ResolvedRun) -> Iterator[Finding]:
    memory, needed = run.machine.memory, run.replay_bytes
    if run.whole or memory is None or needed is None or needed < _PART * memory:
        return
    chosen = next((item for role in _ROLES if (item := run.chosen(role)) is not None), None)
    capacity = run.setting("capacity")
    yield rule.at(
        run.place(chosen),
        f"the replay takes at least {gibibytes(needed)} in the end, and this machine has {gibibytes(memory)}",
        key=chosen.key if chosen is not None else "",
        help=f"lower {capacity.key}" if capacity is not None else "",
    )
