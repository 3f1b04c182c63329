"""The structure of the code, read from its syntax trees: imports between packages, circles, names defined twice.

``python -m benchmarks.architecture`` prints it (``make architecture``). Every import counts, also one inside a
function and one for types only.
"""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

ROOT = Path(__file__).parents[1]
#: Folder -> package.
TREES = {ROOT / "dreamerguard": "dreamerguard", ROOT / "agent" / "dreamerguard_agent": "dreamerguard_agent"}
PAGE = ROOT / "docs" / "architecture.md"
#: Top-level packages whose own subpackages are rooms too.
DEEP = ("programs", "regression")


@dataclass(frozen=True)
class Import:
    """One module of ours imports another, at a line."""

    importer: str
    imported: str
    line: int


@cache
def modules() -> dict[str, Path]:
    """Dotted name -> file, of every module of the product."""
    found = {}
    for folder, package in TREES.items():
        for path in sorted(folder.rglob("*.py")):
            parts = [package, *path.relative_to(folder).with_suffix("").parts]
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


@cache
def tree(path: Path) -> ast.Module:
    """The syntax tree of a file."""
    return ast.parse(path.read_text(encoding="utf-8"))


@cache
def imports() -> tuple[Import, ...]:
    """Every import of one module of ours by another."""
    return tuple(item for name, path in modules().items() for item in _imports(name, path))


def _imports(name: str, path: Path) -> Iterator[Import]:
    package = name if path.stem == "__init__" else name.rpartition(".")[0]
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            targets = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                parent = package.split(".")[: len(package.split(".")) - node.level + 1]
                base = ".".join([*parent, *([node.module] if node.module else [])])
            targets = [full if (full := f"{base}.{alias.name}") in modules() else base for alias in node.names]
        else:
            continue
        for target in dict.fromkeys(targets):
            version = target == "dreamerguard" and isinstance(node, ast.ImportFrom) and _only_version(node)
            if target in modules() and target != name and not version:
                yield Import(name, target, node.lineno)


def _only_version(node: ast.ImportFrom) -> bool:
    return [alias.name for alias in node.names] == ["__version__"]


def room(module: str) -> str:
    """The package that a module belongs to, as ``docs/architecture.md`` names it."""
    top, *parts = module.split(".")
    path = ROOT.joinpath(*(["agent"] if top == "dreamerguard_agent" else []), top, *parts)
    if top == "dreamerguard_agent":
        folder = parts[0] if parts and (len(parts) > 1 or path.is_dir()) else ""
        return f"agent/{folder}" if folder else "agent"
    if not parts or (len(parts) == 1 and not path.is_dir()):
        return "(top)"
    if parts[0] in DEEP and len(parts) > 1 and (len(parts) > 2 or path.is_dir()):
        return f"{parts[0]}/{parts[1]}"
    return parts[0]


def arrows() -> dict[tuple[str, str], list[Import]]:
    """Room and room that it imports -> the imports."""
    found: dict[tuple[str, str], list[Import]] = defaultdict(list)
    for item in imports():
        pair = room(item.importer), room(item.imported)
        if pair[0] != pair[1]:
            found[pair].append(item)
    return dict(found)


def allowed() -> dict[str, frozenset[str]]:
    """Room -> rooms that it may import, from the table in ``docs/architecture.md``."""
    found = {}
    for line in PAGE.read_text(encoding="utf-8").split("\n"):
        match = re.fullmatch(r"\| `([^`]+)` \| [^|]* \|([^|]*)\|", line)
        if match is not None:
            found[match[1]] = frozenset(re.findall(r"`([^`]+)`", match[2]))
    return found


def circle(graph: Mapping[str, frozenset[str] | set[str]]) -> list[str]:
    """One circle of a graph; empty without any."""
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        nodes: list[str] = error.args[1]
        return nodes
    return []


def module_graph() -> dict[str, set[str]]:
    """Module -> modules that it imports. A package's ``__init__`` that only re-exports lazily imports nothing."""
    graph: dict[str, set[str]] = {name: set() for name in modules()}
    for item in imports():
        if item.importer != "dreamerguard":
            graph[item.importer].add(item.imported)
    return graph


def classes() -> dict[str, list[str]]:
    """Class -> modules that define one of that name."""
    found: dict[str, list[str]] = defaultdict(list)
    for name, path in modules().items():
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.ClassDef):
                found[node.name].append(name)
    return found


def main() -> None:
    """Prints rooms, arrows, circles, and classes that share a name."""
    drawn, twice = arrows(), [name for name, places in classes().items() if len(places) > 1]
    rooms = sorted({room(module) for module in modules()})
    for name in rooms:
        targets = [f"{target} ({len(found)})" for (start, target), found in sorted(drawn.items()) if start == name]
        print(f"{name} -> {', '.join(targets) or 'nothing'}")
    print(f"{len(rooms)} rooms, {len(drawn)} arrows")
    print("circle between modules:", " -> ".join(circle(module_graph())) or "none")
    print("classes defined twice:", ", ".join(twice) or "none")


if __name__ == "__main__":
    main()
