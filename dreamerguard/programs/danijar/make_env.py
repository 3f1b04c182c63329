"""Makes the environment of a danijar/dreamerv3 run.

This file runs in the Python of the training program; ``probe`` is ``lint/environment_probe/script.py``.
"""

from __future__ import annotations

import importlib
from typing import Any


def make_env(question: dict[str, Any], probe: Any) -> Any:
    """Calls ``make_env(config, index)`` of danijar/dreamerv3."""
    module = probe.program(question)
    try:
        settings = importlib.import_module("elements")
    except ImportError:
        settings = importlib.import_module("embodied")  # editions before 2025
    return probe.call(module.make_env, settings.Config(question["values"]), 0)
