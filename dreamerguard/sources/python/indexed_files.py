"""The Python files of a checkout: their facts, the words in them, what they define, and what imports what."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from .fact_reader import parse_facts
from .fact_store import FactStore
from .file_facts import FileFacts
from .import_graph import ImportGraph
from .python_files import PythonFile, parse
from .word_index import WordIndex

#: Largest file in which the uses of a group are looked at.
_MOST_BYTES = 200_000
_NAME = re.compile(rb"[ \t]*(\w+)")


@dataclass(eq=False)
class IndexedFiles:
    """The Python files of one checkout.

    Attributes:
      root: folder that names are relative to.
      files: by name.
      store: facts of an earlier check; None without them.
    """

    root: Path
    files: dict[str, PythonFile]
    store: FactStore | None = None
    _facts: dict[str, FileFacts | None] = field(default_factory=dict)

    def facts(self, name: str) -> FileFacts | None:
        """Facts of one file; None where it was not read or is not valid Python."""
        if name not in self._facts:
            file = self.files.get(name)
            self._facts[name] = self._read(file.data) if file is not None and file.data is not None else None
        return self._facts[name]

    def _read(self, data: bytes) -> FileFacts | None:
        known = self.store.get(data) if self.store is not None else None
        if known is not None:
            return known
        facts = parse_facts(data)
        if facts is not None and self.store is not None:
            self.store.put(data, facts)
        return facts

    def holding(self, word: str) -> Iterator[FileFacts]:
        """Facts of the files that hold a word."""
        for name in self.named(word):
            facts = self.facts(name)
            if facts is not None:
                yield facts

    def named(self, word: str) -> tuple[str, ...]:
        return self._words.named(word)

    @cached_property
    def _words(self) -> WordIndex:
        return WordIndex(self.files)

    @property
    def skipped(self) -> tuple[str, ...]:
        """Files that were not read: too large, too many, not valid, nested too deeply."""
        return tuple(name for name in self.files if self.facts(name) is None)

    def tree(self, name: str) -> ast.Module | None:
        """Returns the syntax tree of a file; None where it was not read, is not valid or is large."""
        data = self.files[name].data
        return parse(data) if data is not None and len(data) <= _MOST_BYTES else None

    def defining(self, called: str) -> tuple[str, ...]:
        """Returns the files that define a function or a class of a name."""
        return tuple(self._defined.get(called.encode(), ()))

    @cached_property
    def _defined(self) -> dict[bytes, dict[str, None]]:
        found: dict[bytes, dict[str, None]] = defaultdict(dict)
        for name, file in self.files.items():
            data = file.data or b""
            for part in (*data.split(b"def ")[1:], *data.split(b"class ")[1:]):  # a pattern alone takes much longer
                called = _NAME.match(part)
                if called is not None:
                    found[called[1]][name] = None
        return found

    @cached_property
    def mains(self) -> tuple[str, ...]:
        """Scripts that choose presets: files with a main part that name them."""
        named = (name for name in self.named("__main__") if b"config" in (self.files[name].data or b""))
        return tuple(name for name in named if (facts := self.facts(name)) is not None and facts.parsers.presets)

    def hands_on(self, part: str) -> bool:
        """Returns whether a file with a part in its path unpacks arguments into a call: ``make(name, **kwargs)``."""
        return any(
            facts is not None and facts.unpacked for name in self.files if part in name and (facts := self.facts(name))
        )

    def script(self, path: Path) -> str | None:
        """Name of a script that belongs to the checkout."""
        try:
            name = path.resolve().relative_to(self.root.resolve()).as_posix()
        except (ValueError, OSError, RuntimeError):
            return None
        return name if name in self.files else None

    def reachable(self, name: str) -> tuple[FileFacts, ...]:
        """Facts of a script and of the files that it imports, the script first."""
        return tuple(facts for file in self.reached(name) if (facts := self.facts(file)) is not None)

    def reached(self, name: str) -> tuple[str, ...]:
        """Names of a script and of the files that it imports, the script first; also of those that cannot be read."""
        return self._graph.reached(name)

    def files_of(self, importer: str, module: str) -> tuple[str, ...]:
        """Returns the files that a dotted module may be, for the file that imports it."""
        return tuple(self._graph.files_of(importer, module))

    @cached_property
    def _graph(self) -> ImportGraph:
        return ImportGraph(self.files, self.facts)
