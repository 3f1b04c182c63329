"""The slots of one machine: how many runs fit into its cores and GPUs, and which GPU each run has."""

from __future__ import annotations

from collections.abc import Sequence

from dreamerguard.core.machine import Machine
from dreamerguard.sweep.plan.sweep_file import EngineSettings

from .interface import EngineError

#: Shares of a GPU are sums of floats.
_ROUNDING = 1e-9


class Slots:
    """Slots of cores and GPUs.

    Args:
      most: most runs at the same time.
      gpus: names of the GPUs; none if runs use no GPU.
      share: GPUs of a run: a part of one, or a whole number.
    """

    def __init__(self, most: int, gpus: Sequence[str] = (), share: float = 0.0) -> None:
        self._most, self._share = most, share
        self._left = dict.fromkeys(gpus, 1.0)
        self._taken: dict[str, tuple[str, ...]] = {}

    @classmethod
    def of_machine(cls, settings: EngineSettings, machine: Machine, visible: str | None) -> Slots:
        """Returns the slots of a machine.

        Args:
          settings: what each run takes, and limits.
          machine: the machine.
          visible: value of ``CUDA_VISIBLE_DEVICES``; None if it is not set.

        Raises:
          EngineError: the machine has not what one run takes.
        """
        share, cores = settings.gpus_per_run, machine.cpus or 1
        names = _gpus(settings, machine, visible) if share else []
        by_gpu = len(names) * int(1 / share + _ROUNDING) if 0 < share <= 1 else len(names) // int(share or 1)
        if share and not by_gpu:
            raise EngineError(
                f"a run takes {share:g} GPUs, but this machine has {len(names)}: lower engine.gpus_per_run"
            )
        by_core = max(int(cores / settings.cores_per_run + _ROUNDING), 1)
        limits = [by_core, *([by_gpu] if share else []), *_by_memory(settings, machine)]
        most = (
            min(limits) if settings.slots is None else min(settings.slots, *([by_gpu] if share else [settings.slots]))
        )
        return cls(most, names, share)

    @property
    def free(self) -> int:
        """Number of runs that still fit."""
        return max(self._most - len(self._taken), 0)

    def take(self, name: str) -> tuple[str, ...] | None:
        """Takes a slot. Returns the GPUs of the run; None if runs use no GPU."""
        if not self._share:
            self._taken[name] = ()
            return None
        part = min(self._share, 1.0)
        fitting = [gpu for gpu, left in self._left.items() if left >= part - _ROUNDING]
        # A shared GPU is filled before the next one.
        chosen = tuple(sorted(fitting, key=lambda gpu: self._left[gpu])[: max(int(self._share), 1)])
        self._keep(name, chosen)
        return chosen

    def keep(self, name: str, gpus: Sequence[str] | None) -> None:
        """Takes the slot that a run of an earlier controller has."""
        self._keep(name, tuple(gpu for gpu in gpus or () if gpu in self._left))

    def give_back(self, name: str) -> None:
        """Gives a slot back."""
        for gpu in self._taken.pop(name, ()):
            self._left[gpu] += min(self._share, 1.0)

    def _keep(self, name: str, gpus: tuple[str, ...]) -> None:
        self._taken[name] = gpus
        for gpu in gpus:
            self._left[gpu] -= min(self._share, 1.0)


def _gpus(settings: EngineSettings, machine: Machine, visible: str | None) -> list[str]:
    if settings.gpus is not None:
        return [str(gpu) for gpu in settings.gpus]
    if visible is not None:
        return [name.strip() for name in visible.split(",") if name.strip() not in ("", "-1", "NoDevFiles")]
    return [str(index) for index in range(machine.gpus or 0)]


def _by_memory(settings: EngineSettings, machine: Machine) -> list[int]:
    if settings.memory_per_run is None or machine.memory is None:
        return []
    return [max(int(machine.memory / 1e9 / settings.memory_per_run), 1)]
