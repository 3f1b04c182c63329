"""The log layout of dreamerv3-torch: ``metrics.jsonl``; x is environment frames. The program stores no configuration.

Source: NM512/dreamerv3-torch 6ef8646 (``tools.py``, ``dreamer.py``, ``models.py``).
"""

from __future__ import annotations

from dreamerguard.core.log_format import LogEvidence, LogLayout, RunFacts, StoredSettings

_KEYS = frozenset({"train_return", "eval_return", "update_count", "train_length", "dataset_size", "model_loss"})


def wrote(found: LogEvidence) -> bool:
    """Recognises keys that only this program logs."""
    return bool((found.metrics | found.tags) & _KEYS)


def read_facts(settings: StoredSettings) -> RunFacts:
    """Returns no facts, because the program stores no configuration."""
    return RunFacts(settings=dict(settings.values))


LAYOUT = LogLayout(
    program="nm512_torch",
    title="dreamerv3-torch",
    x="step",
    files={"metrics.jsonl": {"train_return": "train", "eval_return": "eval"}},
    event_scores={"train_return": "train", "eval_return": "eval"},
    metrics=("metrics.jsonl",),
    configs=(),
    ratio_from_updates=True,
    wrote=wrote,
    facts=read_facts,
    names=(
        (r"update_count", "updates"),
        (r"fps", "fps_frames"),
        (r"(model|actor|value)_grad_norm", r"grad_norm/\1"),
        (r"(dyn|rep|model|actor|value|reward|cont|image|vector|state)_loss", r"loss/\1"),
        (r"actor_entropy", "entropy/action"),
        (r"(prior|post)_ent", r"latent_entropy/\1"),
    ),
)
