"""Reads the facts of one Python file from its syntax tree."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Mapping
from typing import Any

from .carried import COPIES, WHOLE, carried
from .file_facts import FileFacts
from .flow_reader import FlowReader
from .names import is_run_config, last_name, literal_text, shows, wraps
from .parsers import names_presets
from .python_files import parse
from .tree_walk import collection_paused, walk

_KEY = re.compile(r"[A-Za-z_][\w-]*(\.[\w-]+)*")
_PARTS = WHOLE | {"get", "pop", "copy", "update"}
#: Functions that give all settings of their argument.
_VIEWS = frozenset({"vars", "asdict", "to_container"})


def parse_facts(data: bytes) -> FileFacts | None:
    """Returns the facts of a file's content; None if it is not valid Python."""
    with collection_paused():
        return _facts(data)  # a function, so that the tree is gone when the collection starts again


def _facts(data: bytes) -> FileFacts | None:
    tree = parse(data)
    if tree is None:
        return None
    facts = read_file_facts(tree)
    facts.parsers.presets = b"configs" in data and names_presets(tree)
    return facts


def read_file_facts(tree: ast.Module) -> FileFacts:
    """Walks through a tree once, without recursion."""
    reader = _FactReader()
    for node in walk(tree):
        handle = _HANDLERS.get(node.__class__)
        if handle is not None:
            handle(reader, node)
    return reader.finish()


class _FactReader(FlowReader):
    def __init__(self) -> None:
        super().__init__()
        self.aliases: set[str] = set()
        self.narrow: set[int] = set()  # attribute nodes that only lead to a further name
        self.written: set[int] = set()  # dotted keys of dictionaries: ``{"run.steps": 3}`` sets, and reads nothing
        self.own: set[str] = set()  # attributes of self that the file sets
        self.own_reads: set[str] = set()
        self.kept: dict[int, str] = {}  # nodes whose value is kept under an attribute

    def finish(self) -> FileFacts:
        facts = self.facts
        facts.fields |= self.own_reads - self.own  # a value that the class sets itself is not a setting
        for names in (facts.pairs, *facts.stored.values()):
            names |= {("config", name) for owner, name in tuple(names) if owner in self.aliases}
        self.finish_flows()
        return facts

    def is_config(self, node: ast.AST) -> bool:
        return is_run_config(last_name(node)) or (isinstance(node, ast.Name) and node.id in self.aliases)

    def read(self, node: ast.AST, owner: ast.AST, name: str) -> None:
        pair = (last_name(owner), name)
        attribute = self.kept.get(id(node))
        if attribute is not None:
            self.facts.stored[attribute].add(pair)
        else:
            self.facts.pairs.add(pair)
        self.narrow.add(id(owner))

    def attribute(self, node: ast.Attribute) -> None:
        facts, name = self.facts, node.attr
        own = isinstance(node.value, ast.Name) and node.value.id == "self"
        if isinstance(node.ctx, ast.Store):
            self.own |= {name} if own else set()
            return
        facts.loaded.add(name)
        (self.own_reads if own else facts.names).add(name)
        if name in WHOLE and not {id(node), id(node.value)} & (self.quiet | self.tracked):
            self.doubt(node.value, node.lineno)
        if id(node) not in self.narrow:
            facts.whole.add(name)
        if name in _PARTS:
            facts.whole.add(last_name(node.value))
        self.read(node, node.value, name)

    def subscript(self, node: ast.Subscript) -> None:
        name = literal_text(node.slice)
        if isinstance(node.ctx, ast.Store):
            return
        if name:
            if id(node) not in self.narrow:
                self.facts.whole.add(name)  # a group that is kept or passed on: ``config["logger"]["wandb"]``
            self.read(node, node.value, name)
        elif not isinstance(node.slice, ast.Constant):
            self.facts.whole.add(last_name(node.value))
            self.doubt(node.value, node.lineno, sure=False)

    def constant(self, node: ast.Constant) -> None:
        if id(node) in self.written:
            return
        if isinstance(node.value, str) and len(node.value) < 80 and _KEY.fullmatch(node.value):
            self.facts.names |= {node.value, node.value.rpartition(".")[2]}

    def dictionary(self, node: ast.Dict) -> None:
        self.written |= {id(key) for key in node.keys if "." in literal_text(key)}

    def arguments(self, node: ast.arguments) -> None:
        self.facts.fields |= {item.arg for item in (*node.posonlyargs, *node.args, *node.kwonlyargs)}

    def class_body(self, node: ast.ClassDef) -> None:
        for item in node.body:
            if isinstance(item, ast.FunctionDef) and item.name == "__init__":
                self.classes[id(item)] = node.name
            target = item.target if isinstance(item, ast.AnnAssign) else None
            self.facts.fields |= {target.id} if isinstance(target, ast.Name) else set()

    def imports(self, node: ast.Import | ast.ImportFrom) -> None:
        for alias in node.names:
            if isinstance(node, ast.Import):
                bound = alias.asname or alias.name.partition(".")[0]
                self.facts.imports[bound] = alias.name
            else:
                module = "." * node.level + (node.module or "")
                self.facts.imports[alias.asname or alias.name] = f"{module}.{alias.name}" if module else alias.name
                self.facts.names.add(alias.name)

    def assign(self, node: ast.Assign | ast.AnnAssign | ast.NamedExpr) -> None:
        if node.value is None:
            return
        source = carried(node.value)
        for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
            if isinstance(target, ast.Name):
                self.holds(target, node.value)
            if isinstance(target, ast.Name) and self.is_config(node.value):
                self.aliases.add(target.id)
            if source:
                self.assigned(target, node, source)
            if isinstance(target, ast.Subscript) or (
                isinstance(target, ast.Attribute) and self.is_config(target.value)
            ):
                self.gives(literal_text(target.slice) if isinstance(target, ast.Subscript) else target.attr, node.value)
            if _written_out(node.value):
                self.local.add(last_name(target))
            if isinstance(target, ast.Attribute) and not isinstance(node.value, ast.Attribute | ast.Name):
                self.kept |= dict.fromkeys(map(id, walk(node.value)), target.attr)

    def gives(self, name: str, value: ast.expr | None) -> None:
        """Notes a value for a key, unless it is made from the key's own value."""
        own = value is not None and any(last_name(item) == name for item in walk(value))
        if name and not own:
            self.facts.given.add(name)

    def test(self, node: ast.If | ast.IfExp) -> None:
        """``if args.logdir is None``, ``if not args.logdir``: the branch gives it a value, unless it stops."""
        test = node.test
        if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
            asked = test.operand
        elif isinstance(test, ast.Compare) and isinstance(test.ops[0], ast.Is):
            asked = test.left
        else:
            return
        stops = isinstance(node, ast.If) and isinstance(node.body[0], ast.Raise)
        if not stops:
            self.facts.given.add(last_name(asked))

    def bool_or(self, node: ast.BoolOp) -> None:
        if isinstance(node.op, ast.Or):
            self.facts.given.add(last_name(node.values[0]))

    def match(self, node: ast.MatchClass) -> None:
        self.facts.names |= set(node.kwd_attrs)

    def call(self, node: ast.Call) -> None:
        facts, name = self.facts, last_name(node.func)
        facts.parsers.add_call(node, name)
        if id(node) not in self.quiet and shows(node):
            self.quiet |= set(map(id, walk(node)))
        for keyword in node.keywords:
            if keyword.arg is None:
                self._unpacked(node, keyword.value)
        self._by_name(node, name)
        if id(node) not in self.quiet and not wraps(node) and name not in COPIES:
            self.forward(node, name)

    def _unpacked(self, node: ast.Call, value: ast.expr) -> None:
        if wraps(node):
            self.narrow.add(id(value))
        else:
            self.unpacked(node, value)

    def _by_name(self, node: ast.Call, name: str) -> None:
        facts, arguments = self.facts, node.args
        if name in ("getattr", "hasattr", "setattr", "delattr") and len(arguments) > 1:
            text = literal_text(arguments[1])
            if text and name != "setattr":
                self.read(node, arguments[0], text)
                facts.given |= {text} if len(arguments) > 2 else set()
            elif not text and name == "getattr":
                self.doubt(arguments[0], node.lineno)
        elif name == "get" and arguments and isinstance(node.func, ast.Attribute):
            self._get(node, node.func.value)
        elif name == "select" and len(arguments) > 1 and not literal_text(arguments[1]):
            self.doubt(arguments[0], node.lineno)
        elif name in _VIEWS and arguments:
            if id(node) not in self.quiet | self.tracked:
                self.doubt(arguments[0], node.lineno)
        elif (name in ("eval", "exec") and isinstance(node.func, ast.Name)) or (
            name == "attrgetter" and arguments and not literal_text(arguments[0])
        ):
            facts.doubts.append(node.lineno)
        elif name in ("setdefault", "update", "replace", "set_defaults", "add_argument"):
            self._given(node, name)

    def _get(self, node: ast.Call, owner: ast.expr) -> None:
        text = literal_text(node.args[0])
        if text:
            self.read(node, owner, text)
            self.facts.given |= {text} if len(node.args) > 1 else set()
        else:
            self.doubt(owner, node.lineno, sure=False)

    def _given(self, node: ast.Call, name: str) -> None:
        given = self.facts.given
        first = node.args[0] if node.args else None
        default = next((item.value for item in node.keywords if item.arg == "default"), None)
        if name == "add_argument":
            if default is not None and not (isinstance(default, ast.Constant) and default.value is None):
                given |= {literal_text(item).lstrip("-").replace("-", "_") for item in node.args}
        elif name == "setdefault":
            given.add(literal_text(first))
        else:
            for item in node.keywords:
                self.gives(item.arg or "", item.value)
            for key, value in zip(first.keys, first.values, strict=True) if isinstance(first, ast.Dict) else ():
                self.gives(literal_text(key), value)


