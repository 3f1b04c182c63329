"""A launcher that reads its own hydra files: ``@hydra.main(config_path=".", config_name="train")`` in its script.

No table of upstream's keys exists for it, so only what hydra itself refuses and what the launcher's code never reads is
judged.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from dreamerguard.core.key import Key
from dreamerguard.programs.shared.reached_code import ReachedCode
from dreamerguard.sources.commands.launch import Launch
from dreamerguard.sources.python.names import is_run_config
from dreamerguard.sources.python.stored_trace import trace_of
from dreamerguard.util.fast_dataclass import dataclass
from dreamerguard.util.paths import is_dir

from .command import HydraArguments, read_hydra_arguments
from .compose import compose
from .composed import Overlay
from .composition import Composition
from .decorator import named_config
from .defaults import Unsupported
from .store import ConfigFile, FolderStore, Store
from .tree import Leaf, leaves

#: Share of the keys that the trace must find, so that what it misses is not read.
_TRACED = 0.8
_TARGET = "_target_"
_FOLDER = re.compile(r"(?:file://)?(\.{0,2}/?[\w./-]+)")
_ABSOLUTE = re.compile(r"\$\{\s*([A-Za-z_][\w.]*)\s*\}")
_RELATIVE = re.compile(r"\$\{\s*\.+([\w.]+)\s*\}")


class _Nothing:
    """A store without files."""

    def load(self, path: str) -> ConfigFile | None:
        return None

    def options(self, group: str) -> tuple[str, ...]:
        return ()


@dataclass(frozen=True, slots=True)
class OwnConfig:
    """The configuration of a launcher.

    Attributes:
      composition: its files with the overrides of the command.
      words: the arguments of the command.
      files: names of its files.
      whole: whether all of it is known.
    """

    composition: Composition
    words: HydraArguments
    files: tuple[str, ...]
    whole: bool

    @property
    def targets(self) -> dict[str, str]:
        """Group -> dotted name of the function or class that hydra calls with its keys."""
        found = ((path.rpartition("."), leaf.value) for path, leaf in leaves(self.composition.root))
        return {group: str(value) for (group, _, last), value in found if last == _TARGET}

    @property
    def modules(self) -> tuple[str, ...]:
        """Modules of these functions and classes."""
        return tuple(dict.fromkeys(name.rpartition(".")[0] for name in self.targets.values() if "." in name))


def own_config(launch: Launch, folder: Path) -> OwnConfig | None:
    """Returns the configuration that a launcher reads; None if it is not in files that its code names.

    Args:
      launch: the started launcher.
      folder: folder in which it starts.
    """
    words = read_hydra_arguments(launch.arguments)
    named = named_config(launch, folder, (), words.config_path)
    name = (words.config_name or (named.primary if named is not None else "")).removesuffix(".yaml")
    if named is None or not name:
        return None
    store = _store(folder, named.place, name)
    try:
        composition = compose(store, name, words.overrides, launch.place.span)
    except Unsupported:
        return None
    placed = [item for item in composition.problems if item.label.span != launch.place.span]
    whole = not composition.blind and not composition.open and len(placed) == len(composition.problems)
    composition.problems = placed
    files = tuple(posixpath.normpath(f"{named.place}/{file}.yaml") for file in composition.files)
    return OwnConfig(composition, words, files, whole)


def _store(folder: Path, place: str, name: str) -> Store:
    """Returns the files beside the primary one, and those of the folders in its search path."""
    nothing = _Nothing()
    store: Store = FolderStore(folder / place, place, nothing)
    first = store.load(name)
    listed = [leaf.value for key, leaf in leaves(first.body) if key == "hydra.searchpath"] if first is not None else []
    for text in (str(item) for value in listed for item in (value if isinstance(value, tuple) else (value,))):
        match = _FOLDER.fullmatch(text)
        if match is not None and not match[1].startswith("/") and is_dir(folder / match[1]):
            shown = match[1].removeprefix("./").rstrip("/")
            store = Overlay(store, FolderStore(folder / shown, shown, nothing))
    return store


def dead_keys(config: OwnConfig, code: ReachedCode) -> dict[str, Key]:
    """Returns the keys that a launcher's code never reads, with the reason; of a dead group, the first one.

    Args:
      config: the configuration of the launcher.
      code: the launcher, and the files that it imports or loads by name.
    """
    found = {path: leaf for path, leaf in leaves(config.composition.root) if not path.startswith("hydra.")}
    own = {path: leaf for path, leaf in found.items() if not path.rpartition(".")[2].startswith("_")}
    near = dict.fromkeys(code.files)
    if not own or not config.whole or any(code.index.facts(file) is None for file in near):
        return {}
    keys = frozenset(own)
    trace = trace_of(code.index.files, near, (code.script,), keys, {}, code.index.store, config.targets)
    if trace is None:
        return {}
    groups = {path: next((group for group in _groups(path) if not trace.may_read(group)), "") for path in own}
    missed = {path for path in own if groups[path] or not trace.may_read(path)}
    if len({groups[path] or path for path in missed}) > (1 - _TRACED) * len(own):
        return {}
    named = _interpolated(own)
    reason = f"{code.script} and the code that it runs never read it"
    dead = {path: reason for path in own if path in missed - named}
    for path in (path for path in own if path not in missed | named):
        attribute = _kept_only(path, near, code)
        if attribute:
            dead[path] = f"{code.script} only keeps it in {attribute}, which nothing reads"
    return {path: Key(path, "text", own[path].value, dead=reason) for path, reason in _by_group(dead, groups)}


def _groups(path: str) -> Iterator[str]:
    """Yields the groups around a key, the outermost first."""
    parts = path.split(".")
    return (".".join(parts[:length]) for length in range(1, len(parts)))


def _interpolated(own: Mapping[str, Leaf]) -> set[str]:
    """Returns the keys that other values refer to, with those of a relative reference by their last name."""
    texts = [
        value
        for leaf in own.values()
        for layer in leaf.chain
        for value in (layer.value if isinstance(layer.value, tuple) else (layer.value,))
        if isinstance(value, str) and "${" in value
    ]
    named = {name for text in texts for name in _ABSOLUTE.findall(text)}
    ends = {name.rpartition(".")[2] for text in texts for name in _RELATIVE.findall(text)}
    return {
        path
        for path in own
        if path.rpartition(".")[2] in ends or any(path == name or path.startswith(f"{name}.") for name in named)
    }


def _kept_only(path: str, files: Mapping[str, None], code: ReachedCode) -> str:
    """Returns the attribute that alone gets the value of a key, if nothing reads it; else empty."""
    group, _, leaf = path.rpartition(".")
    facts = [found for file in files if (found := code.index.facts(file)) is not None]
    if group or any(leaf == name for found in facts for owner, name in found.pairs if is_run_config(owner)):
        return ""
    kept = {
        attribute
        for found in facts
        for attribute, pairs in found.stored.items()
        if any(name == leaf and is_run_config(owner) for owner, name in pairs)
    }
    read = any(attribute in found.loaded or attribute in found.names for attribute in kept for found in facts)
    return next(iter(kept)) if len(kept) == 1 and not read else ""


def _by_group(dead: Mapping[str, str], groups: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Yields the dead keys with their reasons; of a group that nothing reads, one key says so."""
    said: set[str] = set()
    for path, reason in dead.items():
        group = groups[path]
        if not group or group not in said:
            yield path, reason.replace("never read it", f"never read {group}") if group else reason
        said.add(group)
