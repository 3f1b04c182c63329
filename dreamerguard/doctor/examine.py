"""Makes all checks of a machine, those in child processes at the same time."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dreamerguard.core.machine import count_gpus

from . import clock, devices, folders, limits, memory, packages
from .child import ProbeAnswer, run_probe
from .grade import MachineCheck, error, not_checked, ok, one_line

if TYPE_CHECKING:
    from dreamerguard.schema import RunConfig

#: Seconds that a probe may take.
TIME_LIMIT = 120.0
_LOGDIR = "choose another folder with --logdir, or change its permissions"


@dataclass(frozen=True, slots=True)
class RunPlan:
    """The run that the machine is examined for.

    Attributes:
      folder: run directory; it may not exist yet.
      config: the run; None to examine the machine for runs in general.
    """

    folder: Path
    config: RunConfig | None = None

    @property
    def platform(self) -> str:
        """The configured device."""
        return "auto" if self.config is None else self.config.runtime.platform

    @property
    def renders(self) -> bool:
        """Whether the run trains from images."""
        return self.config is not None and self.config.env.observation != "proprio"

    @property
    def workers(self) -> int:
        """Worker processes of the environments."""
        if self.config is None:
            return 0
        env = self.config.env
        parallel = env.backend == "process" or (env.backend == "auto" and self.renders)
        return min(self.config.run.envs, env.workers or os.cpu_count() or 1) if parallel else 0


def examine(plan: RunPlan, seconds: float = TIME_LIMIT) -> list[MachineCheck]:
    """Examines this machine.

    Args:
      plan: the run.
      seconds: time limit of each probe in a child process.
    """
    start, gpus = clock.read_clocks(), count_gpus()
    with ThreadPoolExecutor(max_workers=max(os.cpu_count() or 1, 2)) as pool:
        later: list[Future[list[MachineCheck]]] = [
            pool.submit(_list, packages.check_packages, seconds),
            pool.submit(_devices_and_budget, plan, gpus, seconds),
            pool.submit(_list, devices.check_simulation, seconds),
            pool.submit(_rendering, plan, seconds),
            pool.submit(_list, limits.check_threads, plan.workers, seconds),
            pool.submit(_list, folders.check_lock, plan.folder, seconds),
        ]
        now = [packages.check_python(), *packages.check_clashes(gpus), *_folders(plan), *_limits(plan)]
        checks = [*now, *(check for future in later for check in future.result())]
    checks.append(folders.check_sync(plan.folder))  # alone, because other probes would disturb its time
    checks.append(clock.check_clock(plan.folder, start, clock.read_clocks()))
    return sorted(checks, key=lambda check: _ORDER.index(check.name))


#: Names of the checks in the order of the report.
_ORDER = (
    "python", "packages", "clashes", "jax", "task", "simulation", "rendering", "memory", "disk", "run folder",
    "cache folder", "temporary folder", "shared memory", "lock", "sync", "open files", "threads", "clock",
)  # fmt: skip


def _list(check: Callable[..., MachineCheck], *arguments: Any) -> list[MachineCheck]:
    return [check(*arguments)]


def _devices_and_budget(plan: RunPlan, gpus: int, seconds: float) -> list[MachineCheck]:
    jax, found = devices.check_devices(plan.platform, gpus, seconds)
    limit, on_gpu = found.get("memory"), found.get("platform", "cpu") != "cpu"
    device_limit = limit if on_gpu and isinstance(limit, int) else None
    if plan.config is None:
        return [jax, memory.check_memory(None, "", device_limit)]
    if not found:
        return [
            jax,
            not_checked("task", "JAX does not start"),
            memory.check_memory(None, "", None, "JAX does not start"),
            folders.check_disk(plan.folder, None, plan.config.checkpoint.keep),
        ]
    device = "gpu" if on_gpu else "cpu"
    about = [device, str(device_limit or 0), str(plan.folder)]
    answer = run_probe("budget", seconds, about, given=plan.config.model_dump_json())
    values = answer.values
    return [
        jax,
        _task(plan.config, answer),
        memory.check_memory(values.get("total"), values.get("parts", ""), device_limit, answer.problem),
        folders.check_disk(plan.folder, values.get("checkpoint"), plan.config.checkpoint.keep, values.get("files", 0)),
    ]


def _task(config: RunConfig, answer: ProbeAnswer) -> MachineCheck:
    """Returns whether the bundled trainer can make the environment of the run."""
    if answer.problem:
        return not_checked("task", answer.problem, config.task)
    if reason := answer.values.get("no_environment"):
        return error("task", one_line(str(reason)), config.task, "choose another task; `dreamerguard tasks` lists them")
    return ok("task", f"the environment of {config.task} can be made")


def _rendering(plan: RunPlan, seconds: float) -> list[MachineCheck]:
    answers: dict[str, ProbeAnswer] = {}
    chosen = os.environ.get("MUJOCO_GL", "")
    for backend in dict.fromkeys((*devices.BACKENDS, chosen)):
        if backend in devices.BACKENDS or plan.renders:
            answers[backend] = devices.render_with(backend, seconds)
    return [devices.check_rendering({name: answer for name, answer in answers.items() if name}, plan.renders)]


def _folders(plan: RunPlan) -> list[MachineCheck]:
    base = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")  # noqa: PTH111, PTH118
    cache = Path(base) / "dreamerguard" / "xla"
    checks = [folders.check_folder("run folder", plan.folder, True, _LOGDIR)]
    checks.append(
        folders.check_folder(
            "cache folder", cache, False, "export XDG_CACHE_HOME=FOLDER; without it every start compiles"
        )
    )
    try:
        temporary = Path(tempfile.gettempdir())
    except OSError as error:
        checks.append(not_checked("temporary folder", str(error.strerror), "TMPDIR", "export TMPDIR=FOLDER"))
        return checks
    checks.append(
        folders.check_folder("temporary folder", temporary, False, "free space there, or export TMPDIR=FOLDER")
    )
    return checks


def _limits(plan: RunPlan) -> list[MachineCheck]:
    size = 0
    if plan.config is not None:
        image = 3 * plan.config.env.image_size**2 if plan.renders else 4096
        size = plan.config.run.envs * image
    return [limits.check_open_files(plan.workers), limits.check_shared_memory(plan.workers, size)]
