"""Keeps the places of characters of a text that stands escaped in a file: in a JSON string, in quotes of a shell."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

from dreamerguard.core.source import Source, Span
from dreamerguard.sources.argv import Command, Word
from dreamerguard.util.fast_dataclass import dataclass

_IN_QUOTES = re.compile(r"\\([\"\\$`])")
_IN_DOCUMENT = re.compile(r"\\([\\$`])")
#: What types a line end into a terminal: ``screen -X stuff 'command\n'``.
_TYPED_ENDS = re.compile(r"(?:\\[nr]|\\015|\^M|\s)+$")


@dataclass(frozen=True, slots=True)
class MappedText:
    """A text, and for each of its characters and its end the place in the file."""

    text: str
    places: tuple[int, ...]

    def source(self, whole: Source) -> Source:
        """Returns the text as a source with the name of its file."""
        return Source(whole.name, self.text)

    def placed(self, commands: Iterable[Command], whole: Source) -> list[Command]:
        """Returns commands that were read from the text with their positions in the file; other files' as they are."""
        return [self._command(item, whole) if item.source.name == whole.name else item for item in commands]

    def _command(self, command: Command, whole: Source) -> Command:
        words = tuple(self._word(word, whole) for word in command.words)
        broken = self._span(command.broken, whole) if command.broken is not None else None
        axes = tuple(
            replace(axis, choices=tuple(tuple(self._word(word, whole) for word in choice) for choice in axis.choices))
            for axis in command.axes
        )
        return replace(command, source=whole, words=words, broken=broken, axes=axes)

    def _word(self, word: Word, whole: Source) -> Word:
        return replace(word, span=self._span(word.span, whole))

    def _span(self, span: Span, whole: Source) -> Span:
        return whole.span(self.places[span.start], self.places[span.end])


def without_escapes(source: Source, start: int, end: int, *, document: bool = False) -> MappedText:
    """Returns a range of shell text as the shell passes it on: without backslashes before ``"`` and ``$``.

    Args:
      source: the file.
      start, end: the range between double quotes.
      document: whether the range is a here-document.
    """
    pieces: list[str] = []
    places: list[int] = []
    at = start
    for match in (_IN_DOCUMENT if document else _IN_QUOTES).finditer(source.text, start, end):
        pieces += [source.text[at : match.start()], match[1]]
        places += [*range(at, match.start()), match.start() + 1]
        at = match.end()
    pieces.append(source.text[at:end])
    places += range(at, end + 1)
    return MappedText("".join(pieces), tuple(places))


def dedented(source: Source, start: int, end: int, mark: str) -> MappedText:
    """Returns a range without a mark at the beginning of each line: the tabs of ``<<-``, or nothing."""
    places = [at for match in re.finditer(r"[^\n]*\n?", source.text[start:end]) for at in _unmarked(match, start, mark)]
    return MappedText("".join(source.text[at] for at in places), (*places, end))


def _unmarked(line: re.Match[str], start: int, mark: str) -> range:
    text = line[0]
    skipped = len(text) - len(text.lstrip(mark)) if mark else 0
    return range(start + line.start() + skipped, start + line.end())


def typed(source: Source, start: int, end: int) -> int:
    """Returns the end of a range without the line end that its text types into a terminal."""
    match = _TYPED_ENDS.search(source.text, max(start, end - 20), end)
    return match.start() if match is not None and match.end() == end else end
