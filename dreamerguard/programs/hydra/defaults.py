"""Expands the defaults list: the files to merge, their order, and their packages.

The order of decisions follows hydra 1.3 (``_internal/defaults_list.py``): children are visited from the last to the
first, so that an ``override`` acts on the entries before it, and the command line overrides all of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field, replace

from dreamerguard.util.fast_dataclass import dataclass

from .store import ConfigFile, Default, Store

_MAX_DEPTH = 24
_MAX_STEPS = 500


class Unsupported(Exception):
    """Only hydra itself can compose the configuration."""


@dataclass(frozen=True, slots=True)
class Step:
    """The values of one file without its defaults, and the package that they are merged into."""

    file: ConfigFile
    package: str


@dataclass(frozen=True, slots=True)
class Missing:
    """A file, or a choice, that does not exist. ``element`` is the requested group."""

    element: str
    group: str
    name: str | None
    where: str


@dataclass
class Defaults:
    """Expands the defaults list of a primary file.

    Attributes:
      choices: group (with its package where it is moved) -> option, from the command line, then from ``override``.
      used: groups that exist in the list.
      missing: files and choices that were not found.
      chosen: final option of every group in the list.
      repeated: groups that are in the list twice, which hydra refuses.
      misplaced: file and group of an ``override`` in front of another item, which hydra refuses.
      overridden: group -> file with an ``override`` of it.
    """

    store: Store
    choices: dict[str, str | None]
    deleted: Mapping[str, str | None] = field(default_factory=dict)
    used: set[str] = field(default_factory=set)
    missing: list[Missing] = field(default_factory=list)
    chosen: dict[str, str | None] = field(default_factory=dict)
    repeated: list[str] = field(default_factory=list)
    misplaced: list[tuple[str, str]] = field(default_factory=list)
    overridden: dict[str, str] = field(default_factory=dict)
    steps: int = 0

    def expand(self, primary: str, appended: tuple[Default, ...] = ()) -> list[Step]:
        """Returns all steps in the order of merging."""
        file = self.store.load(primary)
        if file is None:
            self.missing.append(Missing("", "", primary, ""))
            return []
        return self._file(file, "", _header(file) or "", 0, appended)

    def _file(
        self, file: ConfigFile, base: str, package: str, depth: int, appended: tuple[Default, ...] = ()
    ) -> list[Step]:
        self.steps += 1
        if depth > _MAX_DEPTH or self.steps > _MAX_STEPS:
            raise Unsupported(f"the defaults lists are circular or too deep at {file.name}")
        items = list(file.defaults)
        if not any(item.is_self for item in items) and (not items or any(not item.override for item in items)):
            items.append(Default(None, "_self_"))
        package = _absolute(package)
        for item in items:
            if item.override and item.group is not None:
                key = _key(item, base, package)
                if key not in self.choices:
                    self.choices[key], self.overridden[key] = item.name, file.name
        self._check_order(file)
        found: list[list[Step]] = []
        for item in reversed([*items, *appended]):
            if item.is_self:
                found.append([Step(file, package)])
            elif not item.override:
                found.append(self._item(item, file, base, package, depth, appended=item in appended))
        return [step for steps in reversed(found) for step in steps]

    def _check_order(self, file: ConfigFile) -> None:
        first = next((index for index, item in enumerate(file.defaults) if item.override), None)
        late = (
            [item for item in file.defaults[first:] if not item.override and not item.is_self]
            if first is not None
            else []
        )
        if first is not None and late:
            self.misplaced.append((file.name, file.defaults[first].group or ""))

    def _item(
        self, item: Default, file: ConfigFile, base: str, package: str, depth: int, *, appended: bool
    ) -> list[Step]:
        if appended:
            base, package = "", ""
        if item.group is None:
            return self._child(item, item.name or "", base, package, depth)
        key = _key(item, base, package)
        if key in self.choices:
            self.used.add(key)
            item = replace(item, name=self.choices[key], names=None)
        if item.names is None and key in self.deleted and self.deleted[key] in (None, item.name):
            self.used.add(f"~{key}")
            return []
        if item.names is not None:
            found = [self._child(item, f"{item.group}/{name}", base, package, depth) for name in item.names]
            return [step for steps in found for step in steps]
        if key in self.chosen:
            again = item.name == self.chosen[key]
            if not again or (item.name is not None and not self._has_list(item, base)):
                self.repeated.append(key)
        self.chosen.setdefault(key, item.name)
        if item.name is None:
            return []
        if "${" in item.name:
            raise Unsupported(f"{file.name} chooses {item.group} by an interpolation")
        if item.name == "???":
            self.missing.append(Missing(key, _group(item, base), None, file.name))
            return []
        return self._child(item, f"{item.group}/{item.name}", base, package, depth)

    def _has_list(self, item: Default, base: str) -> bool:
        """Returns whether a file has a defaults list: hydra takes such a file twice, and stops at others."""
        file = self.store.load(f"{_group(item, base)}/{item.name}")
        return file is not None and bool(file.defaults)

    def _child(self, item: Default, path: str, base: str, package: str, depth: int) -> list[Step]:
        full = _join(base, path)
        if full.startswith("hydra/") and self.store.load(full) is None:
            return []  # settings of hydra itself, which the program does not get
        file = self.store.load(full)
        if file is None:
            if not item.optional:
                group = full.rpartition("/")[0]
                key = _key(item, base, package) if item.group is not None else group
                self.missing.append(Missing(key, group, full.rpartition("/")[2], ""))
            return []
        own = item.package if item.package is not None else _header(file)
        relative = (item.group if item.group is not None else path.rpartition("/")[0]).lstrip("/").replace("/", ".")
        if own == "_here_" and item.package is not None:
            own = ""
        elif item.package is not None and "_group_" in item.package:
            own = f"_global_.{item.package.replace('_group_', full.rpartition('/')[0].replace('/', '.'))}"
        inner = _package(package, relative if own is None else own)
        child_base = _group(item, base) if item.group is not None else full.rpartition("/")[0]
        return self._file(file, child_base, inner, depth + 1)


def _join(base: str, path: str) -> str:
    if path.startswith("/"):
        return path[1:]
    return f"{base}/{path}" if base else path


def _group(item: Default, base: str) -> str:
    return _join(base, item.group or "")


def _header(file: ConfigFile) -> str | None:
    """Returns the package in a file's header, always as an absolute path from the root; None without a header."""
    if file.package is None:
        return None
    return file.package if file.package.startswith("_global_") else f"_global_.{file.package}"


def _package(parent: str, own: str) -> str:
    return _absolute(f"{parent}.{own}" if parent and own else parent or own)


def _absolute(package: str) -> str:
    at = package.rfind("_global_")
    return package if at < 0 else package[at + len("_global_") + 1 :]


def _key(item: Default, base: str, package: str) -> str:
    """Returns the name of a group on the command line: with its package if that is not the group's default package."""
    group = _group(item, base)
    relative = (item.group or "").lstrip("/").replace("/", ".")
    own = {"_here_": "", None: relative}.get(item.package, item.package)
    if own is not None and "_group_" in own:
        own = f"_global_.{own.replace('_group_', group.replace('/', '.'))}"
    final = _package(package, own or "")
    return group if final == group.replace("/", ".") else f"{group}@{final or '_global_'}"
