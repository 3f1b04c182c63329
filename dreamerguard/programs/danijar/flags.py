"""Reads the command line of danijar/dreamerv3 as ``elements.Flags`` does: ``--configs NAME``, ``--key VALUE``."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace

from dreamerguard.core.finding import Problem, Severity
from dreamerguard.core.source import Label, Span
from dreamerguard.programs.shared.python_call import is_open
from dreamerguard.sources.argv import UNKNOWN, Word, unknown_flags
from dreamerguard.util.fast_dataclass import dataclass


@dataclass(frozen=True, slots=True)
class Flag:
    """One flag and its values.

    Attributes:
      name: key or pattern, without dashes.
      values: arguments after it, or the text after ``=``.
      spans: place of each value; None if quoting moved its characters.
      head: place of the argument with the flag's name.
      end: position after the last value.
    """

    name: str
    values: tuple[str, ...]
    spans: tuple[Span | None, ...]
    head: Span
    end: int

    @property
    def span(self) -> Span:
        """Place of the flag and its values."""
        return replace(self.head, end=max(self.end, self.head.end))

    @property
    def open(self) -> bool:
        """Whether any value is a placeholder that the shell fills in."""
        return any(is_open(value) for value in self.values)


@dataclass(frozen=True, slots=True)
class Flags:
    """A whole command line.

    Attributes:
      presets: in order, those whose names are known.
      flags: the other flags.
      problems: such as arguments without a flag.
      open_words: whether words that are not known may name presets.
      configs: the flag that names the presets.
      open_names: names of presets that the shell fills in.
    """

    presets: tuple[Word, ...]
    flags: tuple[Flag, ...]
    problems: tuple[Problem, ...]
    open_words: bool
    configs: Flag | None
    open_names: tuple[str, ...] = ()

    @property
    def open_presets(self) -> bool:
        """Whether the command may apply presets that are not known."""
        return self.open_words or bool(self.open_names)


#: A command line without arguments, for files that are resolved without a command.
NO_FLAGS = Flags((), (), (), False, None)


def read_flags(words: tuple[Word, ...]) -> Flags:
    """Sorts the arguments as the program does in its two passes."""
    added = {word.index for word in unknown_flags(words)}
    flags, problems = list(_flags(words, added)), list(_stray(words))
    named = [flag for flag in flags if flag.name in ("configs", "configs+") and flag.values]
    presets, dropped = _presets(named)
    problems += dropped
    rest = tuple(flag for flag in flags if flag.name not in ("configs", "configs+"))
    problems += _doubled(rest)
    return Flags(
        tuple(word for word in presets if not is_open(word.text)),
        tuple(flag for flag in rest if flag.name != "help"),
        tuple(problems),
        any(is_open(word.text) for word in _loose(words)) or (bool(added) and not named),
        named[-1] if named else None,
        tuple(word.text for word in presets if is_open(word.text)),
    )


def _presets(named: list[Flag]) -> tuple[list[Word], list[Problem]]:
    """Presets in the order of application: ``--configs`` replaces the earlier ones and ``--configs+`` appends."""
    presets: list[Word] = []
    problems: list[Problem] = []
    for index, flag in enumerate(named):
        words = list(_preset_words(flag))
        if flag.name == "configs":
            kept = {word.text for word in words}
            lost = any(word.text not in kept for word in presets)
            problems += [_dropped(first, flag, words) for first in named[:index]] if lost else []
            presets = []
        presets += words
    return presets, problems


def _flags(words: tuple[Word, ...], added: set[int]) -> Iterator[Flag]:
    """Yields the flags. Words that may be flags themselves are values of ``--configs`` only."""
    current: Flag | None = None
    for word in words:
        if word.text.startswith("--"):
            if current is not None:
                yield current
            name, given, value = word.text.partition("=")
            start = len(name) + 1
            values = (value,) if given else ()
            spans = (word.part(start),) if given else ()
            current = Flag(_pattern(name[2:], word.span.text), values, spans, word.span, word.span.end)
        elif current is not None and (word.index not in added or current.name.startswith("configs")):
            current = replace(
                current,
                values=(*current.values, word.text),
                spans=(*current.spans, word.part(0)),
                end=max(current.end, current.span.through(word.span).end),
            )
    if current is not None:
        yield current


def _pattern(name: str, written: str) -> str:
    """Returns the name of a flag with its stars: no file is named ``--.*units``, so the shell leaves them as is."""
    stars = UNKNOWN in name and name.count(UNKNOWN) == written.count("*") and not re.search(r"[$`?\[]", written)
    return name.replace(UNKNOWN, "*") if stars else name


def _loose(words: tuple[Word, ...]) -> Iterator[Word]:
    """Yields the arguments before the first flag."""
    for word in words:
        if word.text.startswith("--"):
            return
        yield word


def _stray(words: tuple[Word, ...]) -> Iterator[Problem]:
    for word in _loose(words):
        if not is_open(word.text):
            text = f"{word.text!r} does not belong to a flag; the program stops"
            yield Problem("malformed-override", text, Label(word.span), help="flags are written --key value")


def _doubled(flags: Iterable[Flag]) -> Iterator[Problem]:
    """Yields the problem of a value that begins with the name of its flag: ``--logdir logdir=logs``."""
    for flag in flags:
        leaf = flag.name.rpartition(".")[2]
        if flag.values and flag.values[0].startswith(f"{leaf}=") and not flag.head.text.startswith(f"--{flag.name}="):
            text = f"'{leaf}=' is a part of the value of --{flag.name}"
            help = f"write --{flag.name} VALUE"
            yield Problem("malformed-override", text, Label(flag.span), flag.name, help=help, severity=Severity.WARNING)


def _preset_words(flag: Flag) -> Iterator[Word]:
    values = list(zip(flag.values, flag.spans, strict=True))
    if len(values) == 1 and "," in values[0][0]:
        text, span = values[0]
        offset = 0
        for part in text.split(","):
            place = span.source.span(span.start + offset, span.start + offset + len(part)) if span else flag.span
            yield Word(part, place, 0)
            offset += len(part) + 1
        return
    for value, place_of in values:
        yield Word(value, place_of or flag.span, 0)


def _dropped(flag: Flag, last: Flag, kept: list[Word]) -> Problem:
    return Problem(
        "dropped-presets",
        f"--configs is given more than once: the program only applies {' '.join(word.text for word in kept)}",
        Label(flag.span, "ignored"),
        key="configs",
        secondary=(Label(last.span, "replaces the first --configs"),),
        help=f"write --configs {' '.join([*flag.values, *last.values])}",
    )
