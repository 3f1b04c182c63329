"""Words that Python code gives to a training program in its own process: ``sys.argv = [...]``, ``main([...])``.

Lists are followed through names, ``+``, ``append`` and branches of one function. Nothing is executed: what is not
literal becomes `UNKNOWN`.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath

from dreamerguard.sources.argv import UNKNOWN, Command

from .python_called import called_script, imported
from .python_lists import Parts, is_argv, listed
from .python_places import Places

#: Calls that read the words of a list, or of ``sys.argv``.
_PARSES = frozenset({"parse_args", "parse_known_args", "parse_intermixed_args", "parse", "parse_known"})
_MAIN = "main"
#: A text without one of these gives no words to a program.
_GIVES = re.compile(r"\bargv\b|\bmain\b|\bparse(?:_\w+)?\(|\brun_(?:path|module)\(")
_STARTS = frozenset({"run_path", "run_module"})
_ADDS = frozenset({"append", "extend", "insert"})
_OPTION = re.compile(r"--[A-Za-z][\w.*\\-]*(?:=.*)?", re.DOTALL)
#: Options without which a list of words may be for any parser.
_PRESETS = re.compile(r"--configs?(?:=.*)?", re.DOTALL)
_MOST_STATES = 4
#: Functions of sheeprl that read ``sys.argv`` -> the scripts that call them.
_SHEEPRL = {"sheeprl.cli.run": "sheeprl.py", "sheeprl.cli.evaluation": "sheeprl_eval.py"}
#: A path through a function: the words of ``sys.argv`` behind the program, None while it is untouched, and its lists.
State = tuple[Parts | None, dict[str, Parts]]


def given_words(tree: ast.Module, places: Places) -> Iterator[Command]:
    """Yields a command for every program that code gives words to."""
    seen: set[tuple[str, ...]] = set()
    if _GIVES.search(places.source.text) is None:
        return
    for body in (tree.body, *_functions(tree)):
        for script, parts in _ArgvReader(tree, places).read(body):
            command = places.words([("python", parts[0][1]), (script, parts[0][1]), *parts])
            texts = tuple(word.text for word in command.words)
            if texts not in seen:
                seen.add(texts)
                yield command


def _functions(tree: ast.Module) -> Iterator[list[ast.stmt]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.body


class _ArgvReader:
    """Follows the statements of one function, or of the module."""

    def __init__(self, tree: ast.Module, places: Places) -> None:
        self.tree = tree
        self.places = places
        self.imports = imported(tree)
        self.own = PurePosixPath(places.source.name).name
        self.found: list[tuple[str, Parts]] = []
        self.taken: list[Parts] = []

    def read(self, body: Sequence[ast.stmt]) -> list[tuple[str, Parts]]:
        """Returns the scripts that get words, each with its words."""
        for argv, _ in self._body(body, [(None, {})]):
            if argv and argv not in self.taken:
                self._keep(self._consumer(), argv)
        return self.found

    def _keep(self, script: str, parts: Parts) -> None:
        if script and any(_OPTION.fullmatch(text) or "=" in text for text, _ in parts):
            self.found.append((script, parts))

    def _consumer(self) -> str:
        """Returns the script of the first call anywhere in the file that reads ``sys.argv``; empty without one."""
        calls = (node for node in ast.walk(self.tree) if isinstance(node, ast.Call))
        return next((script for node in calls if (script := self._reads_argv(node))), "")

    # -- statements ---------------------------------------------------------------------------------------------------
    def _body(self, body: Sequence[ast.stmt], states: list[State]) -> list[State]:
        for statement in body:
            states = self._statement(statement, states)[:_MOST_STATES]
        return states

    def _statement(self, node: ast.stmt, states: list[State]) -> list[State]:
        if isinstance(node, ast.If):
            taken = self._body(node.body, states)
            guard = any(isinstance(item, ast.Name) and item.id == "__name__" for item in ast.walk(node.test))
            return taken if guard else _joined(taken, self._body(node.orelse, states))
        if isinstance(node, ast.For | ast.While):
            return _joined(states, self._body(node.body, states))
        if isinstance(node, ast.With):
            return self._body(node.body, states)
        if isinstance(node, ast.Try):
            return self._body([*node.body, *node.orelse, *node.finalbody], states)
        if isinstance(node, ast.Assign):
            return [self._assigned(node.targets[0], node.value, state) for state in states]
        if isinstance(node, ast.AugAssign):
            return [self._extended(node.target, node.value, state) for state in states]
        if isinstance(node, ast.Expr | ast.Return) and node.value is not None:
            return [self._called(node.value, state) for state in states]
        return states

    def _assigned(self, target: ast.expr, value: ast.expr, state: State) -> State:
        argv, lists = self._called(value, state)
        parts = listed(value, lists, self.places)
        if is_argv(target):
            return (parts[1:] if parts is not None else None), lists
        if isinstance(target, ast.Subscript) and is_argv(target.value) and isinstance(target.slice, ast.Slice):
            return (parts if target.slice.upper is None else (*self._typed(target), *(parts or ()))), lists
        if isinstance(target, ast.Name):
            kept = {name: items for name, items in lists.items() if name != target.id}
            return argv, kept if parts is None else {**kept, target.id: parts}
        return argv, lists

    def _extended(self, target: ast.expr, value: ast.expr, state: State) -> State:
        argv, lists = self._called(value, state)
        added = listed(value, lists, self.places) or ((UNKNOWN, self.places.span(value)),)
        if is_argv(target):
            return (*(argv if argv is not None else self._typed(target)), *added), lists
        if isinstance(target, ast.Name) and target.id in lists:
            return argv, {**lists, target.id: (*lists[target.id], *added)}
        return argv, lists

    def _typed(self, place: ast.expr) -> Parts:
        """Returns what stands for the words that the caller of the script types."""
        return ((UNKNOWN, self.places.span(place)),)

    def _called(self, value: ast.expr, state: State) -> State:
        for node in ast.walk(value):
            if isinstance(node, ast.Call):
                state = self._call(node, state)
        return state

    def _call(self, node: ast.Call, state: State) -> State:
        argv, lists = state
        if isinstance(node.func, ast.Attribute) and node.func.attr in _ADDS and node.args:
            return self._added(node.func, node.args[-1], state)
        script = self._reads_argv(node)
        if script and argv is not None:
            self._keep(script, argv)
            self.taken.append(argv)
        given = next((parts for item in _arguments(node) if (parts := listed(item, lists, self.places))), None)
        script = self._reads_list(node) if given else ""
        if given is not None and script:
            self._keep(script, given)
        return state

    def _added(self, func: ast.Attribute, item: ast.expr, state: State) -> State:
        items = item if func.attr == "extend" else ast.copy_location(ast.List([item], ast.Load()), item)
        return self._extended(func.value, items, state)

    # -- calls --------------------------------------------------------------------------------------------------------
    def _reads_argv(self, node: ast.Call) -> str:
        """Returns the script that a call without a list of words starts; empty for other calls."""
        name = _last(node.func)
        if name in _STARTS and node.args and isinstance(node.args[0], ast.Constant):
            text = str(node.args[0].value)
            return text if name == "run_path" else f"{text.replace('.', '/')}.py"
        if not node.args and (script := _SHEEPRL.get(self.imports.get(_last(node.func), ""), "")):
            return script
        if self._is_main(node.func) and not node.args:
            return called_script(node.func, self.tree, self.own)
        return self.own if name in _PARSES and not node.args and not node.keywords else ""

    def _is_main(self, func: ast.expr) -> bool:
        """Returns whether a function is called ``main``, here or where it is imported from."""
        return _last(func) == _MAIN or self.imports.get(_last(func), "").endswith(f".{_MAIN}")

    def _reads_list(self, node: ast.Call) -> str:
        """Returns the script that a call with a list of words starts; empty for other calls."""
        name = _last(node.func)
        if self._is_main(node.func):
            return called_script(node.func, self.tree, self.own)
        words = next((item for item in _arguments(node)), None)
        presets = words is not None and any(
            isinstance(item, ast.Constant) and _PRESETS.fullmatch(str(item.value)) for item in ast.walk(words)
        )
        return self.own if name in _PARSES and presets else ""


def _arguments(node: ast.Call) -> list[ast.expr]:
    return [*node.args[:1], *(item.value for item in node.keywords if item.arg in ("argv", "args"))]


def _last(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def _joined(first: list[State], second: list[State]) -> list[State]:
    return [*first, *(state for state in second if state not in first)]
