"""Chooses how images are rendered, by rendering one frame with each backend in a child process.

MuJoCo and dm_control select OpenGL at import, once per process, so a backend can only be tried in another process. A
value of MUJOCO_GL is the user's choice and is not tried.
"""

from __future__ import annotations

import os
import subprocess
import sys

from ..protocol import EnvError

#: Values of MUJOCO_GL that dm_control and MuJoCo accept for rendering, in the order in which they are tried.
BACKENDS = ("egl", "osmesa", "glfw")
#: Seconds after which a backend counts as hanging.
_TIME_LIMIT = 120.0
_FRAME = """
from dm_control import suite
env = suite.load("cartpole", "balance", task_kwargs={"random": 0})
env.reset()
image = env.physics.render(48, 48)
raise SystemExit("the frame is empty" if image.min() == image.max() else 0)
"""


def choose_backend() -> str:
    """Returns the backend of this process and its children, and sets MUJOCO_GL to it.

    Raises:
      EnvError: no backend renders; the message states the reason of each.
    """
    if chosen := os.environ.get("MUJOCO_GL"):
        return chosen
    reasons = {}
    for backend in BACKENDS:
        reasons[backend] = _try(backend)
        if not reasons[backend]:
            os.environ["MUJOCO_GL"] = backend
            return backend
    raise EnvError(no_rendering("; ".join(f"{backend}: {reason}" for backend, reason in reasons.items())))


def no_rendering(error: Exception | str) -> str:
    """Returns the message for a machine that cannot render, with advice."""
    chosen = os.environ.get("MUJOCO_GL", "not set")
    others = " or ".join(f"MUJOCO_GL={name}" for name in BACKENDS if name != chosen)
    reason = str(error).rstrip(".")
    advice = f"Set {others}, before the program starts and with that library installed"
    if chosen == "not set":
        advice = "Install libegl1 (with the driver of the GPU, if there is one) or libosmesa6"
    return (
        f"images cannot be rendered here (MUJOCO_GL is {chosen}): {reason}. {advice}, or train on vectors with"
        " env.observation=proprio."
    )


def _try(backend: str) -> str:
    """Returns why a backend does not render; empty if it does."""
    variables = os.environ | {"MUJOCO_GL": backend}
    command = [sys.executable, "-c", _FRAME]
    try:
        done = subprocess.run(
            command, env=variables, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=_TIME_LIMIT
        )
    except subprocess.TimeoutExpired:
        return f"no frame within {_TIME_LIMIT:.0f} s"
    if done.returncode == 0:
        return ""
    lines = [line.strip() for line in done.stderr.splitlines() if line.strip()]
    return lines[-1][:120] if lines else f"it ends with {done.returncode}"
