"""Reads a ``configs.yaml``: a block of defaults and presets, as in danijar/dreamerv3 and its descendants."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath

from dreamerguard.core.finding import Problem
from dreamerguard.core.setting import Preset, Role, Setting
from dreamerguard.core.source import Label, Source, SourceError, Span
from dreamerguard.sources.files import read_source
from dreamerguard.sources.values import nodes
from dreamerguard.sources.values.yaml import read_yaml
from dreamerguard.util.check_cache import cached_per_check
from dreamerguard.util.fast_dataclass import dataclass
from dreamerguard.util.paths import exists, is_file
from dreamerguard.util.regular_files import read_regular

from .folders import entries_below
from .preset_values import Item, is_pattern
from .task_names import suite_of

#: Greatest number of folders searched if the script is missing, for example in a copy of the presets alone.
_MOST_FOLDERS = 300
#: Levels below the start folder: ``dreamerv3/embodied/agents/dreamerv3/configs.yaml``.
_DEPTH = 4
#: A name of a YAML file in quotes, relative and not above the folder of the script.
_NAME = re.compile(r"[\"'](\w[\w-]*(?:/[\w-]+)*\.ya?ml)[\"']", re.ASCII)
#: Between two parts of a path: ``"configs" / "dreamer.yaml"``.
_JOINED = re.compile(r"(?<=\w)[\"']\s*/\s*[\"'](?=\w)")
#: Makes a configuration of the block of defaults: ``Config(configs["defaults"])``.
_WHOLE = re.compile(r"\bConfig\(\s*[\w.]+\[\s*[\"']defaults[\"']\s*\]\s*\)")
#: Scripts of the programs that read presets beside them.
_TRAINERS = ("main.py", "train.py", "dreamer.py")
_MOST_NAMES = 8
_COMMENT = re.compile(r"^[ \t]*#.*$", re.MULTILINE)
_MOST_BYTES = 1 << 18

Flatten = Callable[[nodes.Mapping], dict[str, Item]]


@dataclass(frozen=True, slots=True)
class PresetFile:
    """The flat blocks of a preset file.

    Attributes:
      source: text of the file.
      blocks: block -> flat key -> item.
      names: block -> place of its name.
      problems: problems found while reading.
      path: of the file.
    """

    source: Source
    blocks: Mapping[str, Mapping[str, Item]]
    names: Mapping[str, Span]
    problems: tuple[Problem, ...]
    path: Path = Path()

    def holds(self, block: str, span: Span) -> bool:
        """Returns whether a span is in a block."""
        start = self.names[block].start
        later = [name.start for name in self.names.values() if name.start > start]
        return start <= span.start < min(later, default=len(self.source.text) + 1)

    def block_at(self, offset: int) -> str:
        """Returns the block around a character; the first one if the character is above all of them."""
        in_order = sorted(self.names, key=lambda block: self.names[block].start)
        return next((block for block in reversed(in_order) if self.names[block].start <= offset), in_order[0])

    @property
    def groups(self) -> Collection[str]:
        """Top-level names of the block of defaults: settings and groups of settings."""
        return self.blocks.groups if isinstance(self.blocks, _Blocks) else ()

    @property
    def defaults(self) -> Mapping[str, Item]:
        """The block of defaults, which all presets change."""
        return self.blocks.get("defaults", {})


def declared_keys(file: PresetFile) -> frozenset[str]:
    """Returns the keys of all blocks, without patterns."""
    return frozenset(key for block in file.blocks for key in file.blocks[block] if not is_pattern(key))


def names_task(task: Setting | None, presets: Sequence[Preset]) -> bool:
    """Returns whether presets are meant for a task: one sets it, or is made for the suite of the default task."""
    if task is None:
        return any(preset.suite for preset in presets)
    return task.last.kind == "preset" or suite_of(str(task.value)) in {preset.suite for preset in presets}


def without_task(roles: Mapping[Role, str]) -> dict[Role, str]:
    """Returns the roles without the task, for a preset that is meant for any task."""
    return {role: key for role, key in roles.items() if role != "task"}


def read_presets(path: Path, name: str, flatten: Flatten) -> PresetFile | None:
    """Reads the blocks of a preset file; returns None if the file is not a preset file.

    Raises:
      SourceError: the file cannot be opened.
    """
    source, unreadable = read_source(path)
    source = replace(source, name=name)
    if unreadable is not None:
        return PresetFile(source, {}, {}, (replace(unreadable, label=Label(source.span(0))),))
    document = read_yaml(source)
    if document.root is None:
        return PresetFile(source, {}, {}, document.problems)
    entries = [entry for entry in document.root.entries if isinstance(entry.value, nodes.Mapping)]
    names = {entry.name: entry.key.span for entry in entries}
    if "defaults" not in names:
        return None
    return PresetFile(source, _Blocks(document.root, flatten), names, document.problems, path)


class _Blocks(Mapping[str, Mapping[str, Item]]):
    """Blocks that are flattened on first access, because a command names one or two of twenty."""

    def __init__(self, root: nodes.Mapping, flatten: Flatten) -> None:
        self._nodes = {entry.name: entry.value for entry in root.entries if isinstance(entry.value, nodes.Mapping)}
        self._flatten = flatten
        self._flat: dict[str, Mapping[str, Item]] = {}

    @property
    def groups(self) -> frozenset[str]:
        """Top-level names of the block of defaults."""
        return frozenset(entry.name for entry in self._nodes["defaults"].entries)

    def __getitem__(self, name: str) -> Mapping[str, Item]:
        if name not in self._flat:
            self._flat[name] = self._flatten(self._nodes[name])
        return self._flat[name]

    def __contains__(self, name: object) -> bool:
        return name in self._nodes

    def __iter__(self) -> Iterator[str]:
        return iter(self._nodes)

    def __len__(self) -> int:
        return len(self._nodes)


def locate(script: str, folder: Path, fits: Callable[[PresetFile], bool], flatten: Flatten) -> PresetFile | None:
    """Returns the preset file that a script reads: ``configs.yaml`` beside the script, or the only file that it names.

    A file that fits and that the script names instead of ``configs.yaml`` comes first. If the script does not exist,
    returns the only file below ``folder`` that fits; None if several files fit.
    """
    beside = Path(os.path.normpath(folder / script)).parent / "configs.yaml"
    if is_file(beside):
        found = _instead(folder / script, folder, flatten)
        if found is not None and fits(found):
            return found
        found = _read(beside, folder, flatten)
        return found if found is not None and (fits(found) or not found.blocks) else None
    named = _named(folder / script, folder, flatten, whole=True)
    if named is not None:
        return named if fits(named) else None
    if exists(folder / script) or PurePosixPath(script).is_absolute() or script.startswith(("~", "$")):
        return None
    below = (path for path in _below(folder) if not _is_beside_another(path, script))
    files = [file for path in below if (file := _read(path, folder, flatten)) is not None and fits(file)]
    near = [file for file in files if PurePosixPath(file.source.name).parent.name == PurePosixPath(script).parent.name]
    candidates = near if len(files) > 1 else files
    return candidates[0] if len(candidates) == 1 else None


def _is_beside_another(presets: Path, script: str) -> bool:
    """Returns whether presets lie beside another program's script, and neither the script nor its folder is there."""
    typed = PurePosixPath(script)
    if presets.parent.name == typed.parent.name or len(typed.parts) < 2 or is_file(presets.with_name(typed.name)):
        return False
    return any(is_file(presets.with_name(name)) for name in _TRAINERS)


