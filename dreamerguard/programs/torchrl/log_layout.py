"""The logs of torchrl: the JSON lines file of ``logger.metrics_jsonl``; x is environment steps, which are frames.

Source: pytorch/rl 039b49a (``sota-implementations/dreamer_v3/train.py``). The earlier ``dreamer_v3.py`` writes one JSON
file when it ends, which is no log. Scripts with torchrl's ``CSVLogger`` or ``TensorboardLogger`` write CSV files or
TensorBoard events instead, by agent steps; the names of scores in them are those of ``train.py`` and of the other
scripts in ``sota-implementations`` (ae9719f).
"""

from __future__ import annotations

from dreamerguard.core.log_format import LogEvidence, LogLayout, RunFacts, ScoreKind, StoredSettings

#: The name in the shipped configuration, and the one that a log has elsewhere.
_OWN, _COMMON = "dreamer_v3_dmc_walker.jsonl", "metrics.jsonl"
_CSV: dict[str, ScoreKind] = {"score": "train", "return": "eval", "train/reward": "train", "eval/reward": "eval"}
_SCORES: dict[str, ScoreKind] = {"score": "train", "return": "eval"}


def wrote(found: LogEvidence) -> bool:
    """Recognises the name that the shipped configuration gives the log, the names of its steps, or CSV files."""
    named = "environment_steps" in found.metrics or (found.directory / _OWN).is_file()
    return named or bool((found.csv | found.tags) & _CSV.keys())


def read_facts(settings: StoredSettings) -> RunFacts:
    """The facts in a stored configuration."""
    name, kind = settings.text("env.name"), settings.text("env.task")
    control = settings.values.get("env.backend") == "dm_control" and name and kind
    return RunFacts(
        task=f"dmc_{name}_{kind}" if control else name,
        suite="dmc_proprio" if control else None,
        seed=settings.whole("env.seed"),
        action_repeat=settings.whole("env.frame_skip") or 1,
        train_ratio=settings.number("optimization.train_ratio"),
        batch_steps=settings.product("replay_buffer.batch_size", "replay_buffer.seq_len"),
        frames=settings.number("collector.total_frames"),
        settings=dict(settings.values),
    )


LAYOUT = LogLayout(
    program="torchrl",
    title="torchrl",
    x="environment_steps",
    files={_OWN: _SCORES, _COMMON: _SCORES},
    metrics=(_OWN, _COMMON),
    configs=(".hydra/config.yaml", "../.hydra/config.yaml", "../../.hydra/config.yaml"),
    csv_scores=_CSV,
    event_scores=_CSV,
    ratio_from_updates=True,
    wrote=wrote,
    facts=read_facts,
    names=(
        (r"updates", "updates"),
        (r"loss_dynamic_representation", "kl"),
        (r"loss_(reconstruction|reward|actor|value)", r"loss/\1"),
    ),
)
