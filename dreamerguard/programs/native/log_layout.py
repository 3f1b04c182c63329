"""The bundled trainer's log layout: ``scores.jsonl``, ``eval.jsonl``, ``metrics.jsonl``; x is environment frames."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from dreamerguard.core.log_format import LogEvidence, LogLayout, RunFacts, StoredSettings


def wrote(found: LogEvidence) -> bool:
    """Recognises the run file, or the keys of the logs. The folder of a run of several seeds has no log itself."""
    if (found.directory / "run.yaml").is_file() and not any(_seeds(found.directory)):
        return True
    own_events = {"episode/score", "episode/env"} <= found.tags or {"updates", "train_ratio/achieved"} <= found.tags
    return {"frames", "score"} <= found.scores or {"frames", "updates"} <= found.metrics or own_events


def _seeds(directory: Path) -> Iterator[Path]:
    """Yields the run files of the seeds. A link to the directory itself, or to one above it, is no seed."""
    here = os.path.realpath(directory)
    for path in directory.glob("seed*/run.yaml"):
        folder = os.path.realpath(path.parent)
        if os.path.commonpath([here, folder]) != folder:
            yield path


def read_facts(settings: StoredSettings) -> RunFacts:
    """Reads the facts from a stored configuration."""
    batch = settings.product("replay.batch_size", "replay.batch_length")
    return RunFacts(
        task=settings.text("task"),
        suite=settings.text("suite"),
        edition=settings.text("edition"),
        seed=settings.whole("seed"),
        action_repeat=settings.whole("env.action_repeat"),
        train_ratio=settings.number("run.train_ratio"),
        batch_steps=batch,
        frames=settings.number("run.frames"),
        settings=dict(settings.values),
    )


LAYOUT = LogLayout(
    program="native",
    title="dreamerguard",
    x="frames",
    files={"scores.jsonl": {"score": "train"}, "eval.jsonl": {"score": "eval"}, "metrics.jsonl": {}},
    event_scores={"episode/score": "train", "eval/score": "eval"},
    metrics=("metrics.jsonl",),
    configs=("run.yaml",),
    ratio_is_total=True,
    folder_of_runs=True,
    states_suite=True,
    wrote=wrote,
    facts=read_facts,
    names=(
        (r"updates", "updates"),
        (r"train_ratio/achieved", "train_ratio"),
        (r"train_ratio/configured", "train_ratio_configured"),
        (r"fps/(frames|updates)", r"fps_\1"),
        (r"time/elapsed", "seconds"),
        (r"opt/grad_norm", "grad_norm/all"),
        (r"opt/loss", "loss/total"),
        (r"loss/(\w+)", r"loss/\1"),
        (r"ent/(\w+)", r"entropy/\1"),
        (r"rand/(\w+)", r"randomness/\1"),
        (r"(dyn|rep)_ent", r"latent_entropy/\1"),
        (r"memory/rss_gb|replay/ram_gb", "memory_gb"),
    ),
)
