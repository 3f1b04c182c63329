"""Opens the engine of a sweep. Ray and submitit are imported only when their engine is used."""

from __future__ import annotations

from pathlib import Path

from dreamerguard.sweep.plan.sweep_file import EngineSettings

from .interface import Engine


def open_engine(settings: EngineSettings, folder: Path) -> Engine:
    """Returns the engine that the settings name.

    Args:
      settings: the engine of the sweep file.
      folder: the sweep's folder, absolute.

    Raises:
      EngineError: it is not installed, does not answer, or has not what one run takes.
    """
    if settings.kind == "ray":
        from .ray_engine import RayEngine

        return RayEngine(settings)
    if settings.kind == "slurm":
        from .slurm_engine import SlurmEngine

        return SlurmEngine(settings, folder)
    from .embedded import EmbeddedEngine

    return EmbeddedEngine(settings)
