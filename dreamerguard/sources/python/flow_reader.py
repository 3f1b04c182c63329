"""Reads where an object of settings goes in one file: assignments, arguments, and reads under computed names."""

from __future__ import annotations

import ast

from .carried import carried, trail
from .file_facts import FileFacts
from .names import is_run_config, last_name, literal_text, root_name

#: Parameters of a function that are followed.
_PLACES = 12


class FlowReader:
    """Collects flows, forwards, functions and dynamic reads of a file. Outer nodes come first."""

    def __init__(self) -> None:
        self.facts = FileFacts()
        self.quiet: set[int] = set()  # nodes inside calls that show or store
        self.tracked: set[int] = set()  # nodes that carry settings to a place that is looked at
        self.classes: dict[int, str] = {}  # constructors, and the class that they make
        self.listed: set[str] = set()  # names of parameters with a star
        self.local: set[str] = set()  # names of dictionaries that the file itself writes out
        self.parts: dict[str, str] = {}  # variables that hold a group under a literal name, and that name
        self.others: set[str] = set()  # variables that also hold something else

    def finish_flows(self) -> None:
        """Drops what cannot be about settings."""
        facts = self.facts
        assigned = {target for target, _ in facts.flows}
        self.local |= self.listed - assigned  # ``*args`` of a function holds any values
        known = {name for _, _, name in facts.functions} | {target for target, _ in facts.flows}

        for name, group in self.parts.items():
            if name not in self.others and facts.dynamic.pop(name, None) is not None:
                facts.whole.add(group)

        def matters(source: str) -> bool:
            return source not in self.local and (source in known or is_run_config(source))

        facts.flows = {(target, source) for target, source in facts.flows if matters(source) and target != source}
        facts.forwards = {item for item in facts.forwards if matters(item[2])}
        facts.roots = {item for item in facts.roots if matters(item[1])}
        facts.dynamic = {name: line for name, line in facts.dynamic.items() if matters(name)}

    def doubt(self, owner: ast.AST | None, line: int, *, sure: bool = True) -> None:
        """Notes a read under an unknown name. Where it is not sure, the owner may be a list of arguments."""
        name = carried(owner)
        if name and (name not in self.facts.dynamic or sure):
            self.facts.dynamic[name] = f"{line}" if sure else f"{line}?"

    def follow(self, node: ast.AST) -> None:
        """Marks the parts of an expression that carries settings on, so that they raise no doubt themselves."""
        self.tracked |= set(map(id, trail(node)[1]))

    def function(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        arguments = node.args
        names = [item.arg for item in (*arguments.posonlyargs, *arguments.args)]
        names = names[1:] if names[:1] in (["self"], ["cls"]) else names
        self.others |= {name.lstrip("_") for name in (*names, *(item.arg for item in arguments.kwonlyargs))}
        self.listed |= {item.arg for item in (arguments.vararg, arguments.kwarg) if item is not None}
        called = self.classes.get(id(node), node.name)
        found = self.facts.functions
        found |= {(called, str(place), name.lstrip("_")) for place, name in enumerate(names[:_PLACES])}
        found |= {(called, name, name.lstrip("_")) for name in (*names, *(item.arg for item in arguments.kwonlyargs))}
        if any(root_name(item) == "hydra" for item in node.decorator_list) and names:
            self.facts.flows.add((names[0].lstrip("_"), "config"))

    def assigned(self, target: ast.expr, node: ast.Assign | ast.AnnAssign | ast.NamedExpr, source: str) -> None:
        """Notes a name that gets the object ``source``."""
        assert node.value is not None, "the caller looked"
        if isinstance(target, ast.Attribute) and target.attr == "__dict__":
            self.doubt(node.value, node.lineno)
        elif isinstance(target, ast.Name | ast.Attribute):
            self.follow(node.value)
            self.facts.flows.add((last_name(target), source))
        elif isinstance(target, ast.Tuple | ast.List):
            self.facts.flows |= {(last_name(item), source) for item in target.elts}

    def holds(self, target: ast.Name, value: ast.expr) -> None:
        """Notes a variable that holds a group of settings: ``head_cfg = getattr(config, "head", {})``."""
        group = part_name(value)
        if group and not is_run_config(group):
            self.parts[target.id.lstrip("_")] = group
        elif not (isinstance(value, ast.Dict) and not value.keys):
            self.others.add(target.id.lstrip("_"))

    def loop(self, node: ast.For | ast.comprehension) -> None:
        self.others |= {item.id.lstrip("_") for item in ast.walk(node.target) if isinstance(item, ast.Name)}
        self.doubt(node.iter, node.iter.lineno, sure=not isinstance(node.iter, ast.Name | ast.Attribute))

    def operator(self, node: ast.BinOp) -> None:
        """A text with places for names: ``"%(horizon)s" % vars(config)``."""
        if isinstance(node.op, ast.Mod) and isinstance(node.right, ast.Call | ast.Attribute):
            self.doubt(node.right, node.lineno, sure=isinstance(node.right, ast.Call))

    def forward(self, node: ast.Call, name: str) -> None:
        """Notes the arguments that carry settings to a function."""
        facts, root, given = self.facts, root_name(node.func), list(node.args)
        if name == "partial" and given:
            name, root = last_name(given[0]), root_name(given[0])
            given = given[1:]
        into_names = name == "update" and isinstance(node.func, ast.Attribute) and _holds_names(node.func.value)
        named = [(item.arg or "", item.value) for item in node.keywords]
        for place, item in [*((str(number), item) for number, item in enumerate(given)), *named]:
            source = carried(item) if place and not isinstance(item, ast.Starred) else ""
            if not source:
                continue
            if not isinstance(item, ast.Name):
                self.follow(item)
            facts.roots.add((root, source))
            facts.forwards.add((name, place, source))
            if into_names:
                self.doubt(item, node.lineno)

    def unpacked(self, node: ast.Call, value: ast.expr) -> None:
        self.facts.unpacked.add(last_name(value))
        if id(node) not in self.quiet:
            self.doubt(value, node.lineno, sure=not isinstance(value, ast.Name | ast.Attribute))


def part_name(value: ast.expr) -> str:
    """Returns the literal name under which a value is read from something; empty for other expressions."""
    if isinstance(value, ast.Subscript):
        return literal_text(value.slice)
    if isinstance(value, ast.Attribute):
        return value.attr
    if not isinstance(value, ast.Call) or not value.args:
        return ""
    if isinstance(value.func, ast.Name) and value.func.id == "getattr" and len(value.args) > 1:
        return literal_text(value.args[1])
    return literal_text(value.args[0]) if last_name(value.func) == "get" else ""


def _holds_names(node: ast.expr) -> bool:
    """Returns whether an expression is a table of variables: ``locals()``, ``self.__dict__``."""
    called = last_name(node.func) if isinstance(node, ast.Call) else ""
    return called in ("locals", "globals", "vars") or (isinstance(node, ast.Attribute) and node.attr == "__dict__")
