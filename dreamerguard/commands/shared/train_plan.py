"""Makes the plan for ``train --dry-run`` as plain data: settings, budget, memory, run directory and time.

It writes and starts nothing. Memory is estimated from shapes on the CPU, so no GPU is needed.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .errors import fail

if TYPE_CHECKING:
    from dreamerguard.core.result import Result
    from dreamerguard.core.run import ResolvedRun
    from dreamerguard.core.setting import Layer
    from dreamerguard.schema import RunConfig

VERSION = 1
#: Settings that are always shown, in addition to those with a role and those that the user set.
_SHOWN = ("seed", "seeds", "optimizer.lr")
#: Packages that let JAX use an NVIDIA GPU.
_GPU_PACKAGES = ("jax_cuda12_plugin", "jax_cuda13_plugin")


def make_plan(result: Result, directory: Path, typed: list[str], *, restart: bool = False) -> dict[str, Any]:
    """Returns the plan of ``dreamerguard train``.

    Args:
      result: lint result. For a refused run the plan holds only this and the verdict and command.
      directory: the run directory.
      typed: the arguments as typed.
      restart: whether an earlier run in the directory is set aside.

    Raises:
      CommandFailed: the run cannot start: the directory has another configuration, the environment cannot be made, or
        memory is too small.
    """
    from dreamerguard.reports.json import report_object

    lint, config = report_object(result), result.run.config
    verdict = "refused" if result.refused else "sound"
    plan: dict[str, Any] = {"version": VERSION, "verdict": verdict, "command": typed, "lint": lint}
    if result.refused or config is None:
        return plan
    place = _directory(directory, config, restart)
    device = device_of(config, result.run.machine.gpus)
    return plan | {
        "settings": list(_settings(result.run)),
        "budget": lint["budget"],
        "memory": _memory(config, device, directory, result.run.replay_bytes),
        "directory": place,
        "time": _time(result.run, config, directory, device, place["state"] == "continued"),
    }


def _settings(run: ResolvedRun) -> Iterator[dict[str, Any]]:
    shown = {*run.roles.values(), *_SHOWN}
    for key, setting in run.settings.items():
        if key in shown or setting.chosen:
            layer = setting.last
            place = str(layer.span) if layer.span is not None else layer.name
            yield {"key": key, "value": setting.value, "layer": layer.kind, "place": place, "source": _source(layer)}


def _source(layer: Layer) -> str | None:
    """Returns the address of the publication that states a built-in value; None if there is none."""
    return getattr(layer.origin, "url", "") or None


def _directory(directory: Path, config: RunConfig, restart: bool) -> dict[str, Any]:
    from dreamerguard.programs.native.old_files import why_not_continued
    from dreamerguard.programs.native.run_directory import CONFIG, ConfigChanged, check_same

    from .exit_codes import DAMAGED

    if restart or not (directory / CONFIG).exists():
        return {"path": str(directory), "state": "created", "checkpoint": None}
    try:
        check_same(directory, config)
    except (ConfigChanged, ValueError, OSError) as error:
        fail(str(error))
    if reason := why_not_continued(directory):
        fail(reason, DAMAGED)
    steps = [int(path.name) for path in directory.glob("checkpoints/*") if path.name.isdigit()]
    return {"path": str(directory), "state": "continued", "checkpoint": max(steps, default=None)}


def device_of(config: RunConfig, gpus: int | None) -> str:
    """Returns the kind of device that the run will use: ``cpu``, ``gpu`` or ``tpu``."""
    if config.runtime.platform != "auto":
        return {"cuda": "gpu"}.get(config.runtime.platform, config.runtime.platform)
    usable = bool(gpus) and any(importlib.util.find_spec(name) is not None for name in _GPU_PACKAGES)
    return "gpu" if usable else "cpu"


def _memory(config: RunConfig, device: str, directory: Path, replay: float | None) -> dict[str, Any]:
    """Returns the memory estimate of the bundled trainer, or the reason why there is none."""
    from .agent_extra import missing_packages

    missing = missing_packages()
    if missing:
        return {"device": device, "total": None, "least_replay": replay, "unknown": missing}
    import jax

    jax.config.update("jax_platforms", "cpu")  # shapes are enough, and no GPU is touched
    from dreamerguard_agent.envs import EnvError
    from dreamerguard_agent.runtime.memory_budget import DoesNotFit

    if config.runtime.dtype == "auto" and device != "cpu":
        runtime = config.runtime.model_copy(update={"dtype": "bfloat16"})
        config = config.model_copy(update={"runtime": runtime})
    try:
        return {"device": device, **_storages(config, device, directory)}
    except (EnvError, DoesNotFit, ValueError) as error:
        fail(str(error))
    except (OverflowError, MemoryError):
        fail("the networks or the replay are too large for any machine: lower the settings of model or replay")


def _storages(config: RunConfig, device: str, directory: Path) -> dict[str, Any]:
    """Returns the memory of the run, and its parts with each storage of the replay.

    The storage is None if the memory of the device decides it, which is known at the start of the run.
    """
    from dreamerguard_agent.evaluate import read_spec
    from dreamerguard_agent.runtime import memory_budget, storage_choice

    spec = read_spec(config)
    cpu, whole = device == "cpu", memory_budget.device_memory()
    free = storage_choice.free_bytes(storage_choice.replay_folder(config, directory))
    limits = storage_choice.Limits(cpu, whole if cpu else None, None if cpu else whole, free)
    steps = -(-config.run.frames // (config.run.envs * config.env.action_repeat))
    chosen = storage_choice.choose_storage(config, spec, steps, directory, limits)
    needs = {
        name: memory_budget.estimate(config, spec, steps, main_memory=cpu, storage=name)
        for name in storage_choice.STORAGES
    }
    known = cpu or config.replay.storage != "auto"
    return {
        "total": chosen.need.device.total,
        "available": limits.device,
        "parts": asdict(chosen.need.device),
        "storage": chosen.storage if known else None,
        "storages": {
            name: {"device": need.device.total, "host": need.host, "disk": need.disk} for name, need in needs.items()
        },
        "limits": {"device": limits.device, "host": limits.host, "disk": limits.disk},
        "reason": chosen.reason,
    }


def _time(run: ResolvedRun, config: RunConfig, directory: Path, device: str, continued: bool) -> dict[str, Any]:
    """Returns the remaining time, estimated from a similar run on this machine; None without such a run."""
    from .measured_speed import measured_speed, newest_frames

    published = run.reference.gpu_time if run.reference is not None else None
    published_time = None if published is None else {"time": published[0], "source": str(published[1])}
    speed = measured_speed(config, directory, device)
    if speed is None:
        return {"seconds": None, "published": published_time}
    done = newest_frames(directory, config) if continued else 0.0
    left = max(config.run.frames - done, 0.0)
    return {
        "seconds": left / speed.frames_per_second,
        "frames_left": left,
        "frames_per_second": speed.frames_per_second,
        "rows": speed.rows,
        "run": str(speed.run),
        "published": published_time,
    }
