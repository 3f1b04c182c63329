"""Configurations of danijar/dreamerv3 that Python code sets from its presets and ``update``."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from typing import TypeGuard

from dreamerguard.core.source import Span
from dreamerguard.sources.argv import UNKNOWN, Command
from dreamerguard.sources.python.names import is_config, last_name, literal_text, root_name

from .python_lists import listed
from .python_places import Places, spelled

_SETS = frozenset({"update", "Config"})
_PARSES = frozenset({"parse", "parse_known"})
_SIGNS = ("run.", "agent.", "task", "replay", "batch_", "env.", "encoder.", "rssm.", "envs.")
_PACKAGE = "dreamerv3"
#: Names of scripts for configurations in code: no file has them, and the second one says that nothing is trained.
TRAINS_IN_CODE, EVALUATES_IN_CODE = "train_in_code.py", "eval_in_code.py"
#: A program in PyTorch has other keys, in a plain dictionary.
_TORCH = re.compile(r"^\s*(import|from) torch\b", re.MULTILINE)
#: Takes presets, without which nothing is a configuration.
_TAKES = re.compile(r"configs\s*\[")


def configured(tree: ast.Module, places: Places) -> Iterator[Command]:
    """Yields one command for each function, or the module itself, that sets a configuration of danijar/dreamerv3."""
    if _TAKES.search(places.source.text) is None or _TORCH.search(places.source.text):
        return
    script = _script(tree)
    scopes: dict[ast.AST, list[tuple[ast.expr, bool]]] = defaultdict(list)
    for scope, node, sure in _expressions(tree):
        scopes[scope].append((node, sure))
    for scope, nodes in scopes.items():
        presets, keys = _gather(nodes, places)
        literal = [key[0][0][2:].partition("=")[0] for key in keys if UNKNOWN not in key[-1][0]]
        if presets and any(key.startswith(_SIGNS) for key in literal):
            parts = [(word, presets[0][1]) for word in ("python", script, "--configs")] + presets
            inside = ast.walk(scope) if scope is not tree else (node for node, _ in nodes)  # with functions inside
            made = next((places.span(node) for node in inside if _makes_environment(node)), None)
            parts += (
                [("--task", made), (made.text.split("\n")[0], made)]
                if made is not None and "task" not in literal
                else []
            )
            yield places.words(parts + [part for key in keys for part in key])


def _script(tree: ast.Module) -> str:
    """Returns the script that stands for the code: in the package whose presets it takes, by what the code runs."""
    sources: dict[str, str] = {}
    run: set[str] = set()
    package = _PACKAGE
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            sources |= {(name.asname or name.name.partition(".")[0]): name.name for name in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            sources |= {(name.asname or name.name): node.module for name in node.names}
        elif (
            isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and last_name(node.func.value) == "run"
        ):
            run.add(node.func.attr)
    for node in ast.walk(tree):
        if isinstance(node, ast.Subscript) and last_name(node.value) == "configs":
            package = sources.get(root_name(node.value), package)
    evaluates = bool(run) and all(name.startswith("eval") for name in run)
    return f"{package.replace('.', '/')}/{EVALUATES_IN_CODE if evaluates else TRAINS_IN_CODE}"


def _makes_environment(node: ast.AST) -> TypeGuard[ast.Call]:
    """Returns whether a call makes an environment itself, so that the configuration's task is not what trains."""
    if not isinstance(node, ast.Call):
        return False
    name, owner = last_name(node.func), node.func
    module = last_name(owner.value) if isinstance(owner, ast.Attribute) else ""
    return (name == "make" and module in ("gym", "gymnasium")) or (name == "Env" and bool(module)) or name == "FromGym"


def _expressions(tree: ast.Module) -> Iterator[tuple[ast.AST, ast.expr, bool]]:
    """Expressions in the order of the file, with the function that they are in and whether they surely run."""
    stack: list[tuple[ast.AST, ast.AST, bool]] = [(tree, tree, True)]
    while stack:
        scope, node, sure = stack.pop()
        if isinstance(node, ast.Call | ast.Subscript):
            yield scope, node, sure
        inner = node if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) else scope
        guard = isinstance(node, ast.If) and "__name__" in {last_name(item) for item in ast.walk(node.test)}
        branch = isinstance(node, ast.If | ast.For | ast.While | ast.Try | ast.IfExp) and not guard
        children = list(ast.iter_child_nodes(node))
        stack += [(inner, child, sure and not branch) for child in reversed(children)]


def _gather(
    nodes: list[tuple[ast.expr, bool]], places: Places
) -> tuple[list[tuple[str, Span]], list[list[tuple[str, Span]]]]:
    presets: list[tuple[str, Span]] = []
    keys: list[list[tuple[str, Span]]] = []
    for node, sure in nodes:
        if isinstance(node, ast.Subscript) and last_name(node.value) == "configs":
            presets.append((literal_text(node.slice) or UNKNOWN, places.span(node.slice)))
        elif isinstance(node, ast.Call) and last_name(node.func) in _SETS and _on_config(node):
            keys += [_setting(*item, sure, places) for item in _items(node, places)]
        elif isinstance(node, ast.Call) and last_name(node.func) in _PARSES:
            keys += _parsed(node, places)
    return sorted(presets, key=lambda item: item[1].start), sorted(keys, key=lambda item: item[0][1].start)


def _parsed(node: ast.Call, places: Places) -> Iterator[list[tuple[str, Span]]]:
    """Yields the flags of ``Flags(config).parse(argv=["--seed", "1"])``, each with its values."""
    given = [*node.args[:1], *(item.value for item in node.keywords if item.arg == "argv")]
    flag: list[tuple[str, Span]] = []
    for part in (listed(given[0], {}, places) or ()) if given else ():
        if part[0].startswith("--") and flag:
            yield flag
            flag = []
        flag.append(part)
    if flag and flag[0][0].startswith("--"):
        yield flag


def _on_config(node: ast.Call) -> bool:
    owner = node.func.value if isinstance(node.func, ast.Attribute) else None
    if any(item.arg is None for item in node.keywords):  # another object, made from settings that are already there
        return False
    if last_name(node.func) == "Config" and any(_is_part(item) for item in node.args):
        return False
    return last_name(node.func) == "Config" or (owner is not None and is_config(last_name(owner)))


def _is_part(node: ast.expr) -> bool:
    """Returns whether an expression is a group of settings: ``config.run``."""
    return isinstance(node, ast.Attribute) and is_config(last_name(node.value))


def _items(node: ast.Call, places: Places) -> Iterator[tuple[str, Span, ast.expr]]:
    for argument in node.args:
        if isinstance(argument, ast.Dict):
            for key, value in zip(argument.keys, argument.values, strict=True):
                if key is not None and literal_text(key):
                    yield literal_text(key), places.span(key), value
    for keyword in node.keywords:
        if keyword.arg is not None:
            span = places.span(keyword)
            yield keyword.arg, span.source.span(span.start, span.start + len(keyword.arg)), keyword.value


def _setting(key: str, place: Span, value: ast.expr, sure: bool, places: Places) -> list[tuple[str, Span]]:
    texts = spelled(value, places) if sure else ()
    items = value.elts if isinstance(value, ast.List | ast.Tuple) and texts else [value]
    return [(f"--{key}", place)] + [
        (text, places.span(item)) for text, item in zip(texts or (UNKNOWN,), items, strict=True)
    ]
