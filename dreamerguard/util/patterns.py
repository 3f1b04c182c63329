"""Matches untrusted regular expressions in bounded time.

``re`` tries one path through a pattern after the other, and ``(.?){30}!`` has a thousand million paths. Patterns with
paths that can multiply are followed here along all paths at once. The positions at which a part of the pattern can end
are the bits of one number, so a part costs a few operations on numbers for any number of paths.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterable
from typing import Any

#: Number of repeats that are fast for any key: a few dozen characters to the third power. Repeated groups are not.
_PLAIN_REPEATS = 3
_GROUP_REPEAT = re.compile(r"\)[*+{?]")
_STEPS = 100_000
_CATEGORIES = {
    "CATEGORY_DIGIT": r"\d",
    "CATEGORY_NOT_DIGIT": r"\D",
    "CATEGORY_SPACE": r"\s",
    "CATEGORY_NOT_SPACE": r"\S",
    "CATEGORY_WORD": r"\w",
    "CATEGORY_NOT_WORD": r"\W",
}


class PatternError(ValueError):
    """An invalid regular expression, or one that cannot be matched in bounded time."""


class Pattern:
    """A regular expression in the syntax of ``re``.

    Raises:
      PatternError: ``re`` refuses the pattern, or it has many repeats together with look-around or back references.
    """

    def __init__(self, text: str, flags: re.RegexFlag = re.NOFLAG) -> None:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # a future meaning of ``[[`` in ``re`` does not concern the user
                self._compiled = re.compile(text, flags)
                self._tree = None if _is_simple(text) else _parse(text, flags)
        except (re.error, OverflowError) as error:
            raise PatternError(str(error)) from None
        except RecursionError:
            raise PatternError("it is nested too deeply") from None

    def match(self, text: str) -> bool:
        """Returns whether the beginning of the text matches the pattern."""
        return self._compiled.match(text) is not None if self._tree is None else self._ends(text) != 0

    def matching(self, texts: Iterable[str]) -> list[str]:
        """Returns the texts that begin with a match of the pattern."""
        match = self._compiled.match if self._tree is None else self._ends
        return [text for text in texts if match(text)]

    def fullmatch(self, text: str) -> bool:
        """Returns whether the whole text matches the pattern."""
        if self._tree is None:
            return self._compiled.fullmatch(text) is not None
        return bool(self._ends(text) >> len(text) & 1)

    def _ends(self, text: str) -> int:
        return _Walk(text, bool(self._compiled.flags & re.DOTALL)).sequence(self._tree, 1)


def _is_simple(text: str) -> bool:
    return not _GROUP_REPEAT.search(text) and sum(text.count(sign) for sign in "*+?{") <= _PLAIN_REPEATS


def _parse(text: str, flags: re.RegexFlag) -> Any:
    from re import _parser  # type: ignore[attr-defined]  # not public, but the only parser that reads exactly as re does

    tree = _parser.parse(text, int(flags))
    if tree.state.flags & ~int(re.UNICODE | re.DOTALL):
        raise PatternError("it has many repeats, and its flags change its meaning")
    return tree


class _Walk:
    """Follows a pattern through one text; bit ``n`` of a number stands for the position before character ``n``."""

    def __init__(self, text: str, dotall: bool) -> None:
        self.text, self.dotall, self.steps = text, dotall, 0
        self.everywhere = (1 << len(text) + 1) - 1
        self.characters: dict[Any, int] = {}

    def sequence(self, parts: Any, starts: int) -> int:
        """Returns the positions at which a sequence of parts can end."""
        for name, argument in parts:
            self.steps += 1
            if self.steps > _STEPS:
                raise PatternError("it nests too many repeats to be matched in bounded time")
            starts = self._part(str(name), argument, starts)
            if not starts:
                break
        return starts

    def _part(self, name: str, argument: Any, starts: int) -> int:
        if name in ("LITERAL", "NOT_LITERAL", "ANY", "IN"):
            return (starts & self._where(name, argument)) << 1
        if name == "SUBPATTERN" and not argument[1] and not argument[2]:
            return self.sequence(argument[3], starts)
        if name == "BRANCH":
            ends = 0
            for branch in argument[1]:
                ends |= self.sequence(branch, starts)
            return ends
        if name in ("MAX_REPEAT", "MIN_REPEAT"):
            low, high, body = argument
            return self._repeat(int(low), int(high), body, starts)
        if name == "AT" and str(argument) in ("AT_BEGINNING", "AT_BEGINNING_STRING"):
            return starts & 1
        if name == "AT" and str(argument) in ("AT_END", "AT_END_STRING"):
            return starts & self._end(str(argument))
        raise PatternError("it has many repeats, and look-around or back references")

    def _end(self, name: str) -> int:
        end = 1 << len(self.text)
        return end | end >> 1 if name == "AT_END" and self.text.endswith("\n") else end

    def _repeat(self, low: int, high: int, body: Any, starts: int) -> int:
        for _ in range(low):
            ends = self.sequence(body, starts)
            if ends == starts:  # and so for all further repeats
                break
            starts = ends
        reached, new, more = starts, starts, high - low
        while new and more:
            new = self.sequence(body, new) & ~reached
            reached |= new
            more -= 1
        return reached

    def _where(self, name: str, argument: Any) -> int:
        key = (name, str(argument))
        if key not in self.characters:
            bits = (1 << place for place, char in enumerate(self.text) if self._fits(name, argument, char))
            self.characters[key] = sum(bits)
        return self.characters[key]

    def _fits(self, name: str, argument: Any, char: str) -> bool:
        if name == "ANY":
            return self.dotall or char != "\n"
        if name == "IN":
            negated = str(argument[0][0]) == "NEGATE"
            return any(self._fits(str(kind), value, char) for kind, value in argument[negated:]) != negated
        if name == "RANGE":
            return bool(argument[0] <= ord(char) <= argument[1])
        if name == "CATEGORY":
            return re.match(_CATEGORIES[str(argument)], char) is not None
        return bool(ord(char) == argument) == (name == "LITERAL")
