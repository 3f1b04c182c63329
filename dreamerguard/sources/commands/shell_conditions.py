"""Decides the conditions of a shell script where its values are known, and says what an open condition means."""

from __future__ import annotations

import re
from fnmatch import fnmatchcase

from dreamerguard.sources.argv import UNKNOWN

from .shell_statements import Simple
from .shell_tokens import Token
from .shell_values import ConditionOutcome
from .shell_variables import Variables

_NUMBERS = {"-eq": 0, "-ne": 0, "-lt": -1, "-le": -1, "-gt": 1, "-ge": 1}
_WHOLE = re.compile(r"-?\d{1,15}")
_PATTERN = re.compile(r"[\w.*?+:/@%=-]*", re.ASCII)


_OPEN = ConditionOutcome()


def condition(simple: Simple, state: Variables) -> ConditionOutcome | None:
    """Returns the outcome of ``[ ... ]``, ``[[ ... ]]``, ``test``, ``true`` and ``false``; None for other commands."""
    words = simple.words
    first = words[0].plain if words else None
    if first in ("true", ":"):
        return ConditionOutcome(True)
    if first == "false":
        return ConditionOutcome(False)
    if first == "test":
        return _test(words[1:], False, state)
    if first in ("[", "[[") and words[-1].plain == {"[": "]", "[[": "]]"}[first]:
        return _test(words[1:-1], first == "[[", state)
    return _OPEN if first in ("[", "[[") else None


def _test(words: list[Token], double: bool, state: Variables) -> ConditionOutcome:
    if words and words[0].plain == "!" and not words[0].pieces[0].quoted:
        found = _test(words[1:], double, state)
        if found.name:
            return _OPEN
        flipped = None if found.status is None else not found.status
        return ConditionOutcome(flipped, asked=None if found.asked is None else not found.asked, filled=found.filled)
    if any(word.kind != "word" for word in words):
        return _OPEN
    if len(words) == 1:
        return _filled(words[0], True, state)
    if len(words) == 2 and words[0].plain in ("-n", "-z"):
        return _filled(words[1], words[0].plain == "-n", state)
    if len(words) == 3:
        return _compared(words, double, state)
    return _OPEN


def _filled(word: Token, wanted: bool, state: Variables) -> ConditionOutcome:
    """``-n word`` if ``wanted``, otherwise ``-z word``."""
    text = state.text(word)
    if text.replace(UNKNOWN, ""):
        return ConditionOutcome(wanted) if not is_replaceable(word, state) else _OPEN
    if UNKNOWN in text:
        return ConditionOutcome(asked=wanted) if _given_by_caller(word, state) else _OPEN
    if not is_replaceable(word, state):
        return ConditionOutcome(not wanted)
    return ConditionOutcome(asked=wanted, filled=_single(word))


def _compared(words: list[Token], double: bool, state: Variables) -> ConditionOutcome:
    sign = words[1].plain or ""
    left, right = _number_of_arguments(words[0], state) or state.text(words[0]), state.text(words[2])
    if sign in _NUMBERS:
        if words[0].pieces and _counts_arguments(words[0], state):
            return ConditionOutcome(asked=sign in ("-gt", "-ge", "-ne") if right.isdigit() else None)
        if not (_WHOLE.fullmatch(left) and _WHOLE.fullmatch(right)) or is_replaceable(words[0], state):
            return _OPEN
        return ConditionOutcome(_ordered(int(left), sign, int(right)))
    if sign not in ("=", "==", "!="):
        return _OPEN
    equal = sign != "!="
    raw = state.source.text[words[2].start : words[2].end] if double else ""
    pattern = bool(double and set(raw) & set("*?[") and not set(raw) & set("\"'$"))
    return _equal(words[0], left, raw if pattern else right, equal, pattern, state)


def _equal(word: Token, left: str, right: str, equal: bool, pattern: bool, state: Variables) -> ConditionOutcome:
    if UNKNOWN in right:
        return _OPEN
    if UNKNOWN not in left and not is_replaceable(word, state):
        same = fits(left, right) if pattern else left == right
        return _OPEN if same is None else ConditionOutcome(same == equal)
    name = _single(word)
    if pattern or not name or not equal:
        return _OPEN
    return ConditionOutcome(name=name, value=right)


def _ordered(left: int, sign: str, right: int) -> bool:
    if sign in ("-eq", "-ne"):
        return (left == right) == (sign == "-eq")
    smaller, same = left < right, left == right
    return {"-lt": smaller, "-le": smaller or same, "-gt": not (smaller or same), "-ge": not smaller}[sign]


def fits(text: str, pattern: str) -> bool | None:
    """Returns whether a shell pattern fits a text; None if the pattern is not plain enough to say."""
    if not _PATTERN.fullmatch(pattern) or pattern.count("*") > 3:
        return None
    return fnmatchcase(text, pattern)


def _single(word: Token) -> str:
    """The name of the variable if a word is nothing else."""
    pieces = [piece for piece in word.pieces if piece.text or piece.kind != "text"]
    return pieces[0].text if len(pieces) == 1 and pieces[0].kind == "variable" else ""


def subject_name(word: Token) -> str:
    """Returns the variable that ``case`` asks about; empty if it is no plain variable."""
    return _single(word)


def is_replaceable(word: Token, state: Variables) -> bool:
    """Returns whether the caller of the script can give a word another value than its default."""
    return any(
        piece.kind == "default" or (piece.kind == "variable" and piece.text in state.defaults) for piece in word.pieces
    )


def _given_by_caller(word: Token, state: Variables) -> bool:
    """Whether a word is unknown because only the caller of the script knows it."""
    for piece in word.pieces:
        name = re.split(r"[:+-]", piece.text)[0] if piece.kind in ("default", "parameter", "unknown") else piece.text
        if piece.kind == "variable" and name.isdigit():
            return state.arguments is None
        if piece.kind in ("variable", "default", "parameter") and name not in state.values:
            return True
    return any(piece.kind == "arguments" for piece in word.pieces) and state.arguments is None


def _counts_arguments(word: Token, state: Variables) -> bool:
    return state.arguments is None and _is_count(word, state)


def _is_count(word: Token, state: Variables) -> bool:
    return state.source.text[word.start : word.end].strip('"') in ("$#", "${#}")


def _number_of_arguments(word: Token, state: Variables) -> str:
    """Returns the value of ``$#``; empty for other words, and if an argument may stand for several."""
    known = state.arguments
    if known is None or not _is_count(word, state) or any(UNKNOWN in argument for argument in known):
        return ""
    return str(len(known))
