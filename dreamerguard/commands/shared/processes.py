"""``train --num-processes``: finds the other processes of a run, or starts them on this machine."""

from __future__ import annotations

import atexit
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dreamerguard.util.terminal import echo

from .errors import CommandFailed, fail

if TYPE_CHECKING:
    from dreamerguard.programs.native.options import TrainOptions
    from dreamerguard.schema import RunConfig
    from dreamerguard_agent.processes.group import ProcessGroup

#: The value that takes number, id and coordinator from Slurm.
AUTO = "auto"
#: What Slurm sets for each task of a step.
_SLURM = ("SLURM_JOB_ID", "SLURM_NTASKS", "SLURM_PROCID", "SLURM_STEP_NODELIST")
#: Ports that follow from the number of a job: the last 4,096, as jax.distributed chooses them.
_PORTS = 4096
#: Seconds for which processes that were started here may end by themselves.
_PATIENCE = 60
#: Settings that may differ from machine to machine.
_LOCAL = ("env.workers", "env.timeout", "replay.scratch", "replay.storage", "runtime.compilation_cache")


@dataclass(frozen=True, slots=True)
class Asked:
    """The processes that were asked for.

    Attributes:
      processes: their number.
      process: number of this one.
      host: host of process 0; port: its port.
      starts: whether this process starts the others.
    """

    processes: int
    process: int
    host: str
    port: int
    starts: bool = False


def read_processes(options: TrainOptions, environment: Mapping[str, str] = os.environ) -> Asked | None:
    """Reads which processes train the run together; None if this one trains alone.

    Raises:
      CommandFailed: options are missing or wrong, or Slurm does not say what is needed.
    """
    number, process, address = options.num_processes, options.process_id, options.coordinator_address
    if number is None:
        if process is not None or address is not None:
            fail("--process-id and --coordinator-address need --num-processes")
        return None
    if number == AUTO:
        if process is not None:
            fail("--num-processes auto takes the number of the process from Slurm; leave out --process-id")
        return _from_slurm(environment, address)
    processes = _whole("--num-processes", number, 1, 4096)
    if process is None and address is None:
        return _local(processes)
    if process is None or address is None:
        fail("--process-id and --coordinator-address belong together: give both, or neither to start all here")
    own = _whole("--process-id", process, 0, processes - 1)
    return Asked(processes, own, *_address(address)) if processes > 1 else None


def _local(processes: int) -> Asked | None:
    from dreamerguard_agent.processes.joining import free_port

    return Asked(processes, 0, "localhost", free_port(), starts=True) if processes > 1 else None


def _from_slurm(environment: Mapping[str, str], address: str | None) -> Asked | None:
    if missing := [name for name in _SLURM if not environment.get(name)]:
        fail(f"--num-processes auto needs a step of Slurm (srun), which sets {', '.join(missing)}")
    job, tasks, own, nodes = (environment[name] for name in _SLURM)
    processes = _whole("SLURM_NTASKS", tasks, 1, 1 << 20)
    process = _whole("SLURM_PROCID", own, 0, processes - 1)
    port = 65536 - _PORTS + _whole("SLURM_JOB_ID", job, 0, 1 << 62) % _PORTS
    host, port = (_first_host(nodes), port) if address is None else _address(address)
    return Asked(processes, process, host, port) if processes > 1 else None


def _first_host(nodes: str) -> str:
    """Returns the first host of a list of Slurm: ``a[003-005,7],b`` begins with ``a003``."""
    name, bracket, numbers = nodes.partition(",")[0].partition("[")
    if not bracket:
        return name
    first = numbers.partition("]")[0].partition("-")[0]
    return name + first


