"""Makes the environment of a dreamerv3-torch run.

This file runs in the Python of the training program; ``probe`` is ``lint/environment_probe/script.py``.
"""

from __future__ import annotations

import argparse
from typing import Any


def make_env(question: dict[str, Any], probe: Any) -> Any:
    """Calls ``make_env(config, mode, id)`` of dreamerv3-torch."""
    values = {key: tuple(x) if isinstance(x, list) else x for key, x in question["values"].items()}  # as it reads them
    return probe.call(probe.program(question).make_env, argparse.Namespace(**probe.nested(values)), "train", 0)
