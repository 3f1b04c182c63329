"""Facts of one Python file about settings: which it reads, which it gives a value, which options it declares."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from .names import is_mapping, is_run_config, last_name, literal_text, root_name, shows, wraps
from .parsers import ParserFacts

_KEY = re.compile(r"[A-Za-z_][\w-]*(\.[\w-]+)*")
_WHOLE = frozenset({"items", "values", "keys", "flat", "__dict__"})
_PARTS = _WHOLE | {"get", "pop", "copy", "update"}

#: Owner and name: ``config.actor["dist"]`` reads (``config``, ``actor``) and (``actor``, ``dist``).
Pair = tuple[str, str]


@dataclass
class FileFacts:
    """Facts of one file.

    Attributes:
      names: everything that may read a key of that name: attributes, literal texts.
      fields: names that a value can arrive under when a group of settings is unpacked: parameters, attributes of self.
      pairs: reads, with what they are read from.
      stored: attribute of an object -> reads that only give it its value.
      loaded: attributes that are read anywhere.
      whole: groups that are used as a whole: unpacked, passed on, kept.
      unpacked: names of the groups that are unpacked into arguments.
      given: keys that the code gives a value.
      passed: names of called functions that get the whole configuration.
      imports: imported modules, dotted, and what is imported from them.
      doubts: lines that read settings under names that are known only at run time.
      parsers: options that the file declares.
    """

    names: set[str] = field(default_factory=set)
    fields: set[str] = field(default_factory=set)
    pairs: set[Pair] = field(default_factory=set)
    stored: dict[str, set[Pair]] = field(default_factory=lambda: defaultdict(set))
    loaded: set[str] = field(default_factory=set)
    whole: set[str] = field(default_factory=set)
    unpacked: set[str] = field(default_factory=set)
    given: set[str] = field(default_factory=set)
    passed: set[str] = field(default_factory=set)
    imports: dict[str, str] = field(default_factory=dict)
    doubts: list[int] = field(default_factory=list)
    parsers: ParserFacts = field(default_factory=ParserFacts)


def read_file_facts(tree: ast.Module) -> FileFacts:
    """Walks through a tree once, without recursion."""
    reader = _FactReader()
    for node in ast.walk(tree):
        handle = _HANDLERS.get(type(node))
        if handle is not None:
            handle(reader, node)
    return reader.finish()


class _FactReader:
    def __init__(self) -> None:
        self.facts = FileFacts()
        self.aliases: set[str] = set()
        self.narrow: set[int] = set()  # attribute nodes that only lead to a further name
        self.quiet: set[int] = set()  # nodes inside calls that show or store
        self.local: set[str] = set()  # names of dictionaries that the file itself writes out
        self.doubts: list[tuple[str, int]] = []
        self.passed: set[tuple[str, str]] = set()
        self.own: set[str] = set()  # attributes of self that the file sets
        self.own_reads: set[str] = set()
        self.kept: dict[int, str] = {}  # nodes whose value is kept under an attribute

    def finish(self) -> FileFacts:
        facts = self.facts
        facts.fields |= self.own_reads - self.own  # a value that the class sets itself is not a setting
        facts.doubts = sorted(line for owner, line in self.doubts if owner not in self.local)
        facts.passed = {called for owner, called in self.passed if is_mapping(owner) and owner not in self.local}
        for names in (facts.pairs, *facts.stored.values()):
            names |= {("config", name) for owner, name in tuple(names) if owner in self.aliases}
        return facts

    def is_config(self, node: ast.AST) -> bool:
        return is_run_config(last_name(node)) or (isinstance(node, ast.Name) and node.id in self.aliases)

    def doubt(self, owner: ast.AST, line: int) -> None:
        self.doubts.append((last_name(owner), line))

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
        if name in _WHOLE and id(node) not in self.quiet and self.is_config(node.value):
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
            self.read(node, node.value, name)
        elif not isinstance(node.slice, ast.Constant):
            self.facts.whole.add(last_name(node.value))
            if is_mapping(last_name(node.value)):
                self.doubt(node.value, node.lineno)

    def constant(self, node: ast.Constant) -> None:
        if isinstance(node.value, str) and len(node.value) < 80 and _KEY.fullmatch(node.value):
            self.facts.names |= {node.value, node.value.rpartition(".")[2]}

    def arguments(self, node: ast.arguments) -> None:
        self.facts.fields |= {item.arg for item in (*node.posonlyargs, *node.args, *node.kwonlyargs)}

    def class_body(self, node: ast.ClassDef) -> None:
        for item in node.body:
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
        for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
            if isinstance(target, ast.Name) and self.is_config(node.value):
                self.aliases.add(target.id)
            if isinstance(target, ast.Subscript) or (
                isinstance(target, ast.Attribute) and self.is_config(target.value)
            ):
                self.gives(literal_text(target.slice) if isinstance(target, ast.Subscript) else target.attr, node.value)
            if _written_out(node.value):
                self.local.add(last_name(target))
            if isinstance(target, ast.Attribute) and not isinstance(node.value, ast.Attribute | ast.Name):
                self.kept |= dict.fromkeys(map(id, ast.walk(node.value)), target.attr)

    def gives(self, name: str, value: ast.expr | None) -> None:
        """Notes a value for a key, unless it is made from the key's own value."""
        own = value is not None and any(last_name(item) == name for item in ast.walk(value))
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

    def loop(self, node: ast.For | ast.comprehension) -> None:
        if is_mapping(last_name(node.iter)):
            self.doubt(node.iter, node.iter.lineno)

    def match(self, node: ast.MatchClass) -> None:
        self.facts.names |= set(node.kwd_attrs)

    def call(self, node: ast.Call) -> None:
        facts, name = self.facts, last_name(node.func)
        facts.parsers.add_call(node, name)
        if id(node) not in self.quiet and shows(node):
            self.quiet |= set(map(id, ast.walk(node)))
        for keyword in node.keywords:
            if keyword.arg is None:
                self._unpacked(node, keyword.value)
        self._by_name(node, name)
        if id(node) not in self.quiet and not wraps(node):
            given = [*node.args, *(item.value for item in node.keywords)]
            if any(isinstance(item, ast.Name | ast.Attribute) and is_mapping(last_name(item)) for item in given):
                self.passed |= {(last_name(item), root_name(node.func)) for item in given}

    def _unpacked(self, node: ast.Call, value: ast.expr) -> None:
        if wraps(node):
            self.narrow.add(id(value))
            return
        self.facts.unpacked.add(last_name(value))
        if is_mapping(last_name(value)) and id(node) not in self.quiet:
            self.doubt(value, node.lineno)

    def _by_name(self, node: ast.Call, name: str) -> None:
        facts, arguments = self.facts, node.args
        if name in ("getattr", "hasattr", "setattr", "delattr") and len(arguments) > 1:
            text = literal_text(arguments[1])
            if text and name != "setattr":
                self.read(node, arguments[0], text)
                facts.given |= {text} if len(arguments) > 2 else set()
            elif not text and name == "getattr" and self.is_config(arguments[0]):
                self.doubt(arguments[0], node.lineno)
        elif name == "get" and arguments and isinstance(node.func, ast.Attribute):
            self._get(node, node.func.value)
        elif name in ("vars", "asdict", "to_container", "attrgetter", "itemgetter") and arguments:
            if id(node) not in self.quiet and self.is_config(arguments[0]):
                self.doubt(arguments[0], node.lineno)
        elif name in ("eval", "exec") and isinstance(node.func, ast.Name):
            self.doubt(node.func, node.lineno)
        elif name in ("setdefault", "update", "replace", "set_defaults", "add_argument"):
            self._given(node, name)

    def _get(self, node: ast.Call, owner: ast.expr) -> None:
        text = literal_text(node.args[0])
        if text:
            self.read(node, owner, text)
            self.facts.given |= {text} if len(node.args) > 1 else set()
        elif is_mapping(last_name(owner)):
            self.doubt(owner, node.lineno)

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
    ast.Constant: _FactReader.constant,
    ast.arguments: _FactReader.arguments,
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
