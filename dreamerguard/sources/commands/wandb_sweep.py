"""Reads the command of a Weights & Biases sweep file.

``wandb agent`` fills the macros of ``command`` for each run (https://docs.wandb.ai/models/sweeps/sweep-config-keys):
``${args}`` becomes ``--key=value`` of every parameter. ``value`` and ``values`` are listed, and integers between
``min`` and ``max``; a value from a distribution is unknown. Nested parameters reach the program as one dictionary.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from dreamerguard.core.source import Source, Span
from dreamerguard.sources.argv import FROM_SWEEP, UNKNOWN, Command, SweepAxis, Word
from dreamerguard.sources.values.nodes import Entry, Listing, Mapping, Node, Scalar
from dreamerguard.sources.values.yaml import read_yaml
from dreamerguard.util.fast_dataclass import dataclass

_PROGRAM = re.compile(r"^[\"']?(program|command)[\"']?[ \t]*:", re.MULTILINE)
_PARAMETERS = re.compile(r"^[\"']?parameters[\"']?[ \t]*:", re.MULTILINE)
_VARIABLE = re.compile(r"\$\{[^}]*\}")
_DEFAULT = ("${env}", "${interpreter}", "${program}", "${args}")
_FILLED = "is filled in by the agent of the sweep"
#: Most values of an integer parameter that are listed.
_MAX_INTEGERS = 100
_MAX_PARAMETERS = 200


@dataclass(frozen=True, slots=True)
class _Parameter:
    """A parameter with its possible values: the text, a boolean value, and the place; no values if unknown."""

    name: str
    values: tuple[tuple[str, bool | None, Span], ...]
    span: Span
    nested: bool = False


_Words = tuple[Word, ...]
_Form = Callable[[str, str, bool | None], tuple[str, ...]]
#: Macro -> the words of one parameter.
_FORMS: dict[str, _Form] = {
    "args": lambda name, text, _: (f"--{name}={text}",),
    "args_no_equals": lambda name, text, _: (f"--{name}", text),
    "args_no_hyphens": lambda name, text, _: (f"{name}={text}",),
    "args_no_boolean_flags": lambda name, text, flag: (
        (f"--{name}={text}",) if flag is None else (f"--{name}",) if flag else ()
    ),
}


def is_wandb_sweep(text: str) -> bool:
    """Returns whether a YAML text has the keys of a sweep file."""
    return bool(_PARAMETERS.search(text) and _PROGRAM.search(text))


def read_wandb_sweep(source: Source) -> list[Command]:
    """Returns the command of a sweep file, with an axis for each parameter that has several values."""
    root = read_yaml(source).root
    return sweep_commands(root, source) if root is not None else []


def sweep_commands(root: Mapping, source: Source) -> list[Command]:
    """Returns the command of a sweep: its keys and values as a tree."""
    listed = _entry(root, "parameters")
    if listed is None or not isinstance(listed.value, Mapping):
        return []
    parameters = [_parameter(entry) for entry in listed.value.entries[:_MAX_PARAMETERS]]
    words: list[Word] = []
    axes: list[SweepAxis] = []
    passed = False
    for node in _command(root, source):
        text = str(node.value)
        macro = text[2:-1] if _VARIABLE.fullmatch(text) else ""
        if macro in _FORMS:
            passed = True
            for parameter in parameters:
                _append(words, axes, parameter, _FORMS[macro])
        else:
            passed |= macro.startswith("args")
            words += _macro(macro, text, node.span, root)
    if not passed and parameters:
        words.append(Word(UNKNOWN, listed.key.span, 0, "reach the program through wandb.config"))
    placed = tuple(replace(word, index=index) for index, word in enumerate(words))
    return [Command(source, placed, None, tuple(axes))] if placed else []


def _command(root: Mapping, source: Source) -> Iterator[Scalar]:
    given = _entry(root, "command")
    if given is not None and isinstance(given.value, Listing):
        yield from (item for item in given.value.items if isinstance(item, Scalar))
        return
    program = _entry(root, "program")
    place = program.value.span if program is not None else source.span(0)
    yield from (Scalar(text, place) for text in _DEFAULT)


def _macro(macro: str, text: str, span: Span, root: Mapping) -> Iterator[Word]:
    if macro == "env":
        yield Word("/usr/bin/env", span, 0)
    elif macro == "interpreter":
        yield Word("python", span, 0)
    elif macro == "program":
        program = _entry(root, "program")
        node = program.value if program is not None else None
        yield Word(str(node.value), node.span, 0) if isinstance(node, Scalar) else Word(UNKNOWN, span, 0, _FILLED)
    elif macro:
        yield Word(UNKNOWN, span, 0, _FILLED)
    else:
        yield Word(_VARIABLE.sub(UNKNOWN, text), span, 0, _FILLED)


def _append(words: list[Word], axes: list[SweepAxis], parameter: _Parameter, form: _Form) -> None:
    """Appends the word of a parameter, and an axis if it has several values."""
    choices: list[_Words] = []
    for text, flag, span in parameter.values:
        choices.append(tuple(Word(word, span, 0) for word in form(parameter.name, text, flag)))
    if parameter.nested:
        words.append(Word(UNKNOWN, parameter.span, 0, FROM_SWEEP))
    elif not choices:
        texts = form(parameter.name, UNKNOWN, None)
        words += [Word(text, parameter.span, 0, FROM_SWEEP) for text in texts]
    elif len(choices) == 1:
        words += choices[0]
    else:
        axes.append(
            SweepAxis(len(words), parameter.name, tuple(choices), tuple(text for text, _, _ in parameter.values))
        )
        words.append(next((choice[0] for choice in choices if choice), Word("", parameter.span, 0)))


def _parameter(entry: Entry) -> _Parameter:
    span = entry.key.span
    name = str(entry.key.value)
    if not isinstance(entry.value, Mapping):
        return _Parameter(name, (), span)
    fields = {str(item.key.value): item.value for item in entry.value.entries}
    if "parameters" in fields:
        return _Parameter(name, (), span, nested=True)
    listed = fields.get("values")
    nodes: Sequence[Node] = (
        listed.items if isinstance(listed, Listing) else [fields["value"]] if "value" in fields else ()
    )
    values = tuple(_value(node) for node in nodes)
    if not values and _text(fields.get("distribution")) in ("", "int_uniform"):
        values = tuple(_integers(fields.get("min"), fields.get("max"), span))
    return _Parameter(name, values, span)


def _value(node: Node) -> tuple[str, bool | None, Span]:
    """Returns a value as Python writes it, whether it is a boolean, and its place."""
    if isinstance(node, Scalar):
        if node.plain and str(node.value).lower() in ("true", "yes", "on", "false", "no", "off"):
            flag = str(node.value).lower() in ("true", "yes", "on")
            return str(flag), flag, node.span
        text = node.span.text if node.plain and "\n" not in node.span.text else str(node.value)
        return ("None" if node.value is None else text), None, node.span
    if isinstance(node, Listing) and all(isinstance(item, Scalar) for item in node.items):
        return str([item.value for item in node.items if isinstance(item, Scalar)]), None, node.span
    return UNKNOWN, None, node.span


def _integers(low: Node | None, high: Node | None, span: Span) -> Iterator[tuple[str, bool | None, Span]]:
    first, last = (node.value if isinstance(node, Scalar) else None for node in (low, high))
    if type(first) is int and type(last) is int and 0 <= last - first < _MAX_INTEGERS:
        yield from ((str(value), None, span) for value in range(first, last + 1))


def _text(node: Node | None) -> str:
    return str(node.value) if isinstance(node, Scalar) else ""


def _entry(node: Mapping, name: str) -> Entry | None:
    return next((entry for entry in node.entries if str(entry.key.value) == name), None)
