"""The log layout of sheeprl: TensorBoard event files; x is policy steps; times the action repeat, they are frames.

Source: Eclectic-Sheep/sheeprl 33b6366 (``sheeprl/algos/dreamer_v3``).
"""

from __future__ import annotations

import re

from dreamerguard.core.log_format import LogEvidence, LogLayout, RunFacts, StoredSettings

_TAGS = re.compile(
    r"Rewards/rew_avg$|Game/ep_len_avg$|Test/cumulative_reward$|Params/|Grads/|State/|Time/sps_|Loss/\w+_loss$"
)


def wrote(found: LogEvidence) -> bool:
    """Recognises the tags that only this program logs."""
    return any(_TAGS.match(tag) for tag in found.tags)


def read_facts(settings: StoredSettings) -> RunFacts:
    """Reads the facts from a stored configuration."""
    name, repeat = settings.text("env.id"), settings.whole("env.action_repeat")
    steps, ratio = settings.number("algo.total_steps"), settings.number("algo.replay_ratio")
    batch = settings.product("algo.per_rank_batch_size", "algo.per_rank_sequence_length")
    target = str(settings.values.get("env.wrapper._target_", "")).lower()
    task = suite = None
    if name and "dmc" in target:
        domain, kind = settings.values.get("env.wrapper.domain_name"), settings.values.get("env.wrapper.task_name")
        task = f"dmc_{domain}_{kind}" if domain and kind else f"dmc_{name}"
        pixels = bool(settings.values.get("algo.cnn_keys.encoder"))
        suite = "dmc_vision" if pixels else "dmc_proprio"
    elif name and "atari" in target:
        game = re.sub(r"(NoFrameskip|Deterministic)?-v\d+$", "", name.split("/")[-1])
        task = "atari_" + re.sub(r"(?<!^)(?=[A-Z])", "_", game).lower()
    return RunFacts(
        task=task,
        suite=suite,
        seed=settings.whole("seed"),
        action_repeat=repeat,
        train_ratio=None if ratio is None or batch is None else ratio * batch,
        batch_steps=batch,
        frames=None if steps is None or repeat is None else steps * repeat,
        settings=dict(settings.values),
    )


LAYOUT = LogLayout(
    program="sheeprl",
    title="sheeprl",
    x="policy step",
    files={},
    metrics=(),
    configs=(
        "config.yaml",
        ".hydra/config.yaml",
        "version_0/config.yaml",
        "../.hydra/config.yaml",
        "../config.yaml",
    ),
    # ``Rewards/rew_avg`` is the mean over the episodes since the last log.
    event_scores={"Rewards/rew_avg": "train", "Test/cumulative_reward": "eval"},
    counts_steps=True,
    ratio_is_total=True,
    wrote=wrote,
    facts=read_facts,
    names=(
        (r"Params/replay_ratio", "updates_per_step"),
        (r"Time/sps_env_interaction", "fps_frames"),
        (r"Time/sps_train", "fps_updates"),
        (r"Grads/(\w+)", r"grad_norm/\1"),
        (r"Loss/(\w+)_loss", r"loss/\1"),
        (r"State/kl", "kl"),
        (r"State/(post|prior)_entropy", r"latent_entropy/\1"),
    ),
)
