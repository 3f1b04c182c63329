"""Configurations of RLlib's DreamerV3 in Python files: ``DreamerV3Config().training(training_ratio=512)``.

Each configuration becomes a command that sets the same values, with its places in the file: one option for each literal
value. A value that is not literal is `UNKNOWN`, ``tune.grid_search([...])`` is an axis of a sweep. Dictionaries of
``tune.run("DreamerV3", config={...})`` and ``update_from_dict({...})`` are read too. Facts about RLlib:
https://github.com/ray-project/ray/blob/e852f9bd5bafc5bbf4c1474af1f04798674ff11d/rllib/algorithms/dreamerv3/dreamerv3.py
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from dreamerguard.core.source import Span
from dreamerguard.sources.argv import UNKNOWN, Command, SweepAxis, Word
from dreamerguard.sources.python.literals import constants, plain_number
from dreamerguard.sources.python.names import last_name, literal_text

from .python_places import Places, spelled

#: What stands for the program in the command of a configuration.
RLLIB_MODULE = "ray.rllib.algorithms.dreamerv3"
_RAY = re.compile(r"^[ \t]*(?:from|import)[ \t]+ray\b", re.MULTILINE)
_NAMES = re.compile(r"\bDreamerV3(?:Config)?\b")
#: Methods of the configuration that hold settings of a run -> names of their positional arguments.
_METHODS: Mapping[str, tuple[str, ...]] = {
    "training": (),
    "environment": ("env",),
    "env_runners": (),
    "rollouts": (),
    "learners": (),
    "resources": (),
}
_DICTIONARIES = frozenset({"update_from_dict", "from_dict"})
#: Keyword that holds the settings in the calls that start a run by the algorithm's name.
_STARTS = {"run": "config", "Tuner": "param_space"}
#: Former names.
_FORMER = {"num_envs_per_worker": "num_envs_per_env_runner", "num_learner_workers": "num_learners"}
#: Keys and constants of the condition that ends a run after a number of agent steps.
_STEPS = frozenset({
    "num_env_steps_sampled_lifetime", "NUM_ENV_STEPS_SAMPLED_LIFETIME", "timesteps_total", "TIMESTEPS_TOTAL",
})  # fmt: skip
_LENGTH = "stop.num_env_steps_sampled_lifetime"
_NO_ENVIRONMENT = "sets no environment here"
_NOT_LITERAL = "is not literal"
_MAX_SETTINGS = 200


def is_rllib(text: str) -> bool:
    """Returns whether a Python file configures RLlib's DreamerV3."""
    return bool(_NAMES.search(text) and _RAY.search(text))


def read_rllib(tree: ast.Module, places: Places) -> list[Command]:
    """Returns one command for each configuration that sets something."""
    if not is_rllib(places.source.text):
        return []
    drafts = _drafts(tree)
    lengths = [item for node in ast.walk(tree) if isinstance(node, ast.Call | ast.Dict) for item in _length(node)]
    known = constants(tree)
    used = [draft for draft in drafts if draft.settings or draft.opaque]
    for draft in used:
        draft.settings += lengths if len(used) == 1 and len(lengths) == 1 else []
    return [_command(draft, places, known) for draft in used]


@dataclass(frozen=True, slots=True)
class _Setting:
    """A setting: its key, the node that names it, its value, and whether it surely takes effect."""

    key: str
    place: ast.expr | ast.keyword
    value: ast.expr
    sure: bool


@dataclass(slots=True)
class _Draft:
    """A configuration while it is gathered.

    Attributes:
      start: the call that makes it.
      settings: its settings in their order.
      opaque: calls with arguments that cannot be listed.
    """

    start: ast.Call
    settings: list[_Setting] = field(default_factory=list)
    opaque: list[ast.expr] = field(default_factory=list)


def _drafts(tree: ast.Module) -> list[_Draft]:
    found: list[_Draft] = []
    for body, sure in _scopes(tree):
        named: dict[str, _Draft] = {}
        for statement, certain in _statements(body, sure):
            _read_statement(statement, named, found, certain)
    return found


