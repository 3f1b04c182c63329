"""Keys of other editions and programs -> keys of danijar/dreamerv3. An entry applies if its target exists."""

from __future__ import annotations

import re
from collections.abc import Container, Mapping

from dreamerguard.core.key import Condition, RenamedKey
from dreamerguard.core.setting import Setting
from dreamerguard.programs.shared.checkout import PythonCheckout
from dreamerguard.programs.shared.limits import counts, endless_counts, horizons, learning_rates, shares

_LENGTH = "the 2024 edition counts the replay context inside batch_length: 65 there is 64 elsewhere"

_PAIRS: tuple[tuple[str, str, str], ...] = (
    # Number of environments, by edition.
    ("envs.amount", "run.envs", ""),
    ("run.num_envs", "run.envs", ""),
    ("num_envs", "run.envs", ""),
    ("envs", "run.envs", ""),
    ("env.amount", "run.envs", ""),
    ("run.envs", "run.num_envs", ""),
    ("envs.amount", "run.num_envs", ""),
    ("run.envs", "envs.amount", ""),
    ("run.num_envs", "envs.amount", ""),
    ("run.num_envs_eval", "run.eval_envs", ""),
    ("run.num_eval_envs", "run.eval_envs", ""),
    ("run.eval_envs", "run.num_envs_eval", ""),
    # Replay.
    ("replay_size", "replay.size", ""),
    ("replay.size", "replay_size", ""),
    ("replay_online", "replay.online", ""),
    ("replay.online", "replay_online", ""),
    ("dataset_size", "replay.size", ""),
    # Scripts, logs and intervals.
    ("run.script", "script", ""),
    ("script", "run.script", ""),
    ("run.eval_every", "run.report_every", "it counts seconds"),
    ("filter", "logger.filter", ""),
    ("batch_length_eval", "report_length", _LENGTH),
    ("report_length", "batch_length_eval", _LENGTH),
    ("run.driver_parallel", "run.debug", "it means the opposite"),
    ("envs.parallel", "run.debug", "False runs environments in processes"),
    ("run.log_every_steps", "run.log_every", "it counts seconds"),
    # Compute.
    ("jax.precision", "jax.compute_dtype", "it is bfloat16, float16 or float32"),
    ("jax.compute_dtype", "jax.precision", ""),
    ("jax.debug_nans", "jax.debug", ""),
    ("jax.logical_cpus", "jax.mock_devices", ""),
    ("jax.prealloc_gpu", "jax.prealloc", ""),
    # Networks.
    ("rssm.deter", "agent.dyn.rssm.deter", ""),
    ("rssm.units", "agent.dyn.rssm.hidden", ""),
    ("rssm.stoch", "agent.dyn.rssm.stoch", ""),
    ("rssm.classes", "agent.dyn.rssm.classes", ""),
    ("dyn.rssm.deter", "agent.dyn.rssm.deter", ""),
    ("dyn.rssm.hidden", "agent.dyn.rssm.hidden", ""),
    ("dyn.rssm.stoch", "agent.dyn.rssm.stoch", ""),
    ("dyn.rssm.classes", "agent.dyn.rssm.classes", ""),
    ("dyn.typ", "agent.dyn.typ", ""),
    ("rssm.deter", "dyn.rssm.deter", ""),
    ("rssm.units", "dyn.rssm.hidden", ""),
    ("agent.dyn.rssm.deter", "dyn.rssm.deter", ""),
    ("agent.dyn.rssm.deter", "rssm.deter", ""),
    ("actor.layers", "agent.policy.layers", ""),
    ("actor.units", "agent.policy.units", ""),
    ("critic.layers", "agent.value.layers", ""),
    ("critic.units", "agent.value.units", ""),
    ("encoder.cnn_depth", "agent.enc.simple.depth", ""),
    ("decoder.cnn_depth", "agent.dec.simple.depth", ""),
    ("encoder.cnn_depth", "enc.simple.depth", ""),
    ("decoder.cnn_depth", "dec.simple.depth", ""),
    ("enc.simple.depth", "agent.enc.simple.depth", ""),
    ("dec.simple.depth", "agent.dec.simple.depth", ""),
    # What the agent sees: editions choose it by pattern, the 2025 edition in the environment.
    ("encoder.mlp_keys", "enc.spaces", "one pattern for images and vectors"),
    ("encoder.cnn_keys", "enc.spaces", "one pattern for images and vectors"),
    ("decoder.mlp_keys", "dec.spaces", "one pattern for images and vectors"),
    ("decoder.cnn_keys", "dec.spaces", "one pattern for images and vectors"),
    ("encoder.mlp_keys", "env.dmc.proprio", "this edition feeds every observation; the environment chooses them"),
    ("encoder.cnn_keys", "env.dmc.image", "this edition feeds every observation; the environment chooses them"),
    ("enc.simple.mlp_keys", "env.dmc.proprio", "this edition feeds every observation; the environment chooses them"),
    ("enc.spaces", "env.dmc.image", "this edition feeds every observation; the environment chooses them"),
    ("dec.spaces", "env.dmc.image", "this edition decodes every observation; the environment chooses them"),
    # Optimizer and losses.
    ("model_opt.lr", "agent.opt.lr", "one optimizer trains all networks"),
    ("actor_opt.lr", "agent.opt.lr", "one optimizer trains all networks"),
    ("critic_opt.lr", "agent.opt.lr", "one optimizer trains all networks"),
    ("model_opt.lr", "opt.lr", "one optimizer trains all networks"),
    ("opt.lr", "agent.opt.lr", ""),
    ("lr", "agent.opt.lr", ""),
    ("learning_rate", "agent.opt.lr", ""),
    ("agent.opt.learning_rate", "agent.opt.lr", ""),
    ("imag_horizon", "agent.imag_length", ""),
    ("imag_length", "agent.imag_length", ""),
    ("imag_horizon", "imag_length", ""),
    ("imag_length", "imag_horizon", ""),
    ("agent.imag_length", "imag_length", ""),
    ("agent.imag_length", "imag_horizon", ""),
    ("horizon", "agent.horizon", ""),
    ("discount", "agent.horizon", "the discount is 1 - 1/horizon"),
    ("actent", "agent.imag_loss.actent", ""),
    ("return_lambda", "agent.imag_loss.lam", ""),
    ("loss_scales.dyn", "agent.loss_scales.dyn", ""),
    ("loss_scales.rep", "agent.loss_scales.rep", ""),
    # Aliases from other programs.
    ("steps", "run.steps", "it counts agent steps"),
    ("total_steps", "run.steps", "it counts agent steps"),
    ("train_ratio", "run.train_ratio", ""),
    ("replay_ratio", "run.train_ratio", "it counts replayed steps, not updates"),
    ("run.batch_size", "batch_size", ""),
    ("run.batch_length", "batch_length", ""),
    ("replay.batch_size", "batch_size", ""),
    ("replay.batch_length", "batch_length", ""),
    ("run.seed", "seed", ""),
    ("env.task", "task", ""),
    ("run.logdir", "logdir", ""),
    ("platform", "jax.platform", ""),
    ("device", "jax.platform", "it is cpu, cuda or tpu"),
    ("action_repeat", "env.dmc.repeat", "each suite has its own: env.<suite>.repeat"),
    ("env.repeat", "env.dmc.repeat", "each suite has its own: env.<suite>.repeat"),
)