def _written_out(node: ast.expr) -> bool:
    """Returns whether an expression is a dictionary of the file's own making."""
    if isinstance(node, ast.Call):
        return last_name(node.func) == "dict" and not node.args and all(item.arg for item in node.keywords)
    return isinstance(node, ast.Dict | ast.DictComp)


_HANDLERS: Mapping[type[ast.AST], Callable[[_FactReader, Any], None]] = {
    ast.Attribute: _FactReader.attribute,
    ast.Subscript: _FactReader.subscript,
    ast.Dict: _FactReader.dictionary,
    ast.Constant: _FactReader.constant,
    ast.arguments: _FactReader.arguments,
    ast.FunctionDef: _FactReader.function,
    ast.AsyncFunctionDef: _FactReader.function,
    ast.BinOp: _FactReader.operator,
    ast.ClassDef: _FactReader.class_body,
    ast.Import: _FactReader.imports,
    ast.ImportFrom: _FactReader.imports,
    ast.Assign: _FactReader.assign,
    ast.AnnAssign: _FactReader.assign,
    ast.NamedExpr: _FactReader.assign,
    ast.If: _FactReader.test,
    ast.IfExp: _FactReader.test,
    ast.BoolOp: _FactReader.bool_or,
    ast.For: _FactReader.loop,
    ast.comprehension: _FactReader.loop,
    ast.MatchClass: _FactReader.match,
    ast.Call: _FactReader.call,
}