def _scopes(tree: ast.Module) -> Iterator[tuple[list[ast.stmt], bool]]:
    """Yields the statements of the module and of each function."""
    yield tree.body, True
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.body, True


def _statements(body: list[ast.stmt], sure: bool) -> Iterator[tuple[ast.stmt, bool]]:
    """Yields the statements of a scope in their order, and whether they surely run; not those of functions in it."""
    stack = [(statement, sure) for statement in reversed(body)]
    while stack:
        statement, certain = stack.pop()
        if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            continue
        yield statement, certain
        main = isinstance(statement, ast.If) and "__name__" in {last_name(item) for item in ast.walk(statement.test)}
        always = main or isinstance(statement, ast.With | ast.AsyncWith)
        inner = [item for name in ("body", "orelse", "finalbody") for item in getattr(statement, name, ())]
        inner += [item for handler in getattr(statement, "handlers", ()) for item in handler.body]
        stack += [(item, certain and always) for item in reversed(inner)]


def _read_statement(statement: ast.stmt, named: dict[str, _Draft], found: list[_Draft], sure: bool) -> None:
    """Reads the calls of a statement, without the statements in it, and what it assigns."""
    simple = isinstance(statement, ast.Assign | ast.AnnAssign | ast.Expr | ast.Return)
    value = getattr(statement, "value", None) if simple else None
    if not isinstance(value, ast.expr):
        return
    target = statement.targets[0] if isinstance(statement, ast.Assign) else None
    changed = target.value if isinstance(target, ast.Attribute) else None
    owner = named.get(changed.id) if isinstance(changed, ast.Name) else None
    if isinstance(target, ast.Attribute) and owner is not None:
        owner.settings += _from_item(target.attr, target, value, sure)
        return
    draft = _read_chains(value, named, found, sure)
    if draft is not None and isinstance(target, ast.Name):
        named[target.id] = draft


def _read_chains(value: ast.expr, named: dict[str, _Draft], found: list[_Draft], sure: bool) -> _Draft | None:
    """Reads every chain of calls in an expression; returns the configuration that the expression is."""
    made: dict[int, _Draft] = {}
    calls = [node for node in ast.walk(value) if isinstance(node, ast.Call)]
    for call in sorted(calls, key=lambda node: (node.end_lineno or 0, node.end_col_offset or 0)):
        draft = _made_by(call, made, named)
        if draft is None:
            continue
        if draft.start is call:
            found.append(draft)
        made[id(call)] = draft
        method = call.func.attr if isinstance(call.func, ast.Attribute) else ""
        if method in _METHODS:
            _read_method(draft, call, _METHODS[method], sure)
        elif method in _DICTIONARIES:
            for argument in call.args[:1]:
                _read_dictionary(draft, argument, sure)
        elif draft.start is call and method in _STARTS:
            settings = next((item.value for item in call.keywords if item.arg == _STARTS[method]), None)
            if settings is not None and id(settings) not in made and not isinstance(settings, ast.Call | ast.Name):
                _read_dictionary(draft, settings, sure)
    return made.get(id(value))


def _made_by(call: ast.Call, made: Mapping[int, _Draft], named: Mapping[str, _Draft]) -> _Draft | None:
    """Returns the configuration that a call makes or changes."""
    if last_name(call.func) == "DreamerV3Config":
        return _Draft(call)
    method = call.func.attr if isinstance(call.func, ast.Attribute) else ""
    if method in _STARTS and call.args and "DreamerV3" in (literal_text(call.args[0]), last_name(call.args[0])):
        return _Draft(call)
    owner = call.func.value if isinstance(call.func, ast.Attribute) else None
    if isinstance(owner, ast.Name):
        return named.get(owner.id) if method in _METHODS or method in _DICTIONARIES else None
    return made.get(id(owner))


def _read_method(draft: _Draft, call: ast.Call, positional: tuple[str, ...], sure: bool) -> None:
    for name, value in zip(positional, call.args, strict=False):
        draft.settings += _from_item(name, value, value, sure)
    for keyword in call.keywords:
        if keyword.arg is None:
            draft.opaque.append(keyword.value)
        else:
            draft.settings += _from_item(keyword.arg, keyword, keyword.value, sure)


