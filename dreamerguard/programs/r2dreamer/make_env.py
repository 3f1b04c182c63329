"""Makes the environment of an r2dreamer run.

This file runs in the Python of the training program; ``probe`` is ``lint/environment_probe/script.py``.
"""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import Any


def make_env(question: dict[str, Any], probe: Any) -> Any:
    """Calls ``envs.make_env(config.env, id)`` of r2dreamer."""
    sys.path.insert(0, str(Path(question["script"]).resolve().parent))
    config = importlib.import_module("omegaconf").OmegaConf.create(probe.nested(question["values"])["env"])
    return probe.call(importlib.import_module("envs").make_env, config, 0)
