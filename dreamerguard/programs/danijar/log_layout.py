"""The log layout of danijar/dreamerv3: ``scores.jsonl`` and ``metrics.jsonl``; x is environment frames.

Source: danijar/dreamerv3 e3f0224 (``embodied/run/train.py``, ``dreamerv3/main.py``), danijar/elements b781f90
(``elements/logger.py``).
"""

from __future__ import annotations

from dreamerguard.core.log_format import LogEvidence, LogLayout, RunFacts, StoredSettings

_KEYS = frozenset({"fps/policy", "fps/train", "replay/replay_ratio", "replay/items", "epstats", "train_stats"})


def wrote(found: LogEvidence) -> bool:
    """Recognises the score's key, or keys that only this program logs."""
    keys = found.metrics | found.tags
    return "episode/score" in found.scores | keys or bool(keys & _KEYS)


def read_facts(settings: StoredSettings) -> RunFacts:
    """Reads the facts from a stored configuration."""
    task = settings.text("task")
    prefix = task.split("_")[0] if task else ""
    repeat = settings.whole(f"env.{prefix}.repeat") or (1 if task else None)
    steps = settings.number("run.steps")
    script = settings.text("script") or settings.text("run.script")
    suite = None
    if prefix == "dmc":
        pixels, vectors = settings.values.get("env.dmc.image"), settings.values.get("env.dmc.proprio")
        suite = "dmc_vision" if vectors is False else "dmc_proprio" if pixels is False else None
    # Replayed steps include the context: the logged ratio is the setting times (length + context) / length.
    ratio, length = settings.number("run.train_ratio"), settings.number("batch_length")
    context = settings.number("replay_context") or 0
    if ratio is not None and length:
        ratio *= (length + context) / length
    return RunFacts(
        task=task,
        suite=suite,
        seed=settings.whole("seed"),
        action_repeat=repeat,
        train_ratio=ratio,
        batch_steps=settings.product("batch_size", "batch_length"),
        frames=None if steps is None or repeat is None else steps * repeat,
        mixes_evaluations=None if script is None else script == "train_eval",
        settings=dict(settings.values),
    )


LAYOUT = LogLayout(
    program="danijar",
    title="dreamerv3",
    x="step",
    # The release of 2023 logs evaluations as ``eval_episode``; later ones give them the key of training episodes.
    files={"scores.jsonl": {"episode/score": "train", "eval_episode/score": "eval"}, "metrics.jsonl": {}},
    copies={"metrics.jsonl": {"episode/score": "train", "eval_episode/score": "eval"}},
    event_scores={"episode/score": "train", "eval_episode/score": "eval"},
    evaluation_rows="eval/",
    metrics=("metrics.jsonl",),
    configs=("config.yaml",),
    repeated="replace",
    wrote=wrote,
    facts=read_facts,
    names=(
        (r"train/opt/updates", "updates"),
        (r"epstats/log/(?:is_)?success/max", "success/train"),
        (r"(train|eval)_stats/max_log_(?:is_)?success", r"success/\1"),
        (r"replay/replay_ratio", "train_ratio"),
        (r"fps/policy", "fps_steps"),
        (r"fps/train", "fps_replayed"),
        (r"train/opt/grad_norm", "grad_norm/all"),
        (r"train/(model|actor|critic)_opt_grad_norm", r"grad_norm/\1"),
        (r"train/opt/loss", "loss/total"),
        (r"train/loss/(\w+)", r"loss/\1"),
        (r"train/(\w+)_loss_mean", r"loss/\1"),
        (r"train/ent/(\w+)", r"entropy/\1"),
        (r"train/rand/(\w+)", r"randomness/\1"),
        (r"train/(dyn|rep)_ent", r"latent_entropy/\1"),
        (r"replay/ram_gb", "memory_gb"),
    ),
)
