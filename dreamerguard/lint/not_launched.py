"""Files of settings that start no run: records of runs that are over, and kept copies of a file of presets."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath

from dreamerguard.programs.shared.find_checkout import checkout_of
from dreamerguard.util.paths import is_file
from dreamerguard.util.regular_files import read_regular

#: Folders that a run, or whoever keeps runs, writes into.
_WRITTEN = frozenset({
    "artifacts", "artefacts", "output", "outputs", "log", "logs", "logdir", "logdirs", "multirun", "lightning_logs",
    "tensorboard", "wandb", "mlruns", "checkpoints", "ckpts",
})  # fmt: skip
#: What lies beside the stored configuration of a run.
_BESIDE = (
    "metrics.jsonl", "scores.jsonl", "metrics.csv", "events.out.tfevents.*", "run_status.json", "*.ckpt", "*.pt",
    "*.pth", "ckpt", "train_eps",
)  # fmt: skip
_MOST_ENTRIES = 10_000

_MARK = r"(?:bak|backup|bkp|old|orig|original|copy|prev|previous|saved?|archived?|deprecated|unused)"
#: The name of a kept copy: ``configs_old``, ``configs copy 2``, ``configs.bak``, ``old_configs``, ``configs (1)``.
_KEPT_AFTER = re.compile(rf"(?P<name>.+?)[ ._-]*(?:{_MARK}[ ._-]*\d*|[ _]\(\d\))", re.IGNORECASE | re.ASCII)
_KEPT_BEFORE = re.compile(rf"(?:copy of|{_MARK})[ ._-]+(?P<name>.+)", re.IGNORECASE | re.ASCII)
#: Code that takes the names of files from a folder, or builds them.
_ANY_NAME = re.compile(rb"[}*]\.ya?ml|(?:\+|with_suffix\()\s*[\"']\.ya?ml[\"']|%s[\w-]*\.ya?ml")
_BLOCKS = re.compile(rb"^defaults[ \t]*:", re.MULTILINE)
_MOST_BYTES = 1 << 20


def is_record(path: Path, name: str) -> bool:
    """Returns whether a stored configuration belongs to a run that was started before.

    Args:
      path: of the file.
      name: of the file, relative to the repository.
    """
    parts = PurePosixPath(name).parts[:-1]
    if path.parent.name == ".hydra" or not _WRITTEN.isdisjoint(part.lower() for part in parts):
        return True
    return any(fnmatchcase(entry, pattern) for entry in _entries(path.parent) for pattern in _BESIDE)


def kept_copy_of(path: Path, commands: Iterable[Path]) -> str:
    """Returns the name of the presets beside a file of which it is a copy that nothing loads; empty for other files.

    Args:
      path: of the file of presets.
      commands: files that may name it in a command.
    """
    loaded = _original(path)
    if loaded is None:
        return ""
    checkout = checkout_of(path.parent)
    if checkout is None:
        return ""
    stem = path.stem.encode()
    code = [file.data for file in checkout.index.files.values()]
    if None in code or not any(loaded.name.encode() in data for data in code if data is not None):
        return ""
    texts = [*(data for data in code if data is not None), *(_data(other) for other in commands if other != path)]
    named = any(stem in text for text in texts)
    return "" if named or any(_ANY_NAME.search(data) for data in code if data is not None) else loaded.name


def _original(path: Path) -> Path | None:
    """Returns the file of presets that a name says to be the original of another one."""
    for pattern in (_KEPT_AFTER, _KEPT_BEFORE):
        match = pattern.fullmatch(path.stem)
        for suffix in (".yaml", ".yml") if match is not None else ():
            other = path.with_name(f"{match['name'].removesuffix(suffix)}{suffix}") if match is not None else path
            if other != path and is_file(other) and _BLOCKS.search(_data(other)):
                return other
    return None


def _data(path: Path) -> bytes:
    try:
        return read_regular(path, _MOST_BYTES)
    except OSError:
        return b""


def _entries(folder: Path) -> list[str]:
    try:
        with os.scandir(folder) as entries:
            return [entry.name for entry, _ in zip(entries, range(_MOST_ENTRIES), strict=False)]
    except OSError:
        return []
