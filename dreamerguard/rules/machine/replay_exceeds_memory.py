"""The replay buffer does not fit into main memory.

What it does:
  Multiplies the bytes of one step by the replay capacity, or by the length of the run if that is shorter, and compares
  the result with the machine's memory, or with the memory that a script asks Slurm for. For programs that keep the
  whole replay buffer in main memory, the limit is four fifths of it. The estimate counts images, and the recurrent
  states that danijar/dreamerv3 stores as float32 since 2024. The bundled trainer is reported only with
  ``replay.storage=device`` or ``host``: ``auto`` and ``disk`` store a replay that does not fit in files.

Why is this bad:
  The process is killed after hours, when the replay buffer is full, without a message. With danijar's default model of
  200M parameters, a step takes 53 kB, so the default capacity of 5M steps takes 248 GiB.

How to fix:
  Lower the replay capacity, or use a smaller model or smaller images. With the bundled trainer, remove
  ``replay.storage``.

References:
  https://github.com/danijar/dreamerv3/issues/203
  https://github.com/NM512/dreamerv3-torch/issues/59
"""

from __future__ import annotations

from collections.abc import Iterator

from dreamerguard.core.finding import Finding, Severity
from dreamerguard.core.machine import Machine
from dreamerguard.core.run import ResolvedRun
from dreamerguard.core.setting import Role
from dreamerguard.rules.helpers.formatting import gibibytes
from dreamerguard.rules.rule import Example, Rule

rule = Rule("DG504", "replay-exceeds-memory", Severity.WARNING)

GOOD = [
    Example("dreamerguard train dmc_walker_walk suite=dmc_vision size=size1m", machine=Machine(gpus=1)),
    Example(
        "dreamerguard train dmc_walker_walk suite=dmc_vision size=size1m env.image_size=256 purpose=short",
        machine=Machine(gpus=0, memory=8 << 30),
    ),
    Example("python dreamerv3/main.py --configs atari --logdir logs", machine=Machine(memory=512 << 30)),
    Example("python dreamerv3/main.py --configs atari100k --logdir logs", machine=Machine(memory=32 << 30)),
    Example("#!/bin/bash\n#SBATCH --mem=32G\npython dreamerv3/main.py --configs atari100k --logdir logs\n"),
]
BAD = [
    Example(
        "dreamerguard train dmc_walker_walk suite=dmc_vision size=size1m env.image_size=256 purpose=short"
        " replay.storage=device",
        mark="env.image_size=256",
        machine=Machine(gpus=0, memory=8 << 30),
    ),
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
    Example(
        "#!/bin/bash\n#SBATCH --mem=32G\npython dreamerv3/main.py --configs atari --logdir logs\n",
        mark="--configs atari",
    ),
]

#: Programs that always keep the replay buffer in main memory.
_IN_MAIN_MEMORY = ("danijar", "nm512_torch")
_PART = 0.8
_ROLES: tuple[Role, ...] = ("capacity", "image_size", "deter", "frames")


@rule.check
def check(run: ResolvedRun) -> Iterator[Finding]:
    """Compares the replay with the memory."""
    memory, needed, certain = run.machine.memory, run.replay_bytes, run.dialect in _IN_MAIN_MEMORY
    if run.whole or memory is None or needed is None or needed < (_PART * memory if certain else memory):
        return
    if not certain and (run.machine.gpus != 0 or _on_gpu(run) or _may_use_disk(run)):
        return
    chosen = next((item for role in _ROLES if (item := run.chosen(role)) is not None), None)
    capacity = run.setting("capacity")
    place = "the script asks Slurm for" if run.machine.job else "this machine has"
    yield rule.at(
        run.place(chosen),
        f"the full replay buffer takes at least {gibibytes(needed)}, but {place} {gibibytes(memory)}",
        key=chosen.key if chosen is not None else "",
        severity=Severity.ERROR if certain and not run.machine.job else None,
        help=f"lower {capacity.key}" if capacity is not None else "",
    )


def _on_gpu(run: ResolvedRun) -> bool:
    device = run.settings.get("buffer.storage_device")
    return device is not None and str(device.value).startswith("cuda")


def _may_use_disk(run: ResolvedRun) -> bool:
    storage = run.settings.get("replay.storage")
    return storage is not None and storage.value in ("auto", "disk")
