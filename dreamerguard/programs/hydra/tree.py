"""A configuration during composition: nested mappings with leaves that keep every layer that set them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import field

from dreamerguard.core.setting import Layer
from dreamerguard.core.source import Value
from dreamerguard.util.fast_dataclass import dataclass


@dataclass(frozen=True, slots=True)
class Leaf:
    """A value with its layers, the weakest first. ``opaque`` marks a list with items that are not plain values."""

    chain: tuple[Layer, ...]
    opaque: bool = False

    @property
    def value(self) -> Value:
        """The value that takes effect."""
        return self.chain[-1].value


@dataclass(slots=True)
class Tree:
    """A mapping from names to trees and leaves."""

    children: dict[str, Tree | Leaf] = field(default_factory=dict)


Branch = Tree | Leaf


def merge(into: Tree, other: Tree, clashes: list[tuple[str, Branch]] | None = None, prefix: str = "") -> None:
    """Merges as OmegaConf does: mappings are merged, other values are replaced and stay as earlier layers.

    ``clashes`` gets the keys where a list meets a mapping, with the new branch: OmegaConf stops there.
    """
    for name, theirs in other.children.items():
        ours = into.children.get(name)
        if clashes is not None and ours is not None and (_is_list(ours), _is_list(theirs)) != (False, False):
            clashes += [(f"{prefix}{name}", theirs)] if isinstance(ours, Tree) or isinstance(theirs, Tree) else []
        if isinstance(theirs, Tree):
            if not isinstance(ours, Tree):
                ours = into.children[name] = Tree()
            merge(ours, theirs, clashes, f"{prefix}{name}.")
        elif isinstance(ours, Leaf):
            into.children[name] = Leaf((*ours.chain, *theirs.chain), theirs.opaque)
        else:
            into.children[name] = theirs


def _is_list(branch: Branch) -> bool:
    return isinstance(branch, Leaf) and (branch.opaque or isinstance(branch.value, tuple))


def graft(root: Tree, package: str, body: Tree, clashes: list[tuple[str, Branch]] | None = None) -> None:
    """Merges the values of a file into their package; see `merge` for ``clashes``."""
    target = root
    for part in package.split(".") if package else ():
        below = target.children.get(part)
        if clashes is not None and below is not None and _is_list(below):
            clashes.append((package, body))
        if not isinstance(below, Tree):
            below = target.children[part] = Tree()
        target = below
    merge(target, body, clashes, f"{package}." if package else "")


def find(root: Tree, path: list[str]) -> Branch | None:
    """Returns the branch at a path, without following interpolations; None if it does not exist."""
    node: Branch = root
    for part in path:
        below = node.children.get(part) if isinstance(node, Tree) else None
        if below is None:
            return None
        node = below
    return node


def leaves(tree: Tree, prefix: str = "") -> Iterator[tuple[str, Leaf]]:
    """Yields all leaves with their dotted paths."""
    for name, branch in tree.children.items():
        path = f"{prefix}{name}"
        if isinstance(branch, Leaf):
            yield path, branch
        else:
            yield from leaves(branch, f"{path}.")
