"""The keys of sheeprl: roles, aliases, values with which nothing can train, and keys that change nothing."""

from __future__ import annotations

from dreamerguard.core.key import RenamedKey
from dreamerguard.core.setting import Role
from dreamerguard.programs.shared.limits import counts, learning_rates, lengths, shares

#: Name of the table of upstream's files, and of the primary file.
TABLE, PRIMARY = "sheeprl", "config"

ROLES: dict[Role, str] = {
    "task": "env.id",
    "frames": "algo.total_steps",
    "train_ratio": "algo.replay_ratio",
    "envs": "env.num_envs",
    "action_repeat": "env.action_repeat",
    "image_size": "env.screen_size",
    "capacity": "buffer.size",
    "batch_size": "algo.per_rank_batch_size",
    "batch_length": "algo.per_rank_sequence_length",
    "deter": "algo.world_model.recurrent_model.recurrent_state_size",
    "platform": "fabric.accelerator",
}
#: Until spring 2024 the update rate was set as a number of gradient steps every ``train_every`` policy steps.
OLD_RATIO = "algo.train_every"

_EVERY = "it was replaced by algo.replay_ratio, gradient updates per policy step: 1 / train_every"
RENAMED = {
    "algo.train_every": RenamedKey("algo.replay_ratio", _EVERY),
    "algo.per_rank_gradient_steps": RenamedKey("algo.replay_ratio", _EVERY),
    "train_ratio": RenamedKey("algo.replay_ratio", "it counts gradient updates per policy step"),
    "replay_ratio": RenamedKey("algo.replay_ratio"),
    "run.train_ratio": RenamedKey("algo.replay_ratio", "it counts gradient updates per policy step"),
    "algo.train_ratio": RenamedKey("algo.replay_ratio", "it counts gradient updates per policy step"),
    "total_steps": RenamedKey("algo.total_steps"),
    "learning_starts": RenamedKey("algo.learning_starts"),
    "per_rank_batch_size": RenamedKey("algo.per_rank_batch_size"),
    "num_envs": RenamedKey("env.num_envs"),
    "action_repeat": RenamedKey("env.action_repeat"),
    "batch_size": RenamedKey("algo.per_rank_batch_size"),
    "algo.batch_size": RenamedKey("algo.per_rank_batch_size"),
    "cnn_keys.encoder": RenamedKey("algo.cnn_keys.encoder"),
    "mlp_keys.encoder": RenamedKey("algo.mlp_keys.encoder"),
    "fabric.gpus": RenamedKey("fabric.devices"),
    "logger": RenamedKey("metric.logger"),
}

#: Values with which nothing can train.
LIMITS = (
    *learning_rates(*(f"algo.{network}.optimizer.lr" for network in ("world_model", "actor", "critic"))),
    *shares("algo.gamma", "algo.lmbda"),
    *lengths("algo.total_steps"),
    *counts("algo.horizon", "buffer.size", "env.screen_size"),
    *counts("algo.world_model.stochastic_size", "algo.world_model.discrete_size"),
    *counts("algo.world_model.recurrent_model.recurrent_state_size"),
)
#: Keys that change nothing (``Ratio`` in ``sheeprl/utils/utils.py``).
DEAD = {
    "algo.per_rank_pretrain_steps": "the first call of Ratio limits it to the steps of one iteration",
}
