"""Checks JAX and its devices, MuJoCo with dm_control, and the rendering backends, in child processes."""

from __future__ import annotations

import os
from collections.abc import Mapping

from .child import ProbeAnswer, run_probe
from .grade import MachineCheck, error, not_checked, ok, warning

BACKENDS = ("egl", "osmesa", "glfw")
_INSTALL = {
    "egl": "install the EGL library (Debian: libegl1) and, for an NVIDIA GPU, its graphics driver",
    "osmesa": "install OSMesa (Debian: libosmesa6)",
    "glfw": "start on a machine with a display",
}


def check_devices(platform: str, gpus: int, seconds: float) -> tuple[MachineCheck, Mapping[str, object]]:
    """Imports JAX in a child and computes on every device.

    Args:
      platform: ``runtime.platform`` of the run.
      gpus: NVIDIA GPUs of the machine.
      seconds: time limit.

    Returns:
      The check, and the values that were found.
    """
    variables = {} if platform == "auto" else {"JAX_PLATFORMS": platform}
    answer = run_probe("devices", seconds, variables=variables)
    if answer.late:
        fix = "check the GPU driver with nvidia-smi, or train with runtime.platform=cpu; --time-limit waits longer"
        return not_checked("jax", answer.problem, _platform(platform), fix), {}
    if answer.problem:
        fix = "install a matching build (pip install 'dreamerguard[cuda]' for NVIDIA GPUs), or runtime.platform=cpu"
        return error("jax", answer.problem, _platform(platform), fix), {}
    found = answer.values
    text = f"jax {found['jax']}, {len(found['devices'])} x {found['devices'][0]} ({found['platform']})"
    if gpus and found["platform"] == "cpu" and platform == "auto":
        text += f", but the machine has {gpus} NVIDIA GPU(s)"
        chosen = os.environ.get("JAX_PLATFORMS")
        where, fix = "", "pip install 'dreamerguard[cuda]'; runtime.platform=cpu if the CPU is intended"
        if chosen:
            where, fix = f"JAX_PLATFORMS={chosen}", "unset JAX_PLATFORMS"
        return warning("jax", text, where, fix, **found), found
    return ok("jax", text, **found), found


def _platform(platform: str) -> str:
    return f"runtime.platform={platform}"


def check_simulation(seconds: float) -> MachineCheck:
    """Loads a task in a child and plays some steps."""
    answer = run_probe("simulation", seconds)
    if answer.late:
        return not_checked("simulation", answer.problem, "dm_control", "repeat with a longer --time-limit")
    if answer.problem:
        fix = "install versions that fit: pip install 'dreamerguard[agent]'"
        return error("simulation", answer.problem, "dm_control", fix)
    text = f"MuJoCo {answer.values['mujoco']}, dm_control {answer.values['dm_control']}, walker_walk plays"
    return ok("simulation", text, **answer.values)


def render_with(backend: str, seconds: float) -> ProbeAnswer:
    """Renders frames in a child with a backend."""
    return run_probe("render", seconds, variables={"MUJOCO_GL": backend})


def check_rendering(answers: Mapping[str, ProbeAnswer], needed: bool) -> MachineCheck:
    """Judges the answers of the rendering backends.

    Args:
      answers: backend -> answer. The trainer uses that of MUJOCO_GL, by default the first that works.
      needed: whether the run renders images.
    """
    works = [name for name, answer in answers.items() if not answer.problem]
    chosen = os.environ.get("MUJOCO_GL") or next(iter(works), "egl")
    facts = {name: answer.problem or dict(answer.values) for name, answer in answers.items()}
    parts = [f"{name} {_outcome(answer)}" for name, answer in answers.items()]
    text, where = "; ".join(parts), f"MUJOCO_GL={os.environ.get('MUJOCO_GL', '')}"
    if chosen in works:
        return ok("rendering", text, where, **facts)
    if chosen not in answers and chosen.lower() in ("0", "off", "false", "disable", "disabled") and not needed:
        return ok("rendering", f"turned off; {text}", where, **facts)
    fix = f"export MUJOCO_GL={works[0]}" if works else f"{_INSTALL['egl']}, or {_INSTALL['osmesa']}"
    if chosen in answers and answers[chosen].late:
        return not_checked("rendering", text, where, fix, **facts)
    if needed:
        return error("rendering", f"the run renders with {chosen}, which fails: {text}", where, fix, **facts)
    text = f"{chosen} does not work, so runs from images cannot start; {text}"
    return warning("rendering", text, where, f"{fix}; runs from vectors need none", **facts)


def _outcome(answer: ProbeAnswer) -> str:
    if answer.problem:
        return f"fails ({answer.problem[:120]})"
    return f"works ({answer.values['milliseconds']} ms a frame)"
