"""Names the folders of programs that are not read, so that a user does not wait for a log that never comes.

Sources: ray-project/ray (``python/ray/tune/result.py``: ``result.json``, ``progress.csv``, ``params.json``),
DLR-RM/stable-baselines3 (``monitor.py``: ``monitor.csv``), wandb/wandb (``run-*.wandb`` in an offline folder).
"""

from __future__ import annotations

from pathlib import Path

from dreamerguard.util.regular_files import read_regular

from .csv_scores import FOLDER, csv_names

#: Bytes read at the start of a file.
_HEAD = 64 * 1024

#: Files of a program that is not read -> the program. Patterns are relative to the folder.
_FILES = {
    "experiment_state-*.json": "Ray Tune (an experiment of RLlib)",
    "tuner.pkl": "Ray Tune (an experiment of RLlib)",
    "*.monitor.csv": "Stable-Baselines3",
    "monitor.csv": "Stable-Baselines3",
    "run-*.wandb": "Weights & Biases",
    "files/wandb-metadata.json": "Weights & Biases",
}


def name_unread(directory: Path, csv_scores: frozenset[str]) -> str:
    """Returns which program wrote a folder that is not read, and what to do; empty for other folders.

    Args:
      directory: the folder.
      csv_scores: names of scores that are read from torchrl's CSV files.
    """
    if _is_rllib(directory):
        return "it is a folder of RLlib (result.json). Its logs are not read; `dreamerguard lint` checks its settings"
    for pattern, program in _FILES.items():
        if _any(directory, pattern):
            return f"it is a folder of {program} ({pattern}). Its logs are not read"
    names = sorted(csv_names(directory))
    if names:
        shown = ", ".join(names[:5]) + (", ..." if len(names) > 5 else "")
        return (
            f"it is a folder of torchrl's CSVLogger ({FOLDER}/) without a known score. It has {shown}; log the"
            f" returns of episodes as one of {', '.join(sorted(csv_scores))}"
        )
    return ""


def _is_rllib(directory: Path) -> bool:
    """Returns whether a folder holds the results of an RLlib trial: one JSON object per iteration."""
    try:
        head = read_regular(directory / "result.json", _HEAD)
    except OSError:
        return False
    return b'"training_iteration"' in head or b'"env_runners"' in head or b'"episode_reward_mean"' in head


def _any(directory: Path, pattern: str) -> bool:
    try:
        return next(directory.glob(pattern), None) is not None
    except OSError:
        return False
