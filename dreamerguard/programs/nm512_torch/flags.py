"""Reads the command line of dreamerv3-torch: argparse with abbreviations, in two passes.

The first pass takes ``--configs NAME ...``, the second has one option for each top-level key, typed by the merged
presets. Any unambiguous prefix of an option is accepted (NM512/dreamerv3-torch at 6ef8646, ``dreamer.py:340``).
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Iterator

from dreamerguard.core.finding import Problem
from dreamerguard.core.source import Label, Span, Value
from dreamerguard.programs.shared.preset_values import Converted
from dreamerguard.programs.shared.python_call import is_open
from dreamerguard.sources.argv import Word
from dreamerguard.util.fast_dataclass import dataclass
from dreamerguard.util.text import shortened

_NEGATIVE = re.compile(r"-\d+|-\d*\.\d+")


@dataclass(frozen=True, slots=True)
class Argument:
    """An option and its value as typed; ``name`` has no dashes."""

    name: str
    value: str | None
    span: Span
    name_span: Span
    value_span: Span | None


@dataclass(frozen=True, slots=True)
class TorchArguments:
    """A whole command line, after the first pass."""

    presets: tuple[Word, ...]
    arguments: tuple[Argument, ...]
    problems: tuple[Problem, ...]
    configs: Span | None
    open_presets: bool


def read_torch_arguments(words: tuple[Word, ...]) -> TorchArguments:
    """Groups the arguments as both passes of the program do."""
    presets: list[Word] = []
    rest: list[Argument] = []
    problems: list[Problem] = []
    configs: Span | None = None
    queue = list(words)
    while queue:
        word = queue.pop(0)
        if not _is_option(word.text):
            if not is_open(word.text):
                problems.append(_stray(word))
            continue
        name, given, value = word.text[2:].partition("=")
        if name and "configs".startswith(name):
            found = list(_taken(queue)) if not given else [Word(value, word.part(len(name) + 3) or word.span, 0)]
            whole = word.span.through(found[-1].span) if found else word.span
            if configs is not None and not {word.text for word in presets} <= {word.text for word in found}:
                problems.append(_dropped(configs, whole, presets, found))
            presets, configs = found, whole
            problems += [_abbreviated(name, "configs", _name_span(word, name))] if name != "configs" else []
        else:
            rest.append(_argument(word, name, value if given else None, queue))
    known = tuple(word for word in presets if not is_open(word.text))
    return TorchArguments(known, tuple(rest), tuple(problems), configs, len(known) < len(presets))


def _is_option(text: str) -> bool:
    return text.startswith("-") and len(text) > 1 and not _NEGATIVE.fullmatch(text)


def _taken(queue: list[Word]) -> Iterator[Word]:
    while queue and not _is_option(queue[0].text):
        yield queue.pop(0)


def _name_span(word: Word, name: str) -> Span:
    start = word.span.start + 2
    return word.span.source.span(start, start + len(name))


def _argument(word: Word, name: str, value: str | None, queue: list[Word]) -> Argument:
    place = _name_span(word, name)
    if value is not None:
        return Argument(name, value, word.span, place, word.part(len(name) + 3))
    if not queue or _is_option(queue[0].text):
        return Argument(name, None, word.span, place, None)
    taken = queue.pop(0)
    return Argument(name, taken.text, word.span.through(taken.span), place, taken.part(0))


def _stray(word: Word) -> Problem:
    text = f"{word.text!r} does not belong to an option; the program stops"
    return Problem("malformed-override", text, Label(word.span), help="options are written --key value")


def _dropped(first: Span, last: Span, names: list[Word], later: list[Word]) -> Problem:
    return Problem(
        "dropped-presets",
        f"--configs is given twice: the program only applies {' '.join(word.text for word in later)}",
        Label(first, "ignored"),
        key="configs",
        secondary=(Label(last, "replaces the first --configs"),),
        help=f"write --configs {' '.join(word.text for word in [*names, *later])}",
    )


def _abbreviated(name: str, meant: str, span: Span) -> Problem:
    return Problem("abbreviated-flag", f"the program reads --{name} as --{meant}", Label(span), meant, place=span)


def find_option(argument: Argument, options: Iterable[str]) -> tuple[str | None, Problem | None]:
    """Returns the key of an option, and a problem if the option is abbreviated or ambiguous."""
    names = list(options)
    if argument.name in names:
        return argument.name, None
    matches = [name for name in names if name.startswith(argument.name)] if argument.name else []
    if len(matches) == 1:
        return matches[0], _abbreviated(argument.name, matches[0], argument.name_span)
    if matches:
        text = f"--{argument.name} is ambiguous ({', '.join(sorted(matches)[:4])}); the program stops"
        return None, Problem("malformed-override", text, Label(argument.span), argument.name)
    return None, None


def convert_argument(old: Value, text: str, sections: Container[str], key: str) -> Converted:
    """Converts the argument of an option with the merged value ``old``."""
    if key in sections:
        return Converted(old, "refused", "it is a group of settings, not a value")
    if old is None:
        return Converted(text)
    if isinstance(old, bool):
        good = text in ("True", "False")
        return (
            Converted(text == "True")
            if good
            else Converted(old, "refused", f"{shortened(text)!r} is not True or False")
        )
    if isinstance(old, int | float):
        return _number(old, text)
    if isinstance(old, tuple):
        items = [convert_argument(old[0] if old else "", part, (), key) for part in text.split(",")]
        bad = next((item for item in items if item.outcome == "refused"), None)
        return bad or Converted(tuple(item.value for item in items if not isinstance(item.value, tuple)))
    return Converted(text)


def _number(old: float, text: str) -> Converted:
    try:
        whole = isinstance(old, int) and "e" not in text and "." not in text
        return Converted(int(text) if whole else float(text))
    except ValueError:
        kind = "a whole number" if isinstance(old, int) else "a number"
        return Converted(old, "refused", f"{shortened(text)!r} is not {kind}")
