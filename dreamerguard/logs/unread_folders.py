"""Names the folders of programs that are not read, so that a user does not wait for a log that never comes.

Sources: ray-project/ray (``python/ray/tune/result.py``: ``result.json``, ``progress.csv``, ``params.json``),
DLR-RM/stable-baselines3 (``monitor.py``: ``monitor.csv``).
"""

from __future__ import annotations

from collections.abc import Iterable
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
    "files/wandb-metadata.json": "Weights & Biases without its file run-*.wandb",
}


#: Start of a TensorBoard tag -> the program that logs it.
_TAGS = {"ray/tune/": "RLlib", "rollout/ep_": "Stable-Baselines3", "charts/episodic_": "CleanRL"}


def name_by_tags(tags: Iterable[str]) -> str:
    """Returns which program that is not read logged these TensorBoard tags, for a message; empty if unknown."""
    found = next((_TAGS[start] for tag in tags for start in _TAGS if tag.startswith(start)), "")
    return f" (it is a log of {found})" if found else ""


def name_unread(directory: Path, csv_scores: frozenset[str]) -> str:
    """Returns which program wrote a folder that is not read, and what to do; empty for other folders.

    Args:
      directory: the folder.
      csv_scores: names of scores that are read from torchrl's CSV files.
    """
    name = _rllib_file(directory)
    if name:
        return f"it is a folder of RLlib ({name}). Its logs are not read; `dreamerguard lint` checks its settings"
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


def _rllib_file(directory: Path) -> str:
    """Returns the file with the results of an RLlib trial, one row for each iteration; empty if there is none."""
    for name in ("result.json", "progress.csv"):
        try:
            head = read_regular(directory / name, _HEAD)
        except OSError:
            continue
        if any(key in head for key in (b"training_iteration", b"env_runners", b"episode_reward_mean")):
            return name
    return ""


def _any(directory: Path, pattern: str) -> bool:
    try:
        return next(directory.glob(pattern), None) is not None
    except OSError:
        return False
