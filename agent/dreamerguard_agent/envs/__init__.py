"""Environments of the trainer: protocols, one adapter per suite, and ways to run many side by side."""

from __future__ import annotations

from .factory import env_seed, make_agent_envs, make_env, make_envs
from .protocol import ActionNotFinite, Array, Env, EnvError, EnvsFailed, Values, VectorEnv, WaitEnded, Watchable, flags
from .registry import make_watched
from .vector.serial import SerialEnvs
from .vector.supervision import Supervision

__all__ = [
    "ActionNotFinite",
    "Array",
    "Env",
    "EnvError",
    "EnvsFailed",
    "SerialEnvs",
    "Supervision",
    "Values",
    "VectorEnv",
    "WaitEnded",
    "Watchable",
    "env_seed",
    "flags",
    "make_agent_envs",
    "make_env",
    "make_envs",
    "make_watched",
]
