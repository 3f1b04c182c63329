"""Pydantic schemas: the native run (`RunConfig`), per-task defaults and named sizes."""

from .run import Edition, RunConfig
from .sections import (
    EnvSection,
    EvalSection,
    LossScales,
    LossSection,
    ModelSection,
    OptimizerSection,
    ReplaySection,
    RunSection,
    RuntimeSection,
)
from .sizes import SIZES, SizeName

__all__ = [
    "SIZES",
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
