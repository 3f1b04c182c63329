"""Advice for machines that cannot render images."""

from __future__ import annotations

import re

from dreamerguard.core.environment import Probe

#: Errors of OpenGL and its libraries.
_GRAPHICS = re.compile("opengl|glget|egl|osmesa|glfw|mjr_makecontext", re.IGNORECASE)
#: Value of MUJOCO_GL -> what it needs.
_BACKENDS = {
    "egl": "needs the library libEGL; without a GPU, Mesa renders",
    "osmesa": "needs the library libOSMesa",
    "glfw": "needs a screen",
}


def rendering_advice(probe: Probe, error: str) -> str:
    """Returns how to let MuJoCo render, without the value of MUJOCO_GL that failed; empty for other errors."""
    if not probe.mujoco or "MUJOCO_GL" in error or not _GRAPHICS.search(error):
        return ""
    failed = probe.renderer.strip().lower()
    others = [f"{name} ({needs})" for name, needs in _BACKENDS.items() if name != failed]
    now = f"MUJOCO_GL is {failed}" if failed else "MUJOCO_GL is not set"
    return f"{now}; set it to {' or '.join(others[:2])}"
