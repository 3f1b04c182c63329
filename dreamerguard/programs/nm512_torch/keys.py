"""What dreamerv3-torch never reads, and what it calls keys of other programs (NM512/dreamerv3-torch at 6ef8646)."""

from __future__ import annotations

from dreamerguard.core.key import Condition, Renamed

#: Keys that it declares and that change nothing.
DEAD: dict[str, str] = {
    "debug": "nothing in the program reads it; the preset of that name sets other keys",
    "reset_every": "the clock that it sets is never asked (dreamer.py:37)",
}

#: Options that only some runs read (``models.py:_compute_actor_loss`` and ``dreamer.py``).
CONDITIONS: tuple[Condition, ...] = (
    Condition(("reward_EMA",), "imag_gradient", ("dynamics",)),
    Condition(("imag_gradient_mix",), "imag_gradient", ("both",)),
)

RENAMES: dict[str, Renamed] = {
    "step": Renamed("steps"),
    "total_steps": Renamed("steps"),
    "run.steps": Renamed("steps", "it counts environment frames: agent steps x action_repeat"),
    "value.layers": Renamed("critic.layers"),
    "value.units": Renamed("units"),
    "value.dist": Renamed("critic.dist"),
    "value.lr": Renamed("critic.lr"),
    "value.outscale": Renamed("critic.outscale"),
    "value_layers": Renamed("critic.layers"),
    "actor_layers": Renamed("actor.layers"),
    "actor_dist": Renamed("actor.dist"),
    "actor_lr": Renamed("actor.lr"),
    "actor_entropy": Renamed("actor.entropy"),
    "value_lr": Renamed("critic.lr"),
    "run.train_ratio": Renamed("train_ratio"),
    "replay_ratio": Renamed("train_ratio", "it counts replayed steps: updates per step x batch_size x batch_length"),
    "run.envs": Renamed("envs"),
    "envs.amount": Renamed("envs"),
    "num_envs": Renamed("envs"),
    "replay_size": Renamed("dataset_size"),
    "replay.size": Renamed("dataset_size"),
    "buffer_size": Renamed("dataset_size"),
    "imag_length": Renamed("imag_horizon"),
    "horizon": Renamed("imag_horizon", "imag_horizon is the length of imagined rollouts; discount is 1 - 1/horizon"),
    "jax.platform": Renamed("device", "it is cpu or cuda:0"),
    "jax.precision": Renamed("precision", "it is 16 or 32"),
    "sticky": Renamed("stickey"),
    "frame_skip": Renamed("action_repeat"),
    "lr": Renamed("model_lr", "actor.lr and critic.lr are separate"),
    "learning_rate": Renamed("model_lr", "actor.lr and critic.lr are separate"),
}
