"""The presets that a script applies if its command names none: ``Flags(configs=["defaults", "mine"])``."""

from __future__ import annotations

import re
from pathlib import Path

from dreamerguard.core.source import Span
from dreamerguard.sources.argv import Word
from dreamerguard.util.check_cache import cached_per_check
from dreamerguard.util.paths import is_file
from dreamerguard.util.regular_files import read_regular

_LIST = r"\[([^\[\]]{0,400})\]"
_FLAGS = re.compile(r"\bFlags\(\s*configs\s*=\s*" + _LIST)
_OPTION = re.compile(r"\badd_argument\(\s*[\"']--configs[\"'][^()]{0,400}\bdefault\s*=\s*" + _LIST)
_NAMES = re.compile(r"\s*(?:[\"'][\w-]+[\"']\s*,?\s*)+")
_NAME = re.compile(r"[\"']([\w-]+)[\"']")
_COMMENT = re.compile(r"^[ \t]*#.*$", re.MULTILINE)
_MOST_BYTES = 1 << 18


def default_presets(script: Path, place: Span) -> tuple[Word, ...]:
    """Returns the presets of a command that names none, beside the block of defaults.

    Args:
      script: the script of the command.
      place: place of the command, to which they belong.
    """
    return tuple(Word(name, place, 0) for name in _declared(script) if name != "defaults")


@cached_per_check
def _declared(script: Path) -> tuple[str, ...]:
    try:
        text = read_regular(script, _MOST_BYTES).decode("utf-8", "replace") if is_file(script) else ""
    except OSError:
        return ()
    text = _COMMENT.sub("", text)
    lists = {match[1] for pattern in (_FLAGS, _OPTION) for match in pattern.finditer(text)}
    only = lists.pop() if len(lists) == 1 else ""
    return tuple(_NAME.findall(only)) if _NAMES.fullmatch(only) else ()
