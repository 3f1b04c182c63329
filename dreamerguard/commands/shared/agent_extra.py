"""Checks whether the packages of the bundled trainer, an optional extra, are installed."""

from __future__ import annotations

import importlib.util

from .errors import fail

#: Modules that the extra `agent` installs and the trainer imports.
NEEDED = ("jax", "flax", "optax", "dm_control", "mujoco", "numpy")


def missing_packages() -> str:
    """Returns a message with the trainer's missing packages and how to install them; empty if none is missing."""
    missing = [name for name in NEEDED if importlib.util.find_spec(name) is None]
    if not missing:
        return ""
    return (
        f"the trainer needs packages that are not installed ({', '.join(missing)}):"
        " pip install 'dreamerguard[agent]', or 'dreamerguard[cuda]' for NVIDIA GPUs"
    )


def require_agent() -> None:
    """Ends the command if packages of the trainer are missing."""
    missing = missing_packages()
    if missing:
        fail(missing)