#: Settings that only some runs read (danijar/dreamerv3 at e3f0224, ``embodied/jax/opt.py`` and ``run/train_eval.py``).
CONDITIONS: tuple[Condition, ...] = (
    Condition(("agent.opt.anneal",), "agent.opt.schedule", (), unless=("const",)),
    Condition(("run.eval_envs", "run.eval_eps"), "script", (), unless=("train",)),
    Condition(("replay.recexp",), "replay.fracs.recency", (), unless=(0.0,)),
    Condition(("replay.prio.exponent", "replay.prio.maxfrac"), "replay.fracs.priority", (), unless=(0.0,)),
)


#: Upstream's policy over discrete actions is plainly categorical, unless it is given as one-hot vectors
#: (danijar/dreamerv3 at e3f0224, ``embodied/jax/heads.py``, ``categorical``).
_UNMIXED = Condition(("agent.policy.unimix",), "agent.policy_dist_disc", ("onehot",))
_CATEGORICAL = re.compile(rb"^[ \t]*def categorical\(.*?(?=^[ \t]*(?:def|class) |\Z)", re.MULTILINE | re.DOTALL)


def conditions_for(settings: Mapping[str, Setting], checkout: PythonCheckout | None) -> tuple[Condition, ...]:
    """Returns the keys that have an effect only while another key has certain values, by the checkout's own code."""
    unmixed = settings.get(*_UNMIXED.keys)
    if unmixed is None or unmixed.last.kind == "defaults":
        return CONDITIONS
    files = checkout.index.files if checkout is not None else {}
    bodies = [body for file in files.values() if file.data is not None for body in _CATEGORICAL.findall(file.data)]
    return CONDITIONS if any(b"unimix" in body for body in bodies) else (*CONDITIONS, _UNMIXED)


#: Values with which nothing can train, in the keys of all editions.
LIMITS = (
    *learning_rates("agent.opt.lr", "opt.lr", "model_opt.lr", "actor_opt.lr", "critic_opt.lr"),
    *horizons("agent.horizon", "horizon"),
    *counts("agent.imag_length", "imag_length", "imag_horizon", "replay.size"),
    *endless_counts("replay_size"),
    *counts("agent.dyn.rssm.deter", "dyn.rssm.deter", "rssm.deter", "agent.dyn.rssm.hidden", "dyn.rssm.hidden"),
    *counts("agent.dyn.rssm.stoch", "dyn.rssm.stoch", "rssm.stoch", "rssm.units"),
    *shares("agent.imag_loss.lam", "agent.repl_loss.lam", "return_lambda", "return_lambda_replay"),
)


def renames_for(keys: Container[str]) -> dict[str, RenamedKey]:
    """Returns old key -> replacement, for a program with these keys."""
    found: dict[str, RenamedKey] = {}
    for old, new, note in _PAIRS:
        if new in keys and old not in keys and old not in found:
            found[old] = RenamedKey(new, note)
    return found
