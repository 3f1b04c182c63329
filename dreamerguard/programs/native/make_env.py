"""Makes the environment of a run of the bundled trainer, with the trainer's maker and guards.

This file runs in a process of its own; ``probe`` is ``lint/environment_probe/script.py``.
"""

from __future__ import annotations

import importlib
from typing import Any


def make_env(question: dict[str, Any], probe: Any) -> Any:
    """Calls ``make_env(config, index, seed)`` of the trainer.

    Raises:
      EnvError: the trainer cannot make the environment; the message is for users.
    """
    schema, envs = (importlib.import_module(name) for name in ("dreamerguard.schema", "dreamerguard_agent.envs"))
    config = schema.RunConfig.model_validate(probe.nested(question["values"]))
    return envs.make_env(config, 0, config.seed)