def _instead(script: Path, folder: Path, flatten: Flatten) -> PresetFile | None:
    """Returns the only preset file that a script names, if it does not name ``configs.yaml``."""
    text = _COMMENT.sub("", _text(script) or "")
    return _named(script, folder, flatten, whole=False) if text and "configs.yaml" not in text else None


def has_other_presets(script: str, folder: Path, fits: Callable[[PresetFile], bool], flatten: Flatten) -> bool:
    """Returns whether the presets beside a script can be read and are not those of a program."""
    beside = Path(os.path.normpath(folder / script)).parent / "configs.yaml"
    found = _read(beside, folder, flatten) if is_file(beside) else _named(folder / script, folder, flatten, whole=False)
    return found is not None and bool(found.blocks) and not fits(found)


def named_presets(script: Path, folder: Path, flatten: Flatten) -> PresetFile | None:
    """Returns the only preset file below the folder of a script that its text names; None if there are several."""
    return _named(script, folder, flatten, whole=False)


def _named(script: Path, folder: Path, flatten: Flatten, *, whole: bool) -> PresetFile | None:
    """Returns the preset file below the folder of a script that its text names; None if there are none or several.

    Args:
      script: path of the script.
      folder: folder in which the command would start.
      flatten: makes the blocks flat.
      whole: whether the block of defaults must be the whole configuration, and not a part of it.
    """
    text = _text(script)
    if text is None:
        return None
    if whole and not _WHOLE.search(text):
        return None
    names = sorted(set(_NAME.findall(_JOINED.sub("/", text))))[:_MOST_NAMES]
    paths = {Path(os.path.normpath(script.parent / name)) for name in names}
    files = [_read(path, folder, flatten) for path in sorted(paths) if is_file(path)]
    found = [file for file in files if file is not None and file.blocks]
    return found[0] if len(found) == 1 else None


def _text(script: Path) -> str | None:
    """Returns the text of a script; empty if it is not there, None if it cannot be read."""
    try:
        return read_regular(script, _MOST_BYTES).decode("utf-8", "replace") if is_file(script) else ""
    except OSError:
        return None


@cached_per_check
def _read(path: Path, folder: Path, flatten: Flatten) -> PresetFile | None:
    try:
        name = path.relative_to(folder).as_posix()
    except ValueError:
        name = path.as_posix()
    try:
        return read_presets(path, name, flatten)
    except SourceError:
        return None


def _below(folder: Path) -> Iterator[Path]:
    for entry in entries_below(folder, _MOST_FOLDERS, _DEPTH):
        if entry.name == "configs.yaml" and entry.is_file():
            yield Path(entry.path)
