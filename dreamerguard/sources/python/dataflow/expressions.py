"""Evaluates expressions."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable
from typing import Any

from dreamerguard.sources.python.names import code_of, literal_text

from .scope import Scope
from .values import (
    ANY,
    BLANK,
    CLASS,
    DATA,
    EMPTY,
    FUNCTION,
    OBJECT,
    SETTING,
    TEXT,
    Atom,
    Value,
    matters,
    ordered,
)  # fmt: skip
from .written_calls import WrittenCalls

_MODULE_TEXT = re.compile(r"[A-Za-z_]\w*([.:]\w+)+")
_LONG = 8
_PARTIAL = frozenset({"partial", "bind", "partialmethod"})


class Expressions(WrittenCalls):
    """Evaluates expressions in the scope that runs."""

    def value(self, node: ast.AST | None) -> Value:
        """Returns the value of an expression, which counts as a read of settings in it."""
        if node is None:
            return EMPTY
        self.count()
        handle = _HANDLERS.get(node.__class__)
        return handle(self, node) if handle is not None else self._inside(node)

    def _inside(self, node: ast.AST) -> Value:
        """Evaluates the parts of an expression that itself holds no settings."""
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.expr | ast.comprehension | ast.keyword):
                self.value(child)
        return EMPTY

    def name(self, node: ast.Name) -> Value:
        """Returns what a name holds, without counting it as read."""
        return self.refer(self.lookup(node.id, self.here))

    def _name(self, node: ast.Name) -> Value:
        return self.touch(self.name(node))

    def _constant(self, node: ast.Constant) -> Value:
        text = node.value
        if isinstance(text, str) and len(text) < 80 and _MODULE_TEXT.fullmatch(text):
            return {(TEXT, text)}
        return EMPTY

    def _attribute(self, node: ast.Attribute) -> Value:
        owner = self.value(node.value)
        if node.attr in ("flat", "__dict__"):
            return owner
        return self.touch(self.refer(self.part(owner, node.attr)))

    def _subscript(self, node: ast.Subscript) -> Value:
        owner = self.value(node.value)
        if isinstance(node.slice, ast.Slice):
            self._inside(node.slice)
            return owner
        self.value(node.slice)
        if isinstance(node.slice, ast.Constant) and isinstance(node.slice.value, int):
            return self.refer(self._numbered(owner, str(node.slice.value)))
        if isinstance(node.slice, ast.Name | ast.Attribute):
            self._note_table(owner, code_of(node.slice))
        return self.touch(self.refer(self.item(owner, node.slice)))

    def _numbered(self, owner: Value, number: str) -> Value:
        found: set[Atom] = set()
        for atom in ordered(owner):
            if atom[0] == OBJECT and isinstance(atom[1], tuple):
                found |= self.part({atom}, number) or self.anything({atom})
            elif atom[0] == SETTING:
                found.add(atom)
            else:
                found |= self.anything({atom})
        return found

    def _note_table(self, owner: Value, tag: str) -> None:
        """Notes constructors in a table with literal names: ``{"dmc": DMC, "atari": Atari}[suite]``."""
        for atom in ordered(owner):
            if atom[0] != OBJECT or not isinstance(atom[1], tuple):
                continue
            keys = self.keys(atom[1])
            for key in keys if len(keys) > 1 else ():
                for other in ordered(self.get(("a", atom[1], key))):
                    if other[0] == TEXT and ":" in other[1]:
                        other = next(iter(ordered(self.named_class(other[1]))), other)
                    if other[0] in (FUNCTION, CLASS):
                        self.add_suites(other[1], tag, (key,))

    def _either(self, node: ast.BoolOp) -> Value:
        return set().union(*(self.value(item) for item in node.values))

    def _conditional(self, node: ast.IfExp) -> Value:
        self.value(node.test)
        return self.value(node.body) | self.value(node.orelse)

    def _operator(self, node: ast.BinOp) -> Value:
        both = self.value(node.left) | self.value(node.right)
        if isinstance(node.op, ast.BitOr | ast.Add):
            return {atom for atom in both if atom[0] in (SETTING, OBJECT)}
        return EMPTY

    def _compare(self, node: ast.Compare) -> Value:
        values = [self.value(item) for item in (node.left, *node.comparators)]
        text = literal_text(node.left)
        if text and isinstance(node.ops[0], ast.In | ast.NotIn):
            self.part({atom for atom in values[1] if atom[0] in (SETTING, "u")}, text)
        return EMPTY

    def _dictionary(self, node: ast.Dict) -> Value:
        number = self.made(node, "" if node.keys else BLANK)
        owner = frozenset({(OBJECT, number)})
        values = [self.value(item) for item in node.values]
        every = set().union(*values)
        for key in node.keys:
            self.value(key)
        if values and not matters(every, table=True):
            return DATA
        for key, value in zip(node.keys, values, strict=True):
            if key is None:
                self.add(("bases", number), value - owner)
            else:
                self.put(owner, literal_text(key), value)
        return owner

    def _list(self, node: ast.List | ast.Set) -> Value:
        return self._collection(node, set().union(*(self.value(item) for item in node.elts)), bool(node.elts))

    def _collection(self, node: ast.AST, every: Value, filled: bool = True) -> Value:
        """Returns a list with these elements."""
        if filled and not matters(every):
            return DATA if every else EMPTY
        owner = frozenset({(OBJECT, self.made(node, "" if filled else BLANK))})
        self.put(owner, "", every)
        return owner

    def _tuple(self, node: ast.Tuple) -> Value:
        values = [self.value(item) for item in node.elts]
        starred = any(isinstance(item, ast.Starred) for item in node.elts)
        every = set().union(*values)
        if starred or len(values) > _LONG or not matters(every):
            return self._collection(node, every)
        owner = frozenset({(OBJECT, self.made(node))})
        for place, value in enumerate(values):
            self.put(owner, str(place), value)
        return owner

    def _starred(self, node: ast.Starred) -> Value:
        return self.anything(self.value(node.value))

    def _comprehension(self, node: ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp) -> Value:
        for generator in node.generators:
            self.assign(generator.target, self.anything(self.value(generator.iter)))
            for test in generator.ifs:
                self.value(test)
        if isinstance(node, ast.DictComp):
            self.value(node.key)
        return self._collection(node, self.value(node.value if isinstance(node, ast.DictComp) else node.elt))

    def _lambda(self, node: ast.Lambda) -> Value:
        scope = self.scope(node, self.here.file, self.here)
        self.defaults(node.args, scope)
        return self.refer({(FUNCTION, scope.number)})

    def _walrus(self, node: ast.NamedExpr) -> Value:
        value = self.value(node.value)
        self.assign(node.target, value)
        return value

    def _through(self, node: ast.Await | ast.FormattedValue | ast.keyword) -> Value:
        return self.value(node.value)

    def _yield(self, node: ast.Yield | ast.YieldFrom) -> Value:
        self.add(("r", self.here.number), self._collection(node, self.value(node.value)))
        return ANY

    def _text(self, node: ast.JoinedStr) -> Value:
        self._inside(node)
        return EMPTY

    # -- filled in by statements --------------------------------------------------------------------------------------
    def assign(self, target: ast.AST, value: Value) -> None:
        """Gives a value to a target."""
        raise NotImplementedError

    def defaults(self, arguments: ast.arguments, scope: Scope) -> None:
        """Evaluates the defaults of parameters."""
        raise NotImplementedError


_HANDLERS: dict[type[ast.AST], Callable[[Expressions, Any], Value]] = {
    ast.Name: Expressions._name,
    ast.Constant: Expressions._constant,
    ast.Attribute: Expressions._attribute,
    ast.Subscript: Expressions._subscript,
    ast.BoolOp: Expressions._either,
    ast.IfExp: Expressions._conditional,
    ast.BinOp: Expressions._operator,
    ast.Compare: Expressions._compare,
    ast.Dict: Expressions._dictionary,
    ast.List: Expressions._list,
    ast.Set: Expressions._list,
    ast.Tuple: Expressions._tuple,
    ast.Starred: Expressions._starred,
    ast.ListComp: Expressions._comprehension,
    ast.SetComp: Expressions._comprehension,
    ast.GeneratorExp: Expressions._comprehension,
    ast.DictComp: Expressions._comprehension,
    ast.Lambda: Expressions._lambda,
    ast.NamedExpr: Expressions._walrus,
    ast.Await: Expressions._through,
    ast.FormattedValue: Expressions._through,
    ast.keyword: Expressions._through,
    ast.JoinedStr: Expressions._text,
    ast.Yield: Expressions._yield,
    ast.YieldFrom: Expressions._yield,
    ast.Call: Expressions._call,
}
