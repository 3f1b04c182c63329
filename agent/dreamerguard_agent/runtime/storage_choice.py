"""Chooses where the replay lies, from the memory of the run and of the machine, and refuses a run that fits nowhere."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import jax

from dreamerguard.schema import RunConfig

from ..base.spec import AgentSpec
from ..replay.buffer import replay_size
from . import memory_budget
from .memory_budget import DoesNotFit, StorageNeed, estimate, format_bytes

#: In the order in which ``replay.storage=auto`` tries them.
STORAGES = ("device", "host", "disk")
_PLACES = {"device": "on the device", "host": "in host memory", "disk": "on disk"}


class Limits(NamedTuple):
    """Bytes that a run may use; None where they are not known.

    Attributes:
      cpu: whether the device computes in main memory.
      device: memory of the device; on a CPU, main memory.
      host: main memory, if the device does not compute there.
      disk: free bytes of the folder for files of the replay.
    """

    cpu: bool
    device: int | None
    host: int | None
    disk: int | None


class ChosenStorage(NamedTuple):
    """The storage of a run.

    Attributes:
      storage: ``device``, ``host`` or ``disk``.
      folder: folder for files of the replay.
      text: line that states the memory of the run, the storage and the reason.
      reason: why this storage was chosen.
      need: memory of the run with this storage.
    """

    storage: str
    folder: Path
    text: str
    reason: str
    need: StorageNeed


def read_limits(folder: Path) -> Limits:
    """Returns the limits of this machine."""
    cpu, device = jax.default_backend() == "cpu", memory_budget.device_memory()
    return Limits(cpu, device, None if cpu else memory_budget.main_memory(), free_bytes(folder))


def replay_folder(config: RunConfig, directory: Path) -> Path:
    """Returns the folder for files of the replay.

    Raises:
      DoesNotFit: it does not exist.
    """
    if not config.replay.scratch:  # of several processes, only the machine of process 0 must have the run directory
        return directory if jax.process_index() == 0 or directory.is_dir() else Path(tempfile.gettempdir())
    if not (folder := Path(config.replay.scratch)).is_dir():
        raise DoesNotFit(f"replay.scratch is {folder}, which is no folder: make it, or choose another one")
    return folder


def choose_storage(
    config: RunConfig, spec: AgentSpec, vector_steps: int, directory: Path, limits: Limits | None = None
) -> ChosenStorage:
    """Chooses the storage: as configured, or the first one that fits.

    Args:
      config: the run.
      spec: the agent.
      vector_steps: steps of all environments in the whole run.
      directory: the run directory; it may not exist yet.
      limits: what the run may use; None reads it from the machine.

    Raises:
      DoesNotFit: the run does not fit with this storage, or with any if it is ``auto``.
    """
    folder = replay_folder(config, directory)
    limits = read_limits(folder) if limits is None else limits
    problems: dict[str, str] = {}
    for storage in _tried(config):
        need = estimate(config, spec, vector_steps, main_memory=limits.cpu, storage=storage)
        problems[storage] = _problem(need, limits, folder)
        if not problems[storage]:
            text = f"memory: {_need_text(need, limits)}. The replay is {_place(storage, need, limits, folder)}"
            reason = _reason(config, problems)
            return ChosenStorage(storage, folder, f"{text} ({reason})", reason, need)
    raise DoesNotFit(_refusal(config, spec, vector_steps, limits, problems))


def _tried(config: RunConfig) -> tuple[str, ...]:
    return STORAGES if config.replay.storage == "auto" else (config.replay.storage,)


def _need_text(need: StorageNeed, limits: Limits) -> str:
    """Returns the memory of the run and its parts."""
    place = "main memory" if limits.cpu else "device memory"
    limit = "" if limits.device is None else f" of {format_bytes(limits.device)} {place}"
    text = f"{format_bytes(need.device.total)}{limit}: {need.device.text()}"
    if need.host:
        most = "" if limits.host is None else f" of {format_bytes(limits.host)}"
        text += f"; main memory for the replay: {format_bytes(need.host)}{most}"
    return text


def _place(storage: str, need: StorageNeed, limits: Limits, folder: Path) -> str:
    if not need.disk:
        return _PLACES[storage]
    free = "" if limits.disk is None else f" of {format_bytes(limits.disk)} free"
    return f"on disk, {format_bytes(need.disk)}{free} in {folder}"


def _reason(config: RunConfig, problems: dict[str, str]) -> str:
    """Returns why this storage was chosen."""
    if config.replay.storage != "auto":
        return f"replay.storage={config.replay.storage}"
    failed = [f"{_PLACES[storage]}, {problem}" for storage, problem in problems.items() if problem]
    return "replay.storage=auto: " + ("; ".join(failed) if failed else "it fits")


def _problem(need: StorageNeed, limits: Limits, folder: Path) -> str:
    """Returns why the run does not fit; empty if it does, or if a limit is not known."""
    if limits.device is not None and need.device.total > limits.device:
        place = "main memory" if limits.cpu else "device memory"
        return _shortage(need.device.total, limits.device, place)
    if limits.host is not None and need.host > limits.host:
        return _shortage(need.host, limits.host, "main memory")
    if limits.disk is not None and need.disk > limits.disk:
        return _shortage(need.disk, limits.disk, f"disk space in {folder}")
    return ""


def _shortage(need: int, limit: int, place: str) -> str:
    return f"the run needs {format_bytes(need)} of {place}, but only {format_bytes(limit)} are available"


def _refusal(config: RunConfig, spec: AgentSpec, vector_steps: int, limits: Limits, problems: dict[str, str]) -> str:
    """Returns the message for a run that fits nowhere: each storage with its numbers, and what would fit."""
    storage, problem = next(iter(problems.items()))
    need = estimate(config, spec, vector_steps, main_memory=limits.cpu, storage=storage)
    others = [f"With the replay {_PLACES[name]}, {text}." for name, text in problems.items() if name != storage]
    parts = f"{problem}: {need.device.text()}"
    advice = _advice(config, spec, vector_steps, limits)
    return " ".join([f"{parts}.", *others, advice])


def _advice(config: RunConfig, spec: AgentSpec, vector_steps: int, limits: Limits) -> str:
    """Returns advice: the largest number of seeds, the largest replay and another storage that fit."""

    def fits(changed: RunConfig, storages: Sequence[str]) -> bool:
        needs = (estimate(changed, spec, vector_steps, main_memory=limits.cpu, storage=name) for name in storages)
        return any(not _problem(need, limits, Path()) for need in needs)

    def largest(most: int, change: str) -> int:
        """Returns the largest number up to ``most`` that fits, by bisection; 0 if none does."""
        low, high = 0, most
        while low < high:
            middle = (low + high + 1) // 2
            low, high = (middle, high) if fits(_changed(config, change, middle), _tried(config)) else (low, middle - 1)
        return low

    advice = []
    if (seeds := largest(config.seeds - 1, "seeds")) > 0:
        advice.append(f"--seeds {seeds}")
    capacity = largest(replay_size(config, vector_steps).capacity, "capacity")
    if capacity >= config.replay.batch_size * config.replay.batch_length:
        advice.append(f"replay.capacity={capacity // 1000 * 1000 or capacity}")
    if config.replay.storage != "auto":
        advice += [f"replay.storage={other}" for other in STORAGES if fits(config, [other])][:1]
    if advice:
        return f"What fits: {' or '.join(advice)}"
    return "Choose a smaller model (size=...) or batch (replay.batch_size, replay.batch_length), or another device"


def _changed(config: RunConfig, name: str, value: int) -> RunConfig:
    if name == "seeds":
        return config.model_copy(update={"seeds": value})
    return config.model_copy(update={"replay": config.replay.model_copy(update={name: value})})


def free_bytes(folder: Path) -> int | None:
    """Returns the free bytes of a folder, or of the folder above it that exists."""
    place = folder.absolute()
    while not os.path.isdir(place) and place != place.parent:  # noqa: PTH112 - does not raise
        place = place.parent
    try:
        return shutil.disk_usage(place).free
    except OSError:
        return None
