"""Checks Python, the packages of the trainer and environment variables that change what they do."""

from __future__ import annotations

import importlib.util
import os
import sys
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version

from .child import run_probe
from .grade import MachineCheck, error, not_checked, ok, warning

#: Versions of Python that the trainer supports, lowest and first unsupported: dm_control 1.0.50 needs labmaze, whose
#: last release, 1.0.6, has wheels up to Python 3.12 and no source that pip can build without Bazel.
PYTHON = (3, 11), (3, 13)
#: Module -> name in the package registry, of the packages without which no run starts.
TRAINER = {
    "jax": "jax", "jaxlib": "jaxlib", "flax": "flax", "optax": "optax",
    "dm_control": "dm_control", "mujoco": "mujoco", "numpy": "numpy",
}  # fmt: skip
INSTALL = "pip install 'dreamerguard[agent]', or 'dreamerguard[cuda]' for NVIDIA GPUs"
#: Variable -> what a run does if it is set to something true.
_SWITCHES = {
    "JAX_DISABLE_JIT": "nothing is compiled, and training is hundreds of times slower",
    "JAX_ENABLE_X64": "some arrays get 64 bits, and the memory estimate does not hold",
    "JAX_DEBUG_NANS": "every function runs twice after a NaN, and the run ends with it",
}
_GPU_PLUGINS = ("jax-cuda12-plugin", "jax-cuda13-plugin")


def check_python() -> MachineCheck:
    """Checks the version of Python."""
    found = ".".join(map(str, sys.version_info[:3]))
    low, high = PYTHON
    if low <= sys.version_info[:2] < high:
        return ok("python", found, sys.executable)
    supported = f"{low[0]}.{low[1]} to {high[0]}.{high[1] - 1}"
    if sys.version_info[:2] >= high and importlib.util.find_spec("dm_control") is not None:
        text = f"{found}: the trainer is not tested with it; the linter is fine"
        return warning("python", text, sys.executable, f"Python {supported}")
    text = f"{found}: the trainer needs {supported}; the linter is fine from {low[0]}.{low[1]} on"
    return error("python", text, sys.executable, f"install Python {supported}")


def check_packages(seconds: float) -> MachineCheck:
    """Checks that the trainer's packages are installed and that their declared requirements are met."""
    missing = [name for module, name in TRAINER.items() if importlib.util.find_spec(module) is None]
    if missing:
        return error("packages", f"not installed: {', '.join(missing)}", sys.prefix, INSTALL)
    versions = {name: found for name in TRAINER.values() if (found := _version(name)) is not None}
    answer = run_probe("requirements", seconds, ["dreamerguard", *TRAINER.values()])
    text = ", ".join(f"{name} {found}" for name, found in versions.items())
    if answer.problem:
        return not_checked("packages", f"{text}; requirements are not compared: {answer.problem}", sys.prefix)
    problems = answer.values["problems"]
    if problems:
        return error("packages", "; ".join(problems), sys.prefix, f"{INSTALL}: it selects versions that fit")
    return ok("packages", text, sys.prefix, versions=versions)


def check_clashes(gpus: int, environment: Mapping[str, str] = os.environ) -> list[MachineCheck]:
    """Checks packages and variables that disturb each other.

    Args:
      gpus: NVIDIA GPUs of the machine.
      environment: the environment variables.
    """
    found = [*_opengl(environment), *_switches(environment), *_gpu_packages(gpus, environment)]
    return found or [ok("clashes", "no packages or variables that disturb each other")]


def _opengl(environment: Mapping[str, str]) -> list[MachineCheck]:
    chosen, other = environment.get("MUJOCO_GL", ""), environment.get("PYOPENGL_PLATFORM", "")
    checks = []
    if chosen in ("egl", "osmesa") and other and other != chosen:
        text = f"MUJOCO_GL is {chosen}, PYOPENGL_PLATFORM is {other}: dm_control refuses to render"
        checks.append(warning("clashes", text, "PYOPENGL_PLATFORM", "unset PYOPENGL_PLATFORM"))
    if not chosen and other and other != "egl":
        text = f"PYOPENGL_PLATFORM is {other}, but the trainer tries egl first unless MUJOCO_GL is set"
        checks.append(warning("clashes", text, "PYOPENGL_PLATFORM", f"unset it, or export MUJOCO_GL={other}"))
    return checks


def _switches(environment: Mapping[str, str]) -> list[MachineCheck]:
    on = [name for name in _SWITCHES if environment.get(name, "").lower() in ("1", "true", "yes", "on")]
    return [warning("clashes", f"{name} is set: {_SWITCHES[name]}", name, f"unset {name}") for name in on]


def _gpu_packages(gpus: int, environment: Mapping[str, str]) -> list[MachineCheck]:
    checks = []
    plugins = {name: found for name in _GPU_PLUGINS if (found := _version(name)) is not None}
    jaxlib = _version("jaxlib")
    for name, found in plugins.items():
        if jaxlib is not None and found != jaxlib:
            text = f"{name} is {found}, jaxlib is {jaxlib}: JAX does not use a plugin of another version"
            checks.append(warning("clashes", text, name, "pip install -U 'dreamerguard[cuda]'"))
    if len(plugins) > 1:
        text = f"plugins for two versions of CUDA are installed: {', '.join(plugins)}"
        checks.append(warning("clashes", text, sys.prefix, f"pip uninstall {next(iter(plugins))}"))
    grows = environment.get("TF_FORCE_GPU_ALLOW_GROWTH", "").lower() == "true"
    if gpus and not grows and _version("tensorflow") is not None:
        text = f"tensorflow {_version('tensorflow')} takes the memory of the GPU that JAX needs, once it is imported"
        checks.append(warning("clashes", text, "tensorflow", "export TF_FORCE_GPU_ALLOW_GROWTH=true"))
    return checks


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
