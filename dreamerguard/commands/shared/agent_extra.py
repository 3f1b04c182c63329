"""The trainer is an extra: what to say where it is not installed."""

from __future__ import annotations

import importlib.util

import typer

from .exit_codes import USAGE

#: Modules that the extra `agent` brings and that the trainer imports.
NEEDED = ("jax", "flax", "optax", "orbax", "dm_control", "mujoco", "numpy")


def require_agent() -> None:
    """Ends the command with one line when the trainer's packages are missing."""
    missing = [name for name in NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        typer.echo(
            f"error: the trainer needs packages that are not installed ({', '.join(missing)}):"
            " pip install 'dreamerguard[agent]', or 'dreamerguard[cuda]' for NVIDIA GPUs",
            err=True,
        )
        raise typer.Exit(USAGE)
