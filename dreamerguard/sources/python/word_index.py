"""Which files of a checkout hold a word, found quickly for many words."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from .python_files import PythonFile

#: Searching the files for this many words takes about as long as listing all their words.
_FEW = 30
_WORD = re.compile(r"\w+", re.ASCII)
#: Every byte that is no part of a word becomes a blank.
_BLANKS = bytes(code if code < 128 and (chr(code).isalnum() or code == 95) else 32 for code in range(256))


@dataclass
class WordIndex:
    """The words of some files.

    Attributes:
      files: by name.
    """

    files: Mapping[str, PythonFile]
    _found: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def named(self, word: str) -> tuple[str, ...]:
        """Returns the files that hold a text; a whole word if it is one."""
        if word not in self._found:
            self._found[word] = self._find(word)
        return self._found[word]

    def _find(self, word: str) -> tuple[str, ...]:
        pattern = word.encode("utf-8", "surrogatepass")
        whole = _WORD.fullmatch(word) is not None
        if whole and len(self._found) >= _FEW:
            return tuple(self._words.get(pattern, ()))
        search = re.compile(rb"(?<![A-Za-z0-9_])" + pattern + rb"(?![A-Za-z0-9_])").search if whole else None
        return tuple(
            name
            for name, file in self.files.items()
            if file.data is not None and pattern in file.data and (search is None or search(file.data) is not None)
        )

    @cached_property
    def _words(self) -> dict[bytes, list[str]]:
        found: dict[bytes, list[str]] = {}
        for name, file in self.files.items():
            for word in set((file.data or b"").translate(_BLANKS).split()):
                found.setdefault(word, []).append(name)
        return found
