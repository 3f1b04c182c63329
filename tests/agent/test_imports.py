"""The imports of the agent's packages go one way, and of the guard only the schema is imported."""

from __future__ import annotations

import ast
import importlib.util
from pathlib import Path

import dreamerguard_agent

ROOT = Path(dreamerguard_agent.__file__).parent
#: Packages that a package may import; "" is the root.
ALLOWED: dict[str, set[str]] = {
    "base": set(),
    "envs": {"base"},
    "checkpoints": set(),
    "replay": {"base", "checkpoints"},
    "processes": {"base", "checkpoints"},
    "model": {"base"},
    "fast": {"base", "model"},
    "algorithm": {"base", "model", "fast"},
    "runtime": {"base", "model", "algorithm", "replay"},
    "": {"base", "checkpoints", "envs", "processes", "replay", "algorithm", "runtime"},
}
MODULES = {".".join(path.relative_to(ROOT.parent).with_suffix("").parts): path for path in sorted(ROOT.rglob("*.py"))}


def _module(name: str) -> str | None:
    return next((found for found in (name, f"{name}.__init__") if found in MODULES), None)


def _imports(name: str) -> set[str]:
    """Modules that a module imports, in functions and for type checking too."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(MODULES[name].read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = importlib.util.resolve_name("." * node.level + (node.module or ""), name.rpartition(".")[0])
            found |= {_module(f"{base}.{alias.name}") or _module(base) or base for alias in node.names}
    return found


def _package(name: str) -> str:
    parts = name.split(".")
    return parts[1] if len(parts) > 2 else ""


GRAPH = {name: _imports(name) - {name} for name in MODULES}


def test_packages_import_in_one_direction() -> None:
    arrows = {(_package(name), _package(other)) for name in GRAPH for other in GRAPH[name] & MODULES.keys()}
    assert sorted(arrow for arrow in arrows if arrow[0] != arrow[1] and arrow[1] not in ALLOWED[arrow[0]]) == []


def test_no_module_imports_itself_by_way_of_others() -> None:
    left = {name: others & MODULES.keys() for name, others in GRAPH.items()}
    while free := {name for name, others in left.items() if not others & left.keys()}:
        left = {name: others for name, others in left.items() if name not in free}
    assert sorted(left) == []


def test_the_schema_is_all_that_is_imported_of_the_guard() -> None:
    guard = {other for others in GRAPH.values() for other in others if other.split(".")[0] == "dreamerguard"}
    assert sorted(other for other in guard if not other.startswith("dreamerguard.schema")) == []