def _address(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not host or not port.isascii() or not port.isdigit() or not 0 < int(port) < 65536:
        fail(f"--coordinator-address {text}: write HOST:PORT, for example node1:7777")
    return host.strip("[]"), int(port)


def _whole(name: str, text: str, least: int, most: int) -> int:
    if not (text.isascii() and text.isdigit() and least <= int(text) <= most):
        fail(f"{name} {text}: must be a whole number from {least} to {most}")
    return int(text)


def refuse_split(asked: Asked | None, config: RunConfig) -> None:
    """Ends the command if the processes cannot share the run.

    Raises:
      CommandFailed: they cannot.
    """
    from dreamerguard.schema.consistency import split_processes

    if asked is not None and (
        wrong := split_processes(
            asked.processes, config.runtime.devices, config.replay.batch_size, config.run.envs, config.seeds
        )
    ):
        fail(wrong)


@contextmanager
def joined(asked: Asked | None, config: RunConfig) -> Iterator[ProcessGroup | None]:
    """Finds the other processes, and starts them if that was asked for; None if there are none.

    Whatever ends this process is told to the others. A process that ends otherwise than well ends at once, because jax
    would wait for the others and then end it with a stack trace.

    Raises:
      CommandFailed: the processes did not find each other.
    """
    if asked is None:
        yield None
        return
    from dreamerguard_agent.base.share import Share
    from dreamerguard_agent.processes.jax_service import connect_devices, disconnect_devices
    from dreamerguard_agent.processes.joining import CannotJoin, Rendezvous, join

    place = Rendezvous(asked.host, asked.port, Share(asked.process, asked.processes))
    with _started(asked):
        try:
            group, port = join(place, _facts(config), lambda text: echo(text, error=True))
        except CannotJoin as error:
            fail(str(error))
        local = _accelerators(asked, config.runtime.devices, os.environ)
        connect_devices(place.share, place.host, port, everywhere=place.everywhere, local=local)
        try:
            yield group
        except BaseException as error:
            text, code = _reason(error)
            group.leave(text, code)
            atexit.register(_end, code)  # runs before what jax has registered
            raise
        group.part()
        disconnect_devices()


def _facts(config: RunConfig) -> dict[str, Any]:
    """Returns what all processes must agree on."""
    import jax

    from dreamerguard import __version__
    from dreamerguard.programs.native.run_directory import flatten_config

    settings = {key: value for key, value in flatten_config(config.model_dump()).items() if key not in _LOCAL}
    return {**settings, "dreamerguard": __version__, "jax": jax.__version__}


def _accelerators(asked: Asked, devices: int, environment: Mapping[str, str]) -> list[int] | None:
    """Returns the accelerators of this process if several processes share those of a machine; None for all it sees.

    Slurm tells each task its number on its machine. If it has bound accelerators to tasks, a task sees no other.
    """
    if asked.starts or asked.host == "localhost":
        number = asked.process
    elif (own := environment.get("SLURM_LOCALID", "")).isdigit():
        number, seen = int(own), [name for name in environment.get("CUDA_VISIBLE_DEVICES", "").split(",") if name]
        if len(seen) < (number + 1) * devices:
            return None
    else:
        return None
    return list(range(number * devices, (number + 1) * devices))


def _reason(error: BaseException) -> tuple[str, int]:
    if isinstance(error, CommandFailed):
        return error.message, error.code
    if isinstance(error, KeyboardInterrupt):
        return "it was interrupted", 130
    if isinstance(error, SystemExit):
        return "it ended", error.code if isinstance(error.code, int) else 1
    return f"internal error: {type(error).__name__}", 70


def _end(code: int) -> None:
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):
            stream.flush()
    os._exit(code)


@contextmanager
def _started(asked: Asked) -> Iterator[None]:
    """Starts the other processes on this machine, with the same command, and waits for their end."""
    if not asked.starts:
        yield
        return
    address = f"localhost:{asked.port}"
    command = [sys.executable, "-m", "dreamerguard", *sys.argv[1:], "--coordinator-address", address, "--process-id"]
    parts = _core_parts(asked.processes)
    started = []
    for number in range(1, asked.processes):
        # A session of its own: Ctrl-C reaches process 0, which stops all.
        process = subprocess.Popen([*command, str(number)], stdin=subprocess.DEVNULL, start_new_session=True)
        _keep_to(process.pid, parts[number])
        started.append(process)
    _keep_to(0, parts[0])
    try:
        yield
    finally:
        for process in started:
            try:
                process.wait(_PATIENCE)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _core_parts(processes: int) -> list[set[int]]:
    """Returns the cores of each process: an equal part, so that they do not wait for each other; none if too few."""
    try:
        cores = sorted(os.sched_getaffinity(0))
    except AttributeError:  # not on this system
        cores = []
    each = len(cores) // processes
    return [set(cores[number * each : (number + 1) * each]) for number in range(processes)]


def _keep_to(pid: int, cores: set[int]) -> None:
    if cores:
        with suppress(OSError):
            os.sched_setaffinity(pid, cores)
