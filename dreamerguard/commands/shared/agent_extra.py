"""The trainer is an optional extra. Reports when it is not installed."""

from __future__ import annotations

import importlib.util

from .errors import fail

#: Modules that the extra `agent` brings and that the trainer imports.
NEEDED = ("jax", "flax", "optax", "orbax", "dm_control", "mujoco", "numpy")


def missing_packages() -> str:
    """Which packages of the trainer are missing and how to install them; empty when none is."""
    missing = [name for name in NEEDED if importlib.util.find_spec(name) is None]
    if not missing:
        return ""
    return (
        f"the trainer needs packages that are not installed ({', '.join(missing)}):"
        " pip install 'dreamerguard[agent]', or 'dreamerguard[cuda]' for NVIDIA GPUs"
    )


def require_agent() -> None:
    """Ends the command when packages of the trainer are missing."""
    missing = missing_packages()
    if missing:
        fail(missing)
