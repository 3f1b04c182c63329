"""Runs the statements of a scope, in the order that they are written, without regard to branches and loops."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any

from dreamerguard.sources.python.names import code_of

from .expressions import Expressions
from .scope import Scope, decorators
from .values import ANY, CLASS, EMPTY, FUNCTION, MODULE, OBJECT, OUTSIDE, ROOT, SETTING, WRAPPERS, Atom, Value, ordered

#: Decorators of functions that nobody has to refer to by name.
_KNOWN = frozenset({
    "staticmethod", "classmethod", "property", "cached_property", "abstractmethod", "wraps", "no_grad", "jit",
    "lru_cache", "cache", "contextmanager", "setter", "overload",
})  # fmt: skip


class Statements(Expressions):
    """Runs statements."""

    def run(self, scope: Scope) -> None:
        """Looks at the code of a scope."""
        self.now = scope
        node = scope.node
        if isinstance(node, ast.Lambda):
            self.add(("r", scope.number), self.value(node.body))
        else:
            self.body(node.body)
        scope.ran = True

    def body(self, statements: list[ast.stmt]) -> None:
        """Runs statements."""
        for statement in statements:
            self.count()
            handle = _HANDLERS.get(statement.__class__)
            if handle is not None:
                handle(self, statement)
            else:
                self._generic(statement)

    def _generic(self, node: ast.AST) -> None:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.stmt):
                self.body([child])
            elif isinstance(child, ast.expr):
                self.value(child)
            elif isinstance(child, ast.ExceptHandler | ast.match_case | ast.withitem):
                self._generic(child)

    def _expression(self, node: ast.Expr) -> None:
        if not isinstance(node.value, ast.Constant):
            self.value(node.value)

    # -- assignments --------------------------------------------------------------------------------------------------
    def assign(self, target: ast.AST, value: Value) -> None:
        """Gives a value to a target."""
        if isinstance(target, ast.Name):
            scope: Scope | None = self.here
            while scope is not None and target.id not in scope.names:
                scope = scope.parent
            if scope is not None and value:
                self.add(("v", scope.number, target.id), value)
        elif isinstance(target, ast.Attribute):
            self.put(self._owner(target.value), target.attr, value)
        elif isinstance(target, ast.Subscript):
            self.value(target.slice)
            text = target.slice.value if isinstance(target.slice, ast.Constant) else ""
            self.put(self._owner(target.value), text if isinstance(text, str) else "", value)
        elif isinstance(target, ast.Starred):
            self.assign(target.value, value)
        elif isinstance(target, ast.Tuple | ast.List):
            for place, item in enumerate(target.elts):
                self.assign(item, self._spread(value, place))

    def _owner(self, node: ast.expr) -> Value:
        return self.name(node) if isinstance(node, ast.Name) else self.value(node)

    def _spread(self, value: Value, place: int) -> Value:
        found: set[Atom] = set()
        for atom in ordered(value):
            if atom[0] == OBJECT and isinstance(atom[1], tuple) and str(place) in self.keys(atom[1]):
                found |= self.get(("a", atom[1], str(place)))
            elif atom[0] == SETTING and atom[1] and atom[1][-1][:1] == "*":
                found.add(atom)  # a step of ``config.items()``
            else:
                found |= self.anything({atom})
        return found

    def _assign(self, node: ast.Assign) -> None:
        value = self.name(node.value) if isinstance(node.value, ast.Name) else self.value(node.value)
        for target in node.targets:
            self.assign(target, value)

    def _annotated(self, node: ast.AnnAssign) -> None:
        if node.value is not None:
            self.assign(node.target, self.value(node.value))

    def _augmented(self, node: ast.AugAssign) -> None:
        value = self.value(node.value)
        if isinstance(node.target, ast.Name):
            self.value(ast.copy_location(ast.Name(node.target.id, ast.Load()), node.target))
        else:
            self.value(node.target)
        if isinstance(node.op, ast.BitOr | ast.Add):
            self.assign(node.target, {atom for atom in value if atom[0] in (SETTING, OBJECT)})

    # -- flow ---------------------------------------------------------------------------------------------------------
    def _test(self, node: ast.If) -> None:
        held = self._decided(node.test)
        if held is None or held:
            self.body(node.body)
        if held is None or not held:
            self.body(node.orelse)

    def _decided(self, test: ast.expr) -> bool | None:
        """Returns whether a test holds where that is known: the main module, the selected script."""
        if not isinstance(test, ast.Compare) or len(test.ops) != 1 or not isinstance(test.ops[0], ast.Eq | ast.In):
            self.value(test)
            return None
        left, right = test.left, test.comparators[0]
        if isinstance(left, ast.Name) and left.id == "__name__":
            return self.here.file in self.mains
        atoms = self.value(left)
        texts = [item.value for item in getattr(right, "elts", [right]) if isinstance(item, ast.Constant)]
        known = {self.fixed.get(atom[1], "") if atom[0] == SETTING else "" for atom in atoms}
        if len(known) == 1 and known != {""} and texts:
            return known.pop() in texts
        self.value(right)
        return None

    def _loop(self, node: ast.For | ast.AsyncFor) -> None:
        self.assign(node.target, self.anything(self.value(node.iter)))
        self.body(node.body)
        self.body(node.orelse)

    def _with(self, node: ast.With | ast.AsyncWith) -> None:
        for item in node.items:
            value = self.value(item.context_expr)
            if item.optional_vars is not None:
                self.assign(item.optional_vars, {*value, *ANY})
        self.body(node.body)

    def _return(self, node: ast.Return) -> None:
        self.add(("r", self.here.number), self.value(node.value))

    # -- definitions --------------------------------------------------------------------------------------------------
    def _function(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        scope = self.scope(node, self.here.file, self.here)
        self.defaults(node.args, scope)
        self.add(("v", self.here.number, node.name), {(FUNCTION, scope.number)})
        names = decorators(node)
        for item in node.decorator_list:
            self.value(item)
            if "hydra" in code_of(item).lower() and scope.parameters:
                scope.called = True
                self.bind_name(scope, scope.parameters[0], {ROOT})
        if set(names) - _KNOWN and not scope.live:
            self.start(scope)

    def defaults(self, arguments: ast.arguments, scope: Scope) -> None:
        """Evaluates the defaults of parameters."""
        places = [item.arg for item in (*arguments.posonlyargs, *arguments.args)]
        pairs = [*zip(reversed(places), reversed(arguments.defaults), strict=False)]
        pairs += [
            (item.arg, value) for item, value in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True) if value
        ]
        for name, item in pairs:
            self.add(("v", scope.number, name), self.value(item))

    def _class(self, node: ast.ClassDef) -> None:
        bodies = {item.name for item in node.body if isinstance(item, ast.FunctionDef)}
        if node.name in WRAPPERS and bodies & {"__getattr__", "__getitem__", "parse", "parse_known"}:
            self.assign(ast.Name(node.name, ast.Store()), {(OUTSIDE, node.name)})  # settings, which calls know by name
            return
        scope = self.scope(node, self.here.file, self.here)
        for base in node.bases:
            value = self.name(base) if isinstance(base, ast.Name) else self.value(base)
            self.add(("bases", scope.number), {atom for atom in value if atom != (CLASS, scope.number)} or self.missing)
        for item in node.decorator_list:
            self.value(item)
        self.add(("v", self.here.number, node.name), {(CLASS, scope.number)})
        self.enqueue(scope)

    # -- imports ------------------------------------------------------------------------------------------------------
    def _import(self, node: ast.Import) -> None:
        for item in node.names:
            path = self.find(self.here.file, item.name)
            if path:
                self.module(path)
            top = item.name if item.asname else item.name.partition(".")[0]
            found = self.find(self.here.file, top) if path else ""
            value = {(MODULE, found)} if found else {(OUTSIDE, top)}
            self.assign(ast.Name(item.asname or top, ast.Store()), value)

    def _import_from(self, node: ast.ImportFrom) -> None:
        dotted, scope = node.module or "", self.here
        path = self.find(scope.file, dotted, node.level)
        for item in node.names:
            if item.name == "*":
                if path and path not in scope.stars:
                    scope.stars.append(path)
                    self.module(path)
            elif path:
                self.assign(
                    ast.Name(item.asname or item.name, ast.Store()), self.member(path, item.name) or self.missing
                )
            else:
                value = {(OUTSIDE, f"{dotted}.{item.name}")}
                self.assign(ast.Name(item.asname or item.name, ast.Store()), value)


_HANDLERS: dict[type[ast.AST], Callable[[Statements, Any], None]] = {
    ast.Expr: Statements._expression,
    ast.Assign: Statements._assign,
    ast.AnnAssign: Statements._annotated,
    ast.AugAssign: Statements._augmented,
    ast.If: Statements._test,
    ast.For: Statements._loop,
    ast.AsyncFor: Statements._loop,
    ast.With: Statements._with,
    ast.AsyncWith: Statements._with,
    ast.Return: Statements._return,
    ast.FunctionDef: Statements._function,
    ast.AsyncFunctionDef: Statements._function,
    ast.ClassDef: Statements._class,
    ast.Import: Statements._import,
    ast.ImportFrom: Statements._import_from,
}
__all__ = ["EMPTY", "Statements"]