def _read_dictionary(draft: _Draft, node: ast.expr, sure: bool) -> None:
    if not isinstance(node, ast.Dict):
        draft.opaque.append(node)
        return
    for key, value in zip(node.keys, node.values, strict=True):
        if key is None or not literal_text(key):
            draft.opaque.append(value)
        else:
            draft.settings += _from_item(literal_text(key), key, value, sure)


def _from_item(name: str, place: ast.expr | ast.keyword, value: ast.expr, sure: bool) -> Iterator[_Setting]:
    """Yields the setting of a name, or those of its dictionary: ``replay_buffer_config.capacity``."""
    if isinstance(value, ast.Constant) and value.value is None:
        return
    name = _FORMER.get(name, name)
    if isinstance(value, ast.Dict):
        for key, item in zip(value.keys, value.values, strict=True):
            if key is not None and literal_text(key):
                yield _Setting(f"{name}.{literal_text(key)}", key, item, sure)
        return
    yield _Setting(name, place, value, sure)


def _length(node: ast.Call | ast.Dict) -> Iterator[_Setting]:
    """Yields the number of steps after which Tune stops the run: ``stop={"num_env_steps_sampled_lifetime": 1e6}``."""
    if not isinstance(node, ast.Call):
        return
    for keyword in node.keywords:
        if keyword.arg == "stop" and isinstance(keyword.value, ast.Dict):
            for key, value in zip(keyword.value.keys, keyword.value.values, strict=True):
                if key is not None and (literal_text(key) in _STEPS or last_name(key) in _STEPS):
                    yield _Setting(_LENGTH, key, value, True)


def _command(draft: _Draft, places: Places, known: Mapping[str, ast.expr]) -> Command:
    start = places.span(draft.start.func)
    words = [Word(text, start, 0) for text in ("python", "-m", RLLIB_MODULE)]
    axes: list[SweepAxis] = []
    for setting in draft.settings[:_MAX_SETTINGS]:
        words.append(Word(f"--{setting.key}", _name_span(setting, places), 0))
        value = known.get(setting.value.id, setting.value) if isinstance(setting.value, ast.Name) else setting.value
        words.append(_word(value, places, setting.sure))
        choices = _choices(value, places) if setting.sure else ()
        if choices:
            labels = tuple(word.text for word in choices)
            axes.append(SweepAxis(len(words) - 1, setting.key, tuple((word,) for word in choices), labels))
            words[-1] = choices[0]
    if not any(setting.key == "env" for setting in draft.settings):
        words += [Word("--env", start, 0), Word(UNKNOWN, start, 0, _NO_ENVIRONMENT)]
    words += [Word(UNKNOWN, places.span(node), 0, _NOT_LITERAL) for node in draft.opaque]
    placed = tuple(Word(word.text, word.span, index, word.reason) for index, word in enumerate(words))
    return Command(places.source, placed, None, tuple(axes))


def _name_span(setting: _Setting, places: Places) -> Span:
    span = places.span(setting.place)
    if isinstance(setting.place, ast.keyword) and setting.place.arg is not None:
        return span.source.span(span.start, span.start + len(setting.place.arg))
    return span


def _word(value: ast.expr, places: Places, sure: bool) -> Word:
    """Returns the word of a value; an unknown one for a value that is not literal or that only some runs have."""
    span = places.span(value)
    number = plain_number(value)
    if not sure or (number is None and len(spelled(value, places)) != 1):
        return Word(UNKNOWN, span, 0, _NOT_LITERAL)
    return Word(str(number) if number is not None else spelled(value, places)[0], span, 0)


def _choices(value: ast.expr, places: Places) -> tuple[Word, ...]:
    """Returns the values of ``tune.grid_search([...])`` and ``tune.choice([...])``; none for other values."""
    if not isinstance(value, ast.Call) or last_name(value.func) not in ("grid_search", "choice") or not value.args:
        return ()
    listed = value.args[0]
    return tuple(_word(item, places, True) for item in listed.elts) if isinstance(listed, ast.List | ast.Tuple) else ()
