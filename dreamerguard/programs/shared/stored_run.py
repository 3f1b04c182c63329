"""The configuration that an earlier run stored beside its logs and checkpoints, compared with the run of a command.

A program that finds a checkpoint in its log directory continues it, whatever it was trained on: danijar/dreamerv3 at
e3f0224 checks only the shapes of the weights (``embodied/jax/agent.py``), dreamerv3-torch at 6ef8646 loads
``latest.pt`` (``dreamer.py``).
"""

from __future__ import annotations

import os
import re
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from dreamerguard.core.finding import Problem, Severity
from dreamerguard.core.run import ResolvedRun
from dreamerguard.core.setting import Role, Setting
from dreamerguard.core.source import Label, SourceError, Value
from dreamerguard.core.values import spell_scalar
from dreamerguard.sources.files import read_source
from dreamerguard.sources.values.yaml import read_yaml
from dreamerguard.util.fast_dataclass import dataclass
from dreamerguard.util.paths import exists, is_dir, is_file

from .preset_values import Item, flatten
from .python_call import is_open

_REFERENCE = re.compile(r"\$\{([\w.]+)\}")
_MOST_STEPS = 8
_NAMES: dict[Role, str] = {"task": "task", "deter": "model size", "train_ratio": "train ratio"}


@dataclass(frozen=True, slots=True)
class StoredRun:
    """A stored configuration.

    Attributes:
      name: path of its file, as a user would type it.
      items: flat key -> item with its place.
    """

    name: str
    items: Mapping[str, Item]

    def find(self, key: str) -> Item | None:
        """Returns the item of a key, with the value that a reference such as ``${env.steps}`` points at."""
        item = self.items.get(key)
        for _ in range(_MOST_STEPS):
            match = _REFERENCE.fullmatch(item.value) if item is not None and isinstance(item.value, str) else None
            if match is None:
                break
            item = self.items.get(match[1])
        return item


def read_stored(path: Path, name: str) -> StoredRun | None:
    """Reads a stored configuration; returns None if there is none, or if it is not a file of settings."""
    if not is_file(path):
        return None
    try:
        source, unreadable = read_source(path)
    except SourceError:
        return None
    document = read_yaml(replace(source, name=name)) if unreadable is None else None
    if document is None or document.root is None:
        return None
    return StoredRun(name, flatten(document.root))


#: Keys that name a trained agent, and paths of its file inside a repository.
_CHECKPOINT_KEY = re.compile(r"(checkpoint|ckpt|weights|pretrained|(load|model|agent|policy)_?(path|file|from))", re.I)
_CHECKPOINT_FILE = re.compile(r"(?![~/])[\w./ -]+\.(pt|pth|ckpt|pkl|npz|safetensors|msgpack)", re.ASCII)


def named_path(setting: Setting | None, folder: Path) -> Path | None:
    """Returns the path that a setting names; None if it names none or only the start of the run completes it."""
    value = setting.value if setting is not None else None
    if not isinstance(value, str) or not value or is_open(value) or "{" in value or "\x00" in value:
        return None
    return folder / os.path.expanduser(value)  # noqa: PTH111 - Path.expanduser may raise


def stored_in_directory(setting: Setting | None, folder: Path, *names: str) -> StoredRun | None:
    """Returns the stored configuration of a log directory.

    Args:
      setting: names the directory.
      folder: folder in which the command would start.
      names: files that the program stores it in, the first that exists counts.
    """
    path = named_path(setting, folder)
    if path is None or setting is None:
        return None
    shown = str(setting.value).rstrip("/")
    found = (read_stored(path / name, f"{shown}/{name}") for name in names)
    return next((item for item in found if item is not None), None)


def stored_beside(setting: Setting | None, folder: Path, *, most_up: int = 2) -> StoredRun | None:
    """Returns the configuration of the run that a checkpoint belongs to: ``config.yaml`` one or two folders above."""
    path = named_path(setting, folder)
    if path is None or setting is None:
        return None
    shown = Path(str(setting.value))
    for own, typed in list(zip(path.parents, shown.parents, strict=False))[:most_up]:
        if typed != Path() and (found := read_stored(own / "config.yaml", (typed / "config.yaml").as_posix())):
            return found
    return None


