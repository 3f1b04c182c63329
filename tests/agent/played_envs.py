"""Makes environments of commands, and plays drawn actions in them."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from dreamerguard.core.machine import UNKNOWN
from dreamerguard.programs.native.program import PROGRAM
from dreamerguard.schema import RunConfig
from dreamerguard.sources.argv import read_command
from dreamerguard_agent.envs import Values


def resolved(*words: str) -> RunConfig:
    """Returns the configuration of a command, as the trainer gets it."""
    config = PROGRAM.resolve(read_command(["dreamerguard", "train", *words]), UNKNOWN, Path()).config
    assert config is not None
    return config


def walk(env: Any, actions: Iterable[int]) -> list[Values]:
    """Starts an episode and plays actions; the first one is ignored."""
    return [env.step({"action": action, "reset": number == 0}) for number, action in enumerate(actions)]


def drawn(env: Any, steps: int, seed: int = 0) -> list[int]:
    """Returns drawn choices of an environment with one discrete action."""
    classes: int = env.act_space["action"].classes
    return np.random.default_rng(seed).integers(classes, size=steps).tolist()  # type: ignore[no-any-return]
