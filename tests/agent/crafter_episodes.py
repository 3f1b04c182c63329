"""Episodes of Crafter as digests. Imports little: processes of tests start with it."""

from __future__ import annotations

import hashlib

from dreamerguard_agent.envs import Values
from dreamerguard_agent.envs.adapters.crafter_env import Crafter

from .played_envs import drawn, walk


def digest(steps: list[Values]) -> str:
    return hashlib.sha256(b"".join(step[key].tobytes() for step in steps for key in sorted(step))).hexdigest()


def played(seed: int, steps: int) -> str:
    """Returns the digest of an episode of drawn actions."""
    env = Crafter(seed=seed)
    return digest(walk(env, drawn(env, steps)))