def is_present(setting: Setting, folder: Path) -> bool:
    """Returns whether the file or folder that a setting names exists here."""
    path = named_path(setting, folder)
    return path is not None and exists(path)


def missing_checkpoint(setting: Setting, folder: Path) -> Iterator[Problem]:
    """Yields the problem of a checkpoint that its existing folder lacks; another machine may have other folders."""
    path, place = named_path(setting, folder), setting.last.span
    if path is None or place is None or exists(path) or not is_dir(path.parent):
        return
    if path.parent in (folder, Path(path.anchor)) or _is_elsewhere(setting):
        return
    text = f"there is no checkpoint {path.name} in {Path(str(setting.value)).parent}"
    yield Problem("missing-checkpoint", text, Label(place), setting.key)


def _is_elsewhere(setting: Setting) -> bool:
    """Returns whether a committed file names an absolute path, which belongs to the machine of its author."""
    return setting.last.kind in ("defaults", "preset") and str(setting.value).startswith(("/", "~"))


def unheld_checkpoints(
    settings: Mapping[str, Setting], folders: Sequence[Path], reported: Container[str]
) -> Iterator[Problem]:
    """Yields the problem of each checkpoint file that a file of presets names by a relative path and nobody committed.

    Args:
      settings: of the run.
      folders: where a relative path may begin.
      reported: keys that are reported otherwise.
    """
    for key, setting in settings.items():
        value, layer = setting.value, setting.last
        if key in reported or layer.kind not in ("defaults", "preset") or layer.upstream or layer.span is None:
            continue
        if not _CHECKPOINT_KEY.search(key) or not isinstance(value, str) or not _CHECKPOINT_FILE.fullmatch(value):
            continue
        paths = [named_path(setting, folder) for folder in folders]
        if None not in paths and not any(path is not None and exists(path) for path in paths):
            text = f"{key} names {value}, which the repository does not hold"
            help = "say where it comes from, or leave the setting empty and name the file on the command line"
            yield Problem("missing-checkpoint", text, Label(layer.span), key, help=help, severity=Severity.INFO)


def other_run(
    run: ResolvedRun, stored: StoredRun, roles: Iterable[Role], place: Setting, consequence: str
) -> Iterator[Problem]:
    """Yields the problem of a stored configuration that is of another task, or else of another size or ratio.

    Args:
      run: the run of the command.
      stored: the stored configuration.
      roles: the settings to compare, the task first.
      place: the setting that names the log directory or the checkpoint.
      consequence: what the program does with it.
    """
    for role in roles:
        setting = run.setting(role)
        item = stored.find(setting.key) if setting is not None else None
        if setting is None or item is None or not _differ(setting.value, item.value):
            continue
        ours, theirs = _shown(setting.value), _shown(item.value)
        text = f"{stored.name} is a run with {_NAMES[role]} {theirs}, and this command has {ours}: {consequence}"
        span = place.last.span if place.last.span is not None else run.place(setting)
        labels = [Label(item.span, f"{theirs} is stored here")]
        if setting.last.span is not None and setting.last.span != span:
            labels.append(Label(setting.last.span, f"{ours} is set here"))
        yield Problem("another-run", text, Label(span), setting.key, secondary=tuple(labels))
        if role == "task":
            return  # size and ratio follow from it


def _differ(ours: Value, theirs: Value) -> bool:
    if ours is None or theirs is None or isinstance(ours, tuple) or isinstance(theirs, tuple):
        return False
    if any(isinstance(value, str) and is_open(value) for value in (ours, theirs)):
        return False
    return ours != theirs


def _shown(value: Value) -> str:
    return value[:60] if isinstance(value, str) else spell_scalar(value)
