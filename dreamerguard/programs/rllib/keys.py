"""Settings of RLlib's ``DreamerV3Config``, their defaults, and what it refuses (ray-project/ray at e852f9b)."""

from __future__ import annotations

from dreamerguard.core.key import Key, RenamedKey
from dreamerguard.core.setting import Role
from dreamerguard.core.source import Origin, Value
from dreamerguard.programs.shared.limits import counts, endless_counts, learning_rates, shares

TITLE = "ray-project/ray at e852f9b"
_COMMIT = "e852f9bd5bafc5bbf4c1474af1f04798674ff11d"
ORIGIN = Origin(
    TITLE,
    f"https://github.com/ray-project/ray/blob/{_COMMIT}/rllib/algorithms/dreamerv3/dreamerv3.py",
    "DreamerV3Config",
)

#: Size names, the smallest first (``utils/__init__.py``).
SIZES = ("nano", "micro", "mini", "XXS", "XS", "S", "M", "L", "XL")
LENGTH = "stop.num_env_steps_sampled_lifetime"

#: Key -> default; None for those without one.
DEFAULTS: dict[str, Value] = {
    "model_size": "XS",
    "training_ratio": 1024,
    "batch_size_B": 16,
    "batch_length_T": 64,
    "horizon_H": 15,
    "gae_lambda": 0.95,
    "entropy_scale": 3e-4,
    "return_normalization_decay": 0.99,
    "train_critic": True,
    "train_actor": True,
    "intrinsic_rewards_scale": 0.1,
    "world_model_lr": 1e-4,
    "actor_lr": 3e-5,
    "critic_lr": 3e-5,
    "world_model_grad_clip_by_global_norm": 1000.0,
    "critic_grad_clip_by_global_norm": 100.0,
    "actor_grad_clip_by_global_norm": 100.0,
    "symlog_obs": "auto",
    "use_float16": False,
    "gamma": 0.997,
    "replay_buffer_config.type": "EpisodeReplayBuffer",
    "replay_buffer_config.capacity": 1_000_000,
    "num_envs_per_env_runner": 1,
    "num_env_runners": 0,
    "num_learners": 0,
}
#: Keys without a default.
_UNSET = ("env", LENGTH, "env_config.from_pixels")

KEYS: dict[str, Key] = {path: Key(path, "text", value) for path, value in DEFAULTS.items()}
KEYS |= {path: Key(path, "text", None) for path in _UNSET}
KEYS["model_size"] = Key("model_size", "choice", "XS", choices=SIZES)
KEYS["replay_buffer_config.type"] = Key(
    "replay_buffer_config.type", "choice", "EpisodeReplayBuffer", choices=("EpisodeReplayBuffer",)
)

ROLES: dict[Role, str] = {
    "task": "env",
    "frames": LENGTH,
    "train_ratio": "training_ratio",
    "envs": "num_envs_per_env_runner",
    "capacity": "replay_buffer_config.capacity",
    "batch_size": "batch_size_B",
    "batch_length": "batch_length_T",
}

LIMITS = (
    *learning_rates("world_model_lr", "actor_lr", "critic_lr"),
    *shares("gamma", "gae_lambda", "return_normalization_decay"),
    *counts("horizon_H"),
    *endless_counts("replay_buffer_config.capacity"),
)

#: Names of other programs, and a setting of RLlib that this algorithm refuses.
RENAMED: dict[str, RenamedKey] = {
    "train_ratio": RenamedKey("training_ratio"),
    "replay_ratio": RenamedKey("training_ratio", "it counts replayed steps per step, not updates"),
    "batch_size": RenamedKey("batch_size_B"),
    "batch_length": RenamedKey("batch_length_T"),
    "horizon": RenamedKey("horizon_H"),
    "train_batch_size": RenamedKey(
        "batch_size_B", "with batch_length_T it replaces train_batch_size, which is refused"
    ),
    "model_dimension": RenamedKey("model_size"),
}
