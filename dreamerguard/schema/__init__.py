"""Defines the schema of a run of the bundled trainer (`RunConfig`), the task defaults and the named sizes.

The pydantic models load on first use, because linting does not need them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .published_editions import Edition
from .sizes import SIZES, SizeName

if TYPE_CHECKING:
    from .atari_section import AtariSection
    from .config import RunConfig
    from .env_section import EnvSection
    from .sections import (
        EvalSection,
        LossScales,
        LossSection,
        ModelSection,
        OptimizerSection,
        ReplaySection,
        RunSection,
        RuntimeSection,
    )

__all__ = [
    "SIZES",
    "AtariSection",
    "Edition",
    "EnvSection",
    "EvalSection",
    "LossScales",
    "LossSection",
    "ModelSection",
    "OptimizerSection",
    "ReplaySection",
    "RunConfig",
    "RunSection",
    "RuntimeSection",
    "SizeName",
]


def __getattr__(name: str) -> Any:
    """Loads a model on first use, see PEP 562."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from . import atari_section, config, env_section, sections

    modules = (config, env_section, atari_section, sections)
    return next(getattr(module, name) for module in modules if hasattr(module, name))
