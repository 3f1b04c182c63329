"""Reads the words of a command into a source text with columns.

A program receives split words without their quotes. This module quotes and joins them again as a shell would read them,
so that a caret points into a line that the user recognises and can copy. Nothing is expanded or evaluated.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from dreamerguard.core.source import Source, Span
from dreamerguard.util.fast_dataclass import dataclass

_OPTION = re.compile(r"--(?P<key>[^\s=-][^\s=]*)(?P<rest>=.*)?", re.DOTALL)
_ASSIGNMENT = re.compile(r"(?P<key>[^\s=/-][^\s=/]*)=(?P<value>.*)", re.DOTALL)
_NEGATIVE = re.compile(r"-[.0-9]")
#: Shell text that may become several words.
_SEVERAL = re.compile(r"\$\{?(?:[@*]|\w+\[[@*]\])")
#: Why a word is unknown, if nothing else is said.
FROM_SHELL = "is only known when the shell runs"
FROM_SWEEP = "is chosen while the sweep runs"
#: Replaces text that is unknown before the shell runs the command: a variable, ``$(command)``, a glob.
UNKNOWN = "\ufffc"


@dataclass(frozen=True, slots=True)
class Word:
    """One shell word: its text as the program sees it, and its position in the joined line."""

    text: str
    span: Span
    index: int
    #: Why a part of the text is unknown.
    reason: str = FROM_SHELL

    @property
    def known(self) -> bool:
        """Whether the whole text is known before the shell runs the command."""
        return UNKNOWN not in self.text

    def part(self, start: int, end: int | None = None) -> Span | None:
        """Returns the position of some characters of the word; None if quoting moved them."""
        end = len(self.text) if end is None else end
        if self.span.text == self.text:
            return self.span.source.span(self.span.start + start, self.span.start + end)
        if self.span.text in (f"'{self.text}'", f'"{self.text}"'):
            return self.span.source.span(self.span.start + 1 + start, self.span.start + 1 + end)
        return None


@dataclass(frozen=True, slots=True)
class SweepAxis:
    """A word of a command that takes several values, one in each run of a sweep.

    Attributes:
      index: index of the word.
      name: the key that it sets, for people.
      choices: the words that replace it, for each value; no word if the value leaves it out.
      labels: the values, for people.
    """

    index: int
    name: str
    choices: tuple[tuple[Word, ...], ...]
    labels: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Command:
    """A command line, typed or found in a file. Words from a file have their positions in that file.

    Attributes:
      source: its text.
      words: its words; where it is a sweep, those of one run, or the sweep as written.
      broken: a backslash that does not continue the line, because a blank follows it.
      axes: the words that a sweep varies; the command starts one run for each combination.
    """

    source: Source
    words: tuple[Word, ...]
    broken: Span | None = None
    axes: tuple[SweepAxis, ...] = ()

    @property
    def span(self) -> Span:
        """The position from the first word to the last."""
        own = [word.span for word in self.words if word.span.source.name == self.source.name]
        if not own:
            return self.source.span(0)
        return self.source.span(own[0].start, max(span.end for span in own if span.start >= own[0].start))

    @property
    def open(self) -> bool:
        """Whether the shell may add unknown flags: ``$OPTIONS``, ``"$@"``."""
        return bool(unknown_flags(self.words))

    @property
    def unread(self) -> tuple[str, ...]:
        """Says which words are unknown and what each may be, one sentence for each, without duplicates."""
        flags = unknown_flags(self.words)
        told = [
            f"{word.span.text} {word.reason}, "
            + ("and may be any flag" if word in flags else "so this value is unknown")
            for word in self.words
            if not word.known
        ]
        return tuple(dict.fromkeys(told))

    @property
    def unlisted(self) -> tuple[str, ...]:
        """Returns the keys of a sweep with values that cannot be listed."""
        words = [word for word in self.words if not word.known and word.reason == FROM_SWEEP]
        names = (word.text.partition("=")[0].lstrip("-+") for word in words)
        found = (word.span.text if name == UNKNOWN else name for word, name in zip(words, names, strict=True))
        return tuple(dict.fromkeys(name for name in found if name))

    def behind(self, index: int) -> Command:
        """Returns the command without its first ``index`` words."""
        return Command(self.source, self.words[index:], self.broken)

    def pick(self, values: Sequence[int]) -> Command:
        """Returns one run of a sweep: the command in which each axis has the value of the given index."""
        words: list[tuple[Word, ...]] = [(word,) for word in self.words]
        for axis, value in zip(self.axes, values, strict=True):
            words[axis.index] = axis.choices[value]
        placed = (replace(word, index=index) for index, word in enumerate(word for part in words for word in part))
        return Command(self.source, tuple(placed), self.broken)


def unknown_flags(words: Sequence[Word]) -> tuple[Word, ...]:
    """Returns the unknown words that may be flags: all that stand alone, except one value behind ``--key``.

    ``"$@"`` and ``"${OPTIONS[@]}"`` may be several words, so they may be flags behind ``--key`` too; not where the
    ``--key`` itself is from there, because then it is known which item is the value.
    """
    found: list[Word] = []
    for index, word in enumerate(words):
        before = words[index - 1].text if index else ""
        value = before.startswith("--") and len(before) > 2 and "=" not in before
        several = _SEVERAL.search(word.span.text) and words[index - 1].span != word.span
        if word.text == UNKNOWN and (not value or several):
            found.append(word)
    return tuple(found)


@dataclass(frozen=True, slots=True)
class Override:
    """A command-line override: ``key=value``, ``--key=value`` or ``--key value``.

    Attributes:
      key: dotted key as written, without leading dashes.
      value: text of the value; None if no value follows ``--key``.
      span: position of the one or two words.
      value_span: position of the value's characters; None if quoting moved them or there is no value.
    """

    key: str
    value: str | None
    span: Span
    value_span: Span | None


@dataclass(frozen=True, slots=True)
class Option:
    """An option of the program that does not set a key."""

    name: str
    value: str | None
    span: Span


#: A bare word, an override, or an option of the program.
Argument = Word | Override | Option


def read_command(words: Sequence[str]) -> Command:
    """Joins words to a command line and keeps the position of each word."""
    quoted = [shlex.quote(word) for word in words]
    source = Source("command line", " ".join(quoted), "command line")
    placed: list[Word] = []
    start = 0
    for index, (word, shown) in enumerate(zip(words, quoted, strict=True)):
        placed.append(Word(word, source.span(start, start + len(shown)), index))
        start += len(shown) + 1
    return Command(source, tuple(placed))


def read_arguments(words: Sequence[Word], options: Mapping[str, bool]) -> Iterator[Argument]:
    """Groups words into overrides, options and bare words.

    Args:
      words: the words after the program's name and command.
      options: the program's options, with dashes -> whether the option takes a value.
    """
    queue = list(words)
    while queue:
        word = queue.pop(0)
        name, given, _ = word.text.partition("=")
        if name in options:
            follows = options[name] and not given and bool(queue)
            yield _option(name, word, queue.pop(0) if follows else None)
        elif match := _OPTION.fullmatch(word.text):
            follows = match["rest"] is None and bool(queue) and not _looks_like_option(queue[0].text)
            yield _override(word, match, queue.pop(0) if follows else None)
        elif match := _ASSIGNMENT.fullmatch(word.text):
            span = word.part(match.start("value"))
            yield Override(match["key"], match["value"], word.span, span)
        else:
            yield word


def _option(name: str, word: Word, value: Word | None) -> Option:
    if value is not None:
        return Option(name, value.text, word.span.through(value.span))
    _, given, text = word.text.partition("=")
    return Option(name, text if given else None, word.span)


def _override(word: Word, match: re.Match[str], value: Word | None) -> Override:
    if value is not None:
        return Override(match["key"], value.text, word.span.through(value.span), value.part(0))
    rest = match["rest"]
    if rest is None:
        return Override(match["key"], None, word.span, None)
    return Override(match["key"], rest[1:], word.span, word.part(match.start("rest") + 1))


def _looks_like_option(text: str) -> bool:
    return text.startswith("-") and not _NEGATIVE.match(text) and text != "-"
