"""The log layout of r2dreamer: ``metrics.jsonl``, beside Hydra's ``.hydra``; x is environment frames.

Source: NM512/r2dreamer 546e4fa (``trainer.py``, ``tools.py``).
"""

from __future__ import annotations

from dreamerguard.core.log_format import LogEvidence, LogLayout, RunFacts, StoredSettings

_KEYS = frozenset({"fps/fps", "episode/eval_score", "episode/eval_length", "train/opt/grad_scale", "train/opt/lr"})


def wrote(found: LogEvidence) -> bool:
    """Recognises keys that only this program logs, or Hydra's folder beside a log."""
    keys = found.metrics | (found.tags if "episode/score" in found.tags else frozenset())
    return bool(keys & _KEYS) or (bool(keys) and (found.directory / ".hydra").is_dir())


def read_facts(settings: StoredSettings) -> RunFacts:
    """Reads the facts from a stored configuration."""
    task, repeat = settings.text("env.task"), settings.whole("env.action_repeat")
    suite = None
    if task and task.startswith("dmc_"):
        vectors, pixels = settings.values.get("env.encoder.mlp_keys"), settings.values.get("env.encoder.cnn_keys")
        suite = "dmc_vision" if vectors == "$^" else "dmc_proprio" if pixels == "$^" else None
    return RunFacts(
        task=task,
        suite=suite,
        seed=settings.whole("seed"),
        action_repeat=repeat,
        train_ratio=settings.number("trainer.train_ratio") or settings.number("env.train_ratio"),
        batch_steps=settings.product("batch_size", "batch_length"),
        frames=settings.number("trainer.steps") or settings.number("env.steps"),
        settings=dict(settings.values),
    )


LAYOUT = LogLayout(
    program="r2dreamer",
    title="r2dreamer",
    x="step",
    files={"metrics.jsonl": {"episode/score": "train", "episode/eval_score": "eval"}},
    event_scores={"episode/score": "train", "episode/eval_score": "eval"},
    metrics=("metrics.jsonl",),
    configs=(".hydra/config.yaml",),
    repeated="replace",
    ratio_from_updates=True,
    wrote=wrote,
    facts=read_facts,
    names=(
        (r"train/opt/updates", "updates"),
        (r"episode/eval_success", "success/eval"),
        (r"fps/fps", "fps_frames"),
        (r"train/opt/grad_norm", "grad_norm/all"),
        (r"train/opt/loss", "loss/total"),
        (r"train/loss/(\w+)", r"loss/\1"),
        (r"train/action_entropy", "entropy/action"),
        (r"train/(dyn|rep)_entropy", r"latent_entropy/\1"),
    ),
)
