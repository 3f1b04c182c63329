"""Keys that dreamerv3-torch never reads, and its names for keys of other programs (dreamerv3-torch at 6ef8646)."""

from __future__ import annotations

from dreamerguard.core.key import Condition, RenamedKey
from dreamerguard.core.setting import Role
from dreamerguard.programs.shared.limits import counts, learning_rates, lengths, shares

#: Common settings, by the program's names.
ROLES: dict[Role, str] = {
    "task": "task",
    "frames": "steps",
    "train_ratio": "train_ratio",
    "envs": "envs",
    "action_repeat": "action_repeat",
    "image_size": "size",
    "capacity": "dataset_size",
    "batch_size": "batch_size",
    "batch_length": "batch_length",
    "deter": "dyn_deter",
    "platform": "device",
}

#: Keys that the program declares but that have no effect.
DEAD: dict[str, str] = {
    "debug": "nothing in the program reads it; the preset of that name sets other keys",
    "reset_every": "the program never reads the interval that it sets (dreamer.py:37)",
}

#: Options that only some runs read (``models.py:_compute_actor_loss`` and ``dreamer.py``).
CONDITIONS: tuple[Condition, ...] = (
    Condition(("reward_EMA",), "imag_gradient", ("dynamics",)),
    Condition(("imag_gradient_mix",), "imag_gradient", ("both",)),
)

#: Values with which nothing can train.
LIMITS = (
    *learning_rates("model_lr", "actor.lr", "critic.lr"),
    *shares("discount", "discount_lambda"),
    *lengths("steps"),
    *counts("imag_horizon", "dyn_deter", "dyn_hidden", "dyn_stoch", "units"),
)

RENAMES: dict[str, RenamedKey] = {
    "step": RenamedKey("steps"),
    "total_steps": RenamedKey("steps"),
    "run.steps": RenamedKey("steps", "it counts environment frames: agent steps x action_repeat"),
    "value.layers": RenamedKey("critic.layers"),
    "value.units": RenamedKey("units"),
    "value.dist": RenamedKey("critic.dist"),
    "value.lr": RenamedKey("critic.lr"),
    "value.outscale": RenamedKey("critic.outscale"),
    "value_layers": RenamedKey("critic.layers"),
    "actor_layers": RenamedKey("actor.layers"),
    "actor_dist": RenamedKey("actor.dist"),
    "actor_lr": RenamedKey("actor.lr"),
    "actor_entropy": RenamedKey("actor.entropy"),
    "value_lr": RenamedKey("critic.lr"),
    "run.train_ratio": RenamedKey("train_ratio"),
    "replay_ratio": RenamedKey("train_ratio", "it counts replayed steps: updates per step x batch_size x batch_length"),
    "run.envs": RenamedKey("envs"),
    "envs.amount": RenamedKey("envs"),
    "num_envs": RenamedKey("envs"),
    "replay_size": RenamedKey("dataset_size"),
    "replay.size": RenamedKey("dataset_size"),
    "buffer_size": RenamedKey("dataset_size"),
    "imag_length": RenamedKey("imag_horizon"),
    "horizon": RenamedKey("imag_horizon", "imag_horizon is the length of imagined rollouts; discount is 1 - 1/horizon"),
    "jax.platform": RenamedKey("device", "it is cpu or cuda:0"),
    "jax.precision": RenamedKey("precision", "it is 16 or 32"),
    "sticky": RenamedKey("stickey"),
    "frame_skip": RenamedKey("action_repeat"),
    "lr": RenamedKey("model_lr", "actor.lr and critic.lr are separate"),
    "learning_rate": RenamedKey("model_lr", "actor.lr and critic.lr are separate"),
}
