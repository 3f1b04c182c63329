"""Scopes: modules, classes and functions with the names that belong to them."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from typing import Literal

Body = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
Kind = Literal["module", "class", "function"]
_INNER = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda


@dataclass(eq=False, slots=True)
class Scope:
    """One module, class or function.

    Attributes:
      number: its number, which atoms name it by.
      kind: what it is.
      node: its code.
      file: the file that it stands in.
      parent: the scope around it.
      names: names that are assigned in it.
      parameters: names of positional parameters, without ``self``.
      keywords: names of parameters that are given by name only.
      rest, options: names of ``*args`` and ``**kwargs``; empty without them.
      own: name of the first parameter of a method; empty for other functions.
      fields: annotated names of a class, in order.
      live: whether code that runs refers to it.
      ran: whether it was looked at.
      called: whether a call of it was found.
    """

    number: int
    kind: Kind
    node: Body
    file: str
    parent: Scope | None
    names: set[str] = field(default_factory=set)
    parameters: list[str] = field(default_factory=list)
    keywords: list[str] = field(default_factory=list)
    rest: str = ""
    options: str = ""
    own: str = ""
    fields: list[str] = field(default_factory=list)
    stars: list[str] = field(default_factory=list)
    live: bool = False
    ran: bool = False
    called: bool = False
    bound: set[str] = field(default_factory=set)


def make_scope(number: int, node: Body, file: str, parent: Scope | None) -> Scope:
    """Returns the scope of a piece of code."""
    if isinstance(node, ast.Module):
        return Scope(number, "module", node, file, parent, _assigned(node.body))
    if isinstance(node, ast.ClassDef):
        fields = [
            item.target.id
            for item in node.body
            if isinstance(item, ast.AnnAssign) and isinstance(item.target, ast.Name)
        ]
        return Scope(number, "class", node, file, parent, _assigned(node.body), fields=fields)
    return _function(number, node, file, parent)


def _function(
    number: int, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda, file: str, parent: Scope | None
) -> Scope:
    arguments = node.args
    names = [item.arg for item in (*arguments.posonlyargs, *arguments.args)]
    keywords = [item.arg for item in arguments.kwonlyargs]
    rest = arguments.vararg.arg if arguments.vararg else ""
    options = arguments.kwarg.arg if arguments.kwarg else ""
    inside = parent is not None and parent.kind == "class" and not isinstance(node, ast.Lambda)
    own = names.pop(0) if inside and names and "staticmethod" not in decorators(node) else ""
    body = [node.body] if isinstance(node, ast.Lambda) else node.body
    local = _assigned(body) | {*names, *keywords, rest, options, own} - {""}
    return Scope(number, "function", node, file, parent, local, names, keywords, rest, options, own)


def decorators(node: ast.AST) -> list[str]:
    """Returns the last names of the decorators of a function or class."""
    found = []
    for item in getattr(node, "decorator_list", ()):
        target = item.func if isinstance(item, ast.Call) else item
        found.append(
            target.attr if isinstance(target, ast.Attribute) else target.id if isinstance(target, ast.Name) else ""
        )
    return found


def _assigned(body: list[ast.stmt] | list[ast.expr]) -> set[str]:
    """Returns the names that code assigns, without those of functions and classes inside it."""
    found: set[str] = set()
    foreign: set[str] = set()
    stack: list[ast.AST] = list(body)
    while stack:
        node = stack.pop()
        if isinstance(node, ast.Name):
            if not isinstance(node.ctx, ast.Load):
                found.add(node.id)
            continue
        if isinstance(node, ast.Global | ast.Nonlocal):
            foreign |= set(node.names)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            found |= {item.asname or item.name.partition(".")[0] for item in node.names}
        elif isinstance(node, ast.ExceptHandler | ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and node.name:
            found.add(node.name)
        if not isinstance(node, _INNER):
            stack += ast.iter_child_nodes(node)
    return found - foreign
