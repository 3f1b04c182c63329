"""Environments of the trainer: protocols, one adapter per suite, and ways to run many side by side."""

from __future__ import annotations

from .factory import SUITES, env_seed, make_agent_envs, make_env, make_envs
from .protocol import Array, Env, EnvError, Values, VectorEnv, flags
from .serial import SerialEnvs

__all__ = [
    "SUITES",
    "Array",
    "Env",
    "EnvError",
    "SerialEnvs",
    "Values",
    "VectorEnv",
    "env_seed",
    "flags",
    "make_agent_envs",
    "make_env",
    "make_envs",
]
