"""An index of a checkout's Python: which settings its code reads, and how sure that is.

Every question parses only the files that can answer it: those that hold the name as a word. Reading is generous, so
that a key counts as unread only where nothing in the checkout could read it.
"""

from __future__ import annotations

import re
import sys
from collections import defaultdict
from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path, PurePosixPath

from .carriers import find_carriers
from .fact_reader import parse_facts
from .fact_store import FactStore, open_store
from .file_facts import FileFacts
from .names import is_config, is_mapping, is_run_config, speaks_of_settings
from .python_files import PythonFile, collect

#: Imported files that a script's own parser or presets may lie in.
_MOST_IMPORTS = 40
#: Keys that are read from an object that holds settings.
_SEVERAL = 2
#: Packages that get a configuration and read none of its values.
_HARMLESS = frozenset(
    {"wandb", "yaml", "ruamel", "omegaconf", "elements", "embodied", "tensorboard", "torch", "rich", "cloudpickle"}
)
#: Packages that make options from parameters of functions and fields of classes.
_FROM_NAMES = frozenset({"tyro", "fire", "typer", "simple_parsing", "draccus", "jsonargparse", "pydantic_settings"})
_NAME = re.compile(rb"[ \t]*(\w+)")


@dataclass
class PythonIndex:
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

    @cached_property
    def _own(self) -> frozenset[str]:
        """Names that an import from inside the checkout begins with."""
        return frozenset(part.removesuffix(".py") for name in self.files for part in name.split("/"))

    def _with(self, word: str) -> Iterator[FileFacts]:
        """Facts of the files that hold a word."""
        for name in self._named(word):
            facts = self.facts(name)
            if facts is not None:
                yield facts

    def _named(self, word: str) -> Iterator[str]:
        pattern = word.encode()
        return (name for name, file in self.files.items() if file.data is not None and pattern in file.data)

    @property
    def skipped(self) -> tuple[str, ...]:
        """Files that were not read: too large, too many, not valid, nested too deeply."""
        return tuple(name for name in self.files if self.facts(name) is None)

    @cached_property
    def doubts(self) -> tuple[str, ...]:
        """Why "nothing reads it" would not be sure; empty if it is."""
        found: list[str] = []
        for name, carriers in self._carriers.items():
            facts = self.facts(name)
            if facts is None:
                found.append(f"{name} was not read")
                continue
            found += [f"{name}:{line} reads settings by names that are not literal" for line in facts.doubts[:1]]
            found += [
                f"{name}:{line.strip('?')} reads settings by names that are not literal"
                for owner, line in facts.dynamic.items()
                if owner in carriers or (is_mapping(owner) if line.endswith("?") else is_run_config(owner))
            ][:1]
            found += [f"{name} passes its settings to {other}" for other in self._outside(facts, carriers)][:1]
        return tuple(found)

    @cached_property
    def _carriers(self) -> dict[str, set[str]]:
        """File -> names that hold settings there although they are not called so, from assignments and calls."""
        speaking = [name for name, file in self.files.items() if file.data is None or speaks_of_settings(file.data)]
        return find_carriers(speaking, self.facts, self._defining)

    def _defining(self, called: str) -> tuple[str, ...]:
        """Files that define a function or a class of a name."""
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

    def _outside(self, facts: FileFacts, carriers: set[str]) -> Iterator[str]:
        """Called functions from outside the checkout that get the whole configuration."""
        for called, source in facts.roots:
            if not (is_mapping(source) or source in carriers):
                continue
            module = facts.imports.get(called, "")
            top = module.partition(".")[0]
            if top and top not in self._own and top not in sys.stdlib_module_names and top not in _HARMLESS:
                yield module

    def may_read(self, key: str) -> bool:
        """Returns whether anything in the checkout could read a key: an attribute, a text, an argument of that name."""
        leaf, group = key.rpartition(".")[2], key.rpartition(".")[0].rpartition(".")[2]
        fields = False
        for name in self._named(leaf):
            facts = self.facts(name)
            if facts is None or leaf in facts.names:
                return True
            fields = fields or leaf in facts.fields
        unpacked = {name for facts in self._with("**") for name in facts.unpacked} if fields else set()
        if any(name in (group, "") or is_config(name) for name in unpacked):
            return True
        return bool(group) and any(group in facts.whole or group in facts.fields for facts in self._with(group))

    def reads(self, key: str, keys: Container[str] = ()) -> bool:
        """Returns whether code reads a key from a configuration, and does not only keep it in an unread attribute.

        Args:
          key: the key.
          keys: other keys; an object from which several of them are read is a configuration whatever its name.
        """
        leaf, group = key.rpartition(".")[2], key.rpartition(".")[0].rpartition(".")[2]
        for facts in self._with(leaf):
            if _has(facts.pairs, group, leaf) or any(
                name == leaf and _many(facts, owner, leaf, keys) for owner, name in facts.pairs
            ):
                return True
            for attribute, pairs in facts.stored.items():
                if _has(pairs, group, leaf) and any(attribute in other.loaded for other in self._with(attribute)):
                    return True
            if group and leaf in facts.fields and any(group in other.unpacked for other in self._with("**")):
                return True
        return False

    def gives(self, key: str, script: str | None) -> bool:
        """Whether a script gives a key a value where the configuration leaves none; any file where it is not known."""
        leaf = key.rpartition(".")[2]
        return any(leaf in facts.given for facts in (self.reachable(script) if script else self._with(leaf)))

    def script(self, path: Path) -> str | None:
        """Name of a script that belongs to the checkout."""
        try:
            name = path.resolve().relative_to(self.root.resolve()).as_posix()
        except (ValueError, OSError, RuntimeError):
            return None
        return name if name in self.files else None

    def reachable(self, name: str) -> tuple[FileFacts, ...]:
        """Facts of a script and of the files that it imports, the script first."""
        queue, seen, found = [name], {name}, []
        while queue and len(seen) < _MOST_IMPORTS:
            current = queue.pop(0)
            facts = self.facts(current)
            if facts is None:
                continue
            found.append(facts)
            for module in facts.imports.values():
                queue += [file for file in self._files_of(current, module) if file not in seen]
                seen.update(queue)
        return tuple(found)

    def _files_of(self, importer: str, module: str) -> Iterator[str]:
        path = module.strip(".").replace(".", "/")
        folder = PurePosixPath(importer).parent
        bases = [str(base) for base in (folder, *folder.parents)]
        for target in (path, path.rpartition("/")[0]):
            for base in bases if target else ():
                start = "" if base == "." else f"{base}/"
                yield from (
                    name for name in (f"{start}{target}.py", f"{start}{target}/__init__.py") if name in self.files
                )

    def declares(self, flags: Iterable[str]) -> set[str]:
        """Those of some options, without dashes, that any parser of the checkout declares."""
        found: set[str] = set()
        for flag in set(flags):
            spelled = {flag, flag.replace("-", "_"), flag.replace("_", "-")}
            if any(spelled & _options(facts) for word in spelled for facts in self._with(word)):
                found.add(flag)
        return found


def _has(pairs: Iterable[tuple[str, str]], group: str, leaf: str) -> bool:
    return any(name == leaf and (owner == group or is_config(owner)) for owner, name in pairs)


def _options(facts: FileFacts) -> set[str]:
    """Options of a file; some libraries make them from parameters and fields, whose names have underscores."""
    if _FROM_NAMES.isdisjoint(module.partition(".")[0] for module in facts.imports.values()):
        return facts.parsers.flags
    return facts.parsers.flags | facts.fields


def _many(facts: FileFacts, owner: str, leaf: str, keys: Container[str]) -> bool:
    """Returns whether other keys are read from the owner of one."""
    others = {name for other, name in facts.pairs if other == owner and name != leaf and name in keys}
    return owner not in ("", "self") and len(others) >= _SEVERAL


def index_checkout(root: Path, first: Sequence[Path] = ()) -> PythonIndex:
    """Indexes the Python files below a folder.

    Args:
      root: the checkout.
      first: folders that matter most, so that the limits cut elsewhere.
    """
    files = {file.name: file for file in collect(root, first)}
    contents = [file.data for file in files.values() if file.data is not None]
    return PythonIndex(root, files, open_store(root, contents))
