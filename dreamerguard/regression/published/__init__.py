"""Published learning curves of DreamerV3 as envelopes, from ``task_defaults/reference``; plain Python, no numpy."""

from .data import (
    Release,
    envelope_tasks,
    load_calibration,
    load_envelope,
    load_reference_file,
    newest_envelope,
    releases,
    task_releases,
)
from .envelope import (
    Calibration,
    Envelope,
    Final,
    Method,
    Provenance,
    Reach,
    ReferenceSet,
    ScoreRange,
    SlowerCalibration,
)

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
    "SlowerCalibration",
    "envelope_tasks",
    "load_calibration",
    "load_envelope",
    "load_reference_file",
    "newest_envelope",
    "releases",
    "task_releases",
]
