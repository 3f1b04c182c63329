"""Loads the published learning curves of DreamerV3 from ``task_defaults/reference``. Plain Python without NumPy."""

from .data import Release, envelope_tasks, load_calibration, load_envelope, load_reference_file, releases
from .envelope import Calibration, Envelope, Final, Method, Provenance, Reach, ReferenceSet, ScoreRange

__all__ = [
    "Calibration",
    "Envelope",
    "Final",
    "Method",
    "Provenance",
    "Reach",
    "ReferenceSet",
    "Release",
    "ScoreRange",
    "envelope_tasks",
    "load_calibration",
    "load_envelope",
    "load_reference_file",
    "releases",
]
