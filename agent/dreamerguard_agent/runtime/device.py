"""Selects the device of a run and configures XLA. Call before the first compilation."""

from __future__ import annotations

import contextlib
import ctypes
import importlib.metadata
import os
from pathlib import Path
from typing import Any

import jax

from dreamerguard.schema import RuntimeSection

from .program_cache import repaired, stored_by_every_process

#: Packages that influence the results of a run.
PACKAGES = ("jax", "jaxlib", "flax", "optax", "numpy", "mujoco", "dm_control")
#: Parameters of ``mallopt``, from glibc's malloc.h.
_M_TRIM_THRESHOLD, _M_MMAP_MAX = -1, -4


class PlatformError(Exception):
    """The configured device is not available."""


def configure(runtime: RuntimeSection, cache: Path | None = None) -> dict[str, Any]:
    """Selects the device and returns its properties for the manifest.

    Args:
      runtime: the configuration.
      cache: folder of compiled functions; by default in the user's cache folder.

    Raises:
      PlatformError: the device is not available; the message states what to install or change.
    """
    if runtime.deterministic:
        # Scatters and reductions with atomics differ from run to run on a GPU; no effect on a CPU.
        flags = os.environ.get("XLA_FLAGS", "")
        if "xla_gpu_deterministic_ops" not in flags:
            os.environ["XLA_FLAGS"] = f"{flags} --xla_gpu_deterministic_ops=true".strip()
    if runtime.platform != "auto":
        jax.config.update("jax_platforms", runtime.platform)
    if runtime.compilation_cache:
        jax.config.update("jax_compilation_cache_dir", str(cache or _default_cache()))
        jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.5)
    # Computes in the calling thread: only the main thread has a heap that can grow, see `_keep_pages`.
    jax.config.update("jax_cpu_enable_async_dispatch", False)
    device = _device(runtime.platform)
    if device.platform == "cpu":
        _keep_pages()
    batch_devices(runtime)
    versions = {name: _version(name) for name in PACKAGES}
    return {"platform": device.platform, "device": device.device_kind, "versions": versions}


def batch_devices(runtime: RuntimeSection) -> list[jax.Device]:
    """Returns the devices over which batches are split: of every process the first ones, processes in order.

    Raises:
      PlatformError: there are not so many.
    """
    found = jax.local_devices()
    if runtime.devices > len(found):
        kind = found[0].platform
        hint = "; on a CPU, XLA_FLAGS=--xla_force_host_platform_device_count=N makes N of one" if kind == "cpu" else ""
        raise PlatformError(f"runtime.devices is {runtime.devices}, but jax finds {len(found)} ({kind}){hint}")
    own: list[list[jax.Device]] = [[] for _ in range(jax.process_count())]
    for device in jax.devices():
        own[device.process_index].append(device)
    return [device for mine in own for device in mine[: runtime.devices]]


def compute_dtype(runtime: RuntimeSection) -> str:
    """Returns the compute type: as configured, or float32 on a CPU, where bfloat16 is slower, bfloat16 elsewhere."""
    if runtime.dtype != "auto":
        return runtime.dtype
    return "float32" if jax.default_backend() == "cpu" else "bfloat16"


def compile_program(lowered: Any) -> Any:
    """Compiles the result of ``jax.jit(...).lower(...)`` and returns the compiler's memory to the system.

    Otherwise the allocator keeps the compiler's hundreds of megabytes for the whole run.
    """
    with repaired(jax.config.jax_compilation_cache_dir), stored_by_every_process():
        compiled = lowered.compile()
    _glibc("malloc_trim", 0)
    return compiled


def _keep_pages() -> None:
    """Makes the allocator keep freed memory, and so its pages, between updates on a CPU.

    XLA allocates all intermediates of a call as one block, hundreds of megabytes. By default that block is mapped and
    unmapped at every update, and the kernel provides zeroed pages one fault at a time: a fifth of an update's time.
    """
    _glibc("mallopt", _M_MMAP_MAX, 0)
    _glibc("mallopt", _M_TRIM_THRESHOLD, 2**31 - 1)


def _glibc(function: str, *arguments: int) -> None:
    """Calls a function that tunes the allocator of glibc. Does nothing with other C libraries, which do not need it."""
    with contextlib.suppress(OSError, AttributeError):
        getattr(ctypes.CDLL(None), function)(*arguments)


def _device(platform: str) -> jax.Device:
    try:
        return jax.local_devices()[0]
    except RuntimeError as error:
        raise PlatformError(
            f"runtime.platform is {platform}, but jax finds no such device."
            " Install the matching build (pip install 'dreamerguard[cuda]' for NVIDIA GPUs) and check the driver"
            " with nvidia-smi, or train with runtime.platform=cpu."
        ) from error


def _default_cache() -> Path:
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "dreamerguard" / "xla"


def _version(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None
