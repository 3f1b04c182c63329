"""Stores of configuration files: the folder of a checkout, or the shipped table of an edition."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Protocol

from dreamerguard.core.finding import Problem
from dreamerguard.core.setting import Layer
from dreamerguard.core.source import SourceError, Span, Value
from dreamerguard.sources.files import read_source
from dreamerguard.sources.values import nodes
from dreamerguard.sources.values.yaml import read_yaml
from dreamerguard.util.check_cache import cached_per_check
from dreamerguard.util.fast_dataclass import dataclass
from dreamerguard.util.paths import is_file

from .header import read_header
from .scalars import file_scalar
from .tree import Leaf, Tree, leaves


@dataclass(frozen=True, slots=True)
class Default:
    """An item of a defaults list. ``names`` are several options of one group; a ``name`` of None disables a group."""

    group: str | None
    name: str | None
    package: str | None = None
    names: tuple[str, ...] | None = None
    override: bool = False
    optional: bool = False

    @property
    def is_self(self) -> bool:
        """Whether it is ``_self_``, the position of the file's own values."""
        return self.group is None and self.name == "_self_"


@dataclass(frozen=True, slots=True)
class ConfigFile:
    """One configuration file: the package in its header, its defaults list, and its values."""

    name: str
    package: str | None
    defaults: tuple[Default, ...]
    body: Tree
    problems: tuple[Problem, ...] = ()


class Store(Protocol):
    """A set of configuration files, named by path without suffix: ``env/dmc_vision``."""

    def load(self, path: str) -> ConfigFile | None:
        """Returns the file; None if it does not exist."""

    def options(self, group: str) -> tuple[str, ...]:
        """Returns the names of the files of a group; empty if the group does not exist."""


class FolderStore:
    """The configuration folder of a checkout.

    Args:
      folder: path of the folder.
      shown: its name in reports.
      shipped: upstream's files. Values of the checkout that equal theirs are marked as upstream's.
    """

    def __init__(self, folder: Path, shown: str, shipped: Store) -> None:
        self.folder = folder
        self.shown = shown
        self.shipped = shipped
        self.loaded: dict[str, ConfigFile | None] = {}

    def load(self, path: str) -> ConfigFile | None:
        if path not in self.loaded:
            self.loaded[path] = self._read(path)
        return self.loaded[path]

    def options(self, group: str) -> tuple[str, ...]:
        return _listed(self.folder / group) if _inside(group) else ()

    def _read(self, path: str) -> ConfigFile | None:
        file = self.folder / f"{path}.yaml"
        if not _inside(path) or not is_file(file):
            return None
        try:
            source, unreadable = read_source(file)
        except SourceError:
            return None
        named = replace(source, name=posixpath.normpath(f"{self.shown}/{path}.yaml"))
        if unreadable is not None:
            return ConfigFile(path, None, (), Tree(), (unreadable,))
        document = read_yaml(named)
        upstream = self.shipped.load(path)
        known = {key: leaf.value for key, leaf in leaves(upstream.body)} if upstream is not None else {}
        package, wrong = read_header(named, path)
        root = document.root
        defaults = tuple(_defaults(root)) if root is not None else ()
        body = _body(root, path, known) if root is not None else Tree()
        return ConfigFile(path, package, defaults, body, (*document.problems, *wrong))


@cached_per_check
def _listed(folder: Path) -> tuple[str, ...]:
    try:
        return tuple(sorted(path.stem for path in folder.glob("*.yaml")))
    except OSError:
        return ()


def _inside(path: str) -> bool:
    """Returns whether a path stays in its folder; a defaults list may hold any text."""
    return ".." not in path.split("/") and "\\" not in path and "\0" not in path and len(path) < 200


def _body(root: nodes.Mapping, name: str, known: Mapping[str, Value]) -> Tree:
    tree = _tree(root, name, "", known)
    tree.children.pop("defaults", None)
    return tree


def _tree(mapping: nodes.Mapping, name: str, prefix: str, known: Mapping[str, Value]) -> Tree:
    tree = Tree()
    for entry in mapping.entries:
        key = str(entry.key.value) if not entry.key.plain else entry.key.span.text
        path = f"{prefix}{key}"
        if isinstance(entry.value, nodes.Mapping):
            tree.children[key] = _tree(entry.value, name, f"{path}.", known)
        else:
            tree.children[key] = _leaf(entry, name, path, known)
    return tree


def _leaf(entry: nodes.Entry, name: str, path: str, known: Mapping[str, Value]) -> Leaf:
    node = entry.value
    opaque = False
    value: Value
    if isinstance(node, nodes.Scalar):
        value = _scalar(node)
    else:
        items = node.items if isinstance(node, nodes.Listing) else ()
        value = tuple(_scalar(item) for item in items if isinstance(item, nodes.Scalar))
        opaque = len(value) < len(items)
    key_span = entry.key.span
    value_span = node.span if isinstance(node, nodes.Scalar) else None
    near = value_span is not None and 0 <= value_span.start - key_span.end < 80
    span = key_span.source.span(key_span.start, value_span.end) if near and value_span is not None else key_span
    same = path in known and known[path] == value and type(known[path]) is type(value)
    return Leaf((Layer("preset", name, value, span, value_span, entry.via, upstream=same),), opaque)


def _scalar(node: nodes.Scalar) -> bool | int | float | str | None:
    if not node.plain or not isinstance(node.span, Span):
        return node.value
    return file_scalar(node.span.text)


def _defaults(root: nodes.Mapping) -> Iterator[Default]:
    listed = next((entry.value for entry in root.entries if entry.name == "defaults"), None)
    for item in listed.items if isinstance(listed, nodes.Listing) else ():
        if isinstance(item, nodes.Scalar) and item.span.text:
            yield default(item.span.text.strip("'\""), None)
        elif isinstance(item, nodes.Mapping) and len(item.entries) == 1:
            yield _group(item.entries[0])


def _group(entry: nodes.Entry) -> Default:
    node = entry.value
    if isinstance(node, nodes.Listing):
        names = tuple(str(item.value) for item in node.items if isinstance(item, nodes.Scalar))
        return replace(default(entry.name, ""), names=names, name=None)
    value = node.value if isinstance(node, nodes.Scalar) else None
    return default(entry.name, None if value is None else str(value), grouped=True)


def default(text: str, name: str | None, *, grouped: bool = False) -> Default:
    """Reads an item such as ``override /algo@package``, with the chosen option ``name``."""
    words = text.split()
    marks, path = set(words[:-1]), words[-1] if words else ""
    path, _, package = path.partition("@")
    chosen = name.removesuffix(".yaml") if name is not None else None
    if not grouped and name is None:
        return Default(None, path.removesuffix(".yaml"), package or None, optional="optional" in marks)
    return Default(path, chosen, package or None, None, "override" in marks, "optional" in marks)
