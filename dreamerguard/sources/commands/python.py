"""Commands in Python files: lists and texts that start a program, and configurations that are set in code.

Only literals are read, and nothing is executed. Whatever is not literal becomes `UNKNOWN`. A configuration that is made
from danijar/dreamerv3's presets and ``update`` becomes the command that sets the same values, with its places in the
file.
"""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterator

from dreamerguard.core.source import Source, Span
from dreamerguard.sources.argv import UNKNOWN, Command
from dreamerguard.sources.python.names import is_config, last_name, literal_text
from dreamerguard.sources.python.python_files import parse

from .python_places import Places, spelled
from .rllib import read_rllib
from .shell import read_shell

#: Files without one of these neither start a program nor set a configuration.
_WORTH = re.compile(
    r"\b(subprocess|os\.system|os\.popen|os\.exec|Popen|shlex|sh\.python|DreamerV3Config)\b|\bconfigs\[|[\"']DreamerV3[\"']"
)
_TRAINS = re.compile(r"dreamer|sheeprl|logdir", re.IGNORECASE)
_PYTHON = re.compile(r"python[\d.]*")
_STARTS = frozenset({"system", "popen", "run", "Popen", "call", "check_call", "check_output", "split", "getoutput"})
_SETS = frozenset({"update", "Config"})
_SIGNS = ("run.", "agent.", "task", "replay", "batch_", "env.", "encoder.", "rssm.", "envs.")
_SCRIPT = "dreamerv3/train.py"
#: A program in PyTorch has other keys, in a plain dictionary.
_TORCH = re.compile(r"^\s*(import|from) torch\b", re.MULTILINE)


def is_worth_reading(text: str) -> bool:
    """Returns whether a Python file may start a program or set a configuration."""
    return _WORTH.search(text) is not None


def read_python(source: Source) -> list[Command]:
    """Commands that a Python file starts, and configurations that it sets, in the order of the file."""
    tree = parse(source.text) if is_worth_reading(source.text) else None
    if tree is None:
        return []
    places = Places(source)
    return [*_started(tree, places), *_configured(tree, places), *read_rllib(tree, places)]


def read_configurations(source: Source) -> list[Command]:
    """Only the configurations that a Python file sets in code."""
    tree = parse(source.text) if is_worth_reading(source.text) else None
    places = Places(source)
    return [*_configured(tree, places), *read_rllib(tree, places)] if tree is not None else []


def unread_launches(source: Source) -> Iterator[tuple[int, str]]:
    """Lines that start or configure a training run in ways that are not literal, and what each one does."""
    tree = parse(source.text) if _TRAINS.search(source.text) and is_worth_reading(source.text) else None
    for node in ast.walk(tree) if tree is not None else ():
        if isinstance(node, ast.Call) and _is_start(node) and node.args and not _literal(node.args[0]):
            yield node.lineno, "starts a program with arguments that are not literal"


def unread_values(command: Command) -> Iterator[str]:
    """Places of the words of a command that are not literal, each with the option in front of it."""
    option = ""
    for word in command.words:
        option = word.text.partition("=")[0] if word.text.startswith("-") else option
        if UNKNOWN in word.text:
            yield f"{word.span.source.name}:{word.span.line} {option or 'an argument'} is not literal"


def _is_start(node: ast.Call) -> bool:
    owner = node.func.value if isinstance(node.func, ast.Attribute) else None
    if any(item.arg is None for item in node.keywords):  # another object, made from settings that are already there
        return False
    return last_name(node.func) in _STARTS and last_name(owner or node.func) in ("subprocess", "os", "shlex", "Popen")


def _literal(node: ast.expr) -> bool:
    return bool(literal_text(node)) or isinstance(node, ast.List)


def _started(tree: ast.Module, places: Places) -> Iterator[Command]:
    open_lists = _extended(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.List | ast.Tuple) and _starts_python(node):
            parts = [_part(item, places) for item in node.elts]
            parts[0] = ("python", parts[0][1])
            parts += [(UNKNOWN, parts[-1][1])] if id(node) in open_lists else []
            yield places.words(parts)
        elif isinstance(node, ast.Call) and _is_start(node) and node.args and literal_text(node.args[0]):
            span = places.span(node.args[0])
            quote = 3 if span.text[:3] in ('"' * 3, "'" * 3) else 1
            if span.text[:1] in "\"'" and (quote == 3 or "\\" not in span.text):
                yield from read_shell(places.source, span.start + quote, span.end - quote)


def _starts_python(node: ast.List | ast.Tuple) -> bool:
    if len(node.elts) < 2:
        return False
    first = node.elts[0]
    python = last_name(first) == "executable" or _PYTHON.fullmatch(literal_text(first).rpartition("/")[2]) is not None
    return python and any(literal_text(item).endswith(".py") or literal_text(item) == "-m" for item in node.elts[1:4])


def _extended(tree: ast.Module) -> set[int]:
    """Lists to which something is added later, so that their words are not all."""
    names: set[str] = set()
    found: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.AugAssign):
            names.add(last_name(node.target))
        elif isinstance(node, ast.Attribute) and node.attr in ("append", "extend", "insert"):
            names.add(last_name(node.value))
        elif isinstance(node, ast.BinOp):
            names |= {last_name(node.left), last_name(node.right)}
            found |= {id(node.left), id(node.right)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and any(last_name(target) in names for target in node.targets):
            found.add(id(node.value))
    return found


def _part(node: ast.expr, places: Places) -> tuple[str, Span]:
    """A word and its place; `UNKNOWN` stands for what is not literal."""
    if isinstance(node, ast.JoinedStr):
        return "".join(literal_text(item) or UNKNOWN for item in node.values), places.span(node)
    return (spelled(node, places) or (UNKNOWN,))[0], places.span(node)


def _configured(tree: ast.Module, places: Places) -> Iterator[Command]:
    """One command for each function, or the module itself, that sets a configuration of danijar/dreamerv3."""
    if _TORCH.search(places.source.text):
        return
    scopes: dict[int, list[tuple[ast.expr, bool]]] = defaultdict(list)
    for scope, node, sure in _expressions(tree):
        scopes[id(scope)].append((node, sure))
    for nodes in scopes.values():
        presets, keys = _gather(nodes, places)
        literal = [key[0][0][2:] for key in keys if key[1][0] != UNKNOWN]
        if presets and any(key.startswith(_SIGNS) for key in literal):
            parts = [(word, presets[0][1]) for word in ("python", _SCRIPT, "--configs")] + presets
            made = next((places.span(node) for node, _ in nodes if _makes_environment(node)), None)
            parts += (
                [("--task", made), (made.text.split("\n")[0], made)]
                if made is not None and "task" not in literal
                else []
            )
            yield places.words(parts + [part for key in keys for part in key])


def _makes_environment(node: ast.expr) -> bool:
    """Returns whether a call makes an environment itself, so that the configuration's task is not what trains."""
    name, owner = (last_name(node.func), node.func) if isinstance(node, ast.Call) else ("", node)
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
    return sorted(presets, key=lambda item: item[1].start), sorted(keys, key=lambda item: item[0][1].start)


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
