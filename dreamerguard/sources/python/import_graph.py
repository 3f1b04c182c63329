"""Which files of a checkout a script imports, itself and through others."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from .file_facts import FileFacts

#: Imported files that a script's own parser or presets may lie in.
_MOST_IMPORTS = 200


@dataclass
class ImportGraph:
    """The imports between the files of one checkout; those of a file are looked up when it is reached.

    Attributes:
      files: names of the files.
      facts: returns the facts of a file; None where it was not read or is not valid Python.
    """

    files: Container[str]
    facts: Callable[[str], FileFacts | None]
    _reaches: dict[str, tuple[str, ...]] = field(default_factory=dict)
    _imports: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def reached(self, name: str) -> tuple[str, ...]:
        """Names of a script and of the files that it imports, the script first; also of those that cannot be read."""
        if name in self._reaches:
            return self._reaches[name]
        queue, seen = [name], {name: None}
        while queue and len(seen) < _MOST_IMPORTS:
            for file in self._imported(queue.pop(0)):
                if file not in seen:
                    seen[file] = None
                    queue.append(file)
        self._reaches[name] = tuple(seen)
        return self._reaches[name]

    def _imported(self, name: str) -> tuple[str, ...]:
        """Names of the files that one file imports."""
        if name not in self._imports:
            facts = self.facts(name)
            modules = dict.fromkeys(facts.imports.values()) if facts is not None else {}
            self._imports[name] = tuple(file for module in modules for file in self.files_of(name, module))
        return self._imports[name]

    def files_of(self, importer: str, module: str) -> Iterator[str]:
        """Yields the files that a dotted module may be, for the file that imports it."""
        path = module.strip(".").replace(".", "/")
        folder = PurePosixPath(importer).parent
        bases = [str(base) for base in (folder, *folder.parents)]
        for target in (path, path.rpartition("/")[0]):
            for base in bases if target else ():
                start = "" if base == "." else f"{base}/"
                yield from (
                    name for name in (f"{start}{target}.py", f"{start}{target}/__init__.py") if name in self.files
                )
