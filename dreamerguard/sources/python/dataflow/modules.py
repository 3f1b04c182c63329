"""Modules of a checkout: which file a dotted name means, and what a module holds."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable
from pathlib import PurePosixPath

from .scope import Body, Scope, make_scope
from .store import Cells
from .values import ANY, CLASS, EMPTY, FUNCTION, MODULE, OUTSIDE, Value, ordered

_MOST_MODULES = 400


class Modules(Cells):
    """Modules by their path without ``.py``.

    Args:
      files: names of the checkout's Python files.
      tree_of: the syntax tree of a file; None where it cannot be read.
    """

    def __init__(self, files: Iterable[str], tree_of: Callable[[str], ast.Module | None]) -> None:
        super().__init__()
        self.files = set(files)
        self.folders = {str(folder) for name in self.files for folder in PurePosixPath(name).parents}
        self.tree_of = tree_of
        self.scopes: list[Scope] = []
        self.by_node: dict[int, Scope] = {}
        self.places: dict[int, tuple[int, ast.AST]] = {}
        self.modules: dict[str, Scope | None] = {}
        self.unread: list[str] = []
        self.mains: set[str] = set()
        self.fresh: list[Scope] = []

    def scope(self, node: Body, file: str, parent: Scope | None) -> Scope:
        """Returns the scope of a piece of code, always the same one."""
        found = self.by_node.get(id(node))
        if found is None:
            found = self.by_node[id(node)] = make_scope(len(self.scopes), node, file, parent)
            self.scopes.append(found)
        return found

    def number_of(self, node: ast.AST) -> int:
        """Returns a number for a piece of code: the same in every run, unlike its address. The node stays alive."""
        return self.places.setdefault(id(node), (len(self.places), node))[0]

    def file_of(self, module: str) -> str:
        """Returns the file of a module's path; empty for a folder without ``__init__.py``."""
        names = (f"{module}.py", f"{module}/__init__.py" if module != "." else "__init__.py")
        return next((name for name in names if name in self.files), "")

    def exists(self, module: str) -> bool:
        """Returns whether a path is a module or a package."""
        return bool(module) and (bool(self.file_of(module)) or module in self.folders)

    def module(self, path: str) -> Scope | None:
        """Returns the scope of a module, which runs from now on; None for a folder without code."""
        if path not in self.modules:
            if len(self.modules) > _MOST_MODULES:
                self.unread.append(path)
            self.modules[path] = self._load(path)
        return self.modules[path]

    def _load(self, path: str) -> Scope | None:
        file = self.file_of(path)
        for folder in PurePosixPath(path).parents:
            if str(folder) != "." and self.file_of(str(folder)):
                self.module(str(folder))
        tree = self.tree_of(file) if file else None
        if tree is None:
            self.unread += [file] if file else []
            return None
        scope = self.scope(tree, file, None)
        scope.live = True
        self.enqueue(scope)
        return scope

    def find(self, importer: str, dotted: str, level: int = 0) -> str:
        """Returns the path of an imported module; empty if it is not in the checkout."""
        folder = PurePosixPath(importer).parent
        inner = dotted.replace(".", "/")
        bases = [folder, *folder.parents]
        if level:
            bases = bases[level - 1 : level]
        for base in bases:
            path = str(base / inner) if inner else str(base)
            if self.exists(path):
                return path
        return "" if level else self._elsewhere(inner)

    def _elsewhere(self, inner: str) -> str:
        """Returns a package that lies in another folder, which the path of the interpreter may name."""
        top = inner.partition("/")[0]
        found = [folder for folder in self.folders if folder.endswith(f"/{top}")] if top else []
        found = [f"{folder}{inner[len(top) :]}" for folder in sorted(found, key=lambda folder: (len(folder), folder))]
        return next((path for path in found if self.exists(path)), "")

    def member(self, path: str, name: str) -> Value:
        """Returns what a module holds under a name."""
        scope, inner = self.module(path), f"{path}/{name}" if path != "." else name
        value = self.variable(scope, name) if scope is not None else EMPTY
        if not value and self.exists(inner):
            self.module(inner)
            return frozenset({(MODULE, inner)})
        if not value and scope is not None and name not in scope.names and name != "__file__":
            return self._from_stars(scope, name)
        return value

    def _from_stars(self, scope: Scope, name: str) -> Value:
        for path in scope.stars[:20]:
            other = self.module(path)
            if other is not None and other is not scope and (name in other.names or other.stars):
                value = self.variable(other, name) or (
                    self._from_stars(other, name) if name not in other.names else EMPTY
                )
                if value:
                    return value
        return EMPTY if scope.stars else ANY

    def variable(self, scope: Scope, name: str) -> Value:
        """Returns what a variable of a scope holds."""
        return self.get(("v", scope.number, name))

    def lookup(self, name: str, scope: Scope) -> Value:
        """Returns what a name means in a scope."""
        here: Scope | None = scope
        while here is not None:
            if name in here.names and (here is scope or here.kind != "class"):
                return self.variable(here, name)
            if here.parent is None and here.stars:
                return self._from_stars(here, name)
            here = here.parent
        return frozenset({(OUTSIDE, name)})

    def refer(self, value: Value) -> Value:
        """Notes that code refers to functions and classes, so that they may run."""
        for atom in ordered(value):
            if atom[0] == FUNCTION or atom[0] == CLASS:
                scope = self.scopes[atom[1]]
                if not scope.live:
                    self.start(scope)
        return value

    def start(self, scope: Scope) -> None:
        """Makes a function or class run."""
        scope.live = True
        self.enqueue(scope)

    def expose(self, path: str) -> Value:
        """Returns everything that a module holds, which may run from now on."""
        scope, found = self.module(path), set()
        for name in sorted(scope.names) if scope is not None else ():
            found |= {atom for atom in self.member(path, name) if atom[0] in (FUNCTION, CLASS)}
        return self.refer(found)
