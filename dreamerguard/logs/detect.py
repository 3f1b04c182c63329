"""Which program wrote a directory, by what its files say."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from dreamerguard.util.json_text import read_json

from .event_directory import event_files
from .run_log import Format

#: Bytes of a file that are looked at.
_HEAD = 256 * 1024

_TORCH = frozenset({"train_return", "eval_return", "update_count", "train_length", "dataset_size", "model_loss"})
_R2DREAMER = frozenset({"fps/fps", "episode/eval_score", "episode/eval_length", "train/opt/grad_scale", "train/opt/lr"})
_DANIJAR = frozenset({"fps/policy", "fps/train", "replay/replay_ratio", "replay/items", "epstats", "train_stats"})


def detect(directory: Path) -> Format | None:
    """The program, or None while there is nothing to tell it by.

    Raises:
      PermissionError: the directory or its logs cannot be read.
    """
    if (directory / "run.yaml").is_file():
        # The agents of a run of several seeds log in directories of their own.
        return None if any(directory.glob("seed*/run.yaml")) else "native"
    scores, metrics = set(_keys(directory / "scores.jsonl")), set(_keys(directory / "metrics.jsonl"))
    if {"frames", "score"} <= scores or {"frames", "updates"} <= metrics:
        return "native"
    if metrics & _TORCH:
        return "nm512_torch"
    if metrics & _R2DREAMER or (metrics and (directory / ".hydra").is_dir()):
        return "r2dreamer"
    if "episode/score" in scores or metrics & _DANIJAR or "episode/score" in metrics:
        return "danijar"
    if (scores or metrics) and "step" in scores | metrics:
        return None  # the first lines of a start: losses only
    return "sheeprl" if event_files(directory) and not scores and not metrics else None


def _keys(path: Path) -> Iterator[str]:
    try:
        with path.open("rb") as file:
            head = file.read(_HEAD)
    except (FileNotFoundError, NotADirectoryError):
        return
    for line in head.split(b"\n")[:400]:
        try:
            row = read_json(line)
        except ValueError:
            continue
        if isinstance(row, dict):
            yield from row
