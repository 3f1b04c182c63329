"""An index of a checkout's Python: which settings its code reads, and how sure that is.

Every question parses only the files that can answer it: those that hold the name as a word. Reading is generous, so
that a key counts as unread only where nothing in the checkout could read it.
"""

from __future__ import annotations

import ast
import re
import sys
from collections import defaultdict
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from .carriers import find_carriers
from .decisions import DecisionReader, Decisions
from .fact_reader import parse_facts
from .fact_store import FactStore, open_store
from .file_facts import FileFacts
from .group_reads import literal_reads
from .import_graph import ImportGraph
from .names import is_config, is_mapping, is_run_config, speaks_of_settings
from .python_files import PythonFile, collect, parse
from .stored_choices import choices_of
from .word_index import WordIndex

if TYPE_CHECKING:
    from .dataflow.trace import Trace

#: Keys that are read from an object that holds settings.
_SEVERAL = 2
#: Methods of optimisers, whose short name is that of options.
_OF_OPTIMISERS = frozenset({"step", "zero_grad"})
_OPTIMISERS = frozenset({"opt", "optim", "optimizer", "optimiser"})
#: Largest file in which the uses of a group are looked at.
_MOST_BYTES = 200_000
#: Packages that get a configuration and read none of its values.
_HARMLESS = frozenset({
    "wandb", "yaml", "ruamel", "omegaconf", "elements", "embodied", "tensorboard", "torch", "rich", "cloudpickle",
    "numpy", "pandas", "jax", "jaxlib", "ninjax", "optax", "flax", "chex", "tensorflow", "tensorflow_probability",
    "lightning", "msgpack", "attridict",
})  # fmt: skip
#: Files of upstream's libraries, which forks keep. They read no setting under a name that is known only at run time.
_LIBRARY = re.compile(
    r"(^|/)(embodied/(core|distr|jax|replay)/\w+|ninjax|jaxutils|jaxagent|sheeprl/(utils|algos)/.+|setup|conftest)\.py$"
    r"|(^|/)(tests?|examples?|docs?)/"
)
#: Packages that make options from parameters of functions and fields of classes.
_FROM_NAMES = frozenset({"tyro", "fire", "typer", "simple_parsing", "draccus", "jsonargparse", "pydantic_settings"})
_NAME = re.compile(rb"[ \t]*(\w+)")
#: Answers of `PythonIndex.decisions` that are kept from check to check; a new name of a setting makes a new one.
_MOST_DECISIONS = 200
NOTHING_FIXED: Mapping[str, str] = {}


@dataclass(eq=False)
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
    _doubted: dict[tuple[str, ...], tuple[str, ...]] = field(default_factory=dict)
    _decisions: dict[tuple[tuple[str, ...], frozenset[str]], Decisions] = field(default_factory=dict)
    _traced: tuple[tuple[str, ...], Mapping[str, str], Trace | None] | None = None
    _groups: dict[str, frozenset[str] | None] = field(default_factory=dict)
    _owners: dict[tuple[str, ...], Mapping[str, frozenset[str]]] = field(default_factory=dict)

    def for_another_check(self) -> PythonIndex:
        """Returns this index; it keeps all that the code alone decides, and forgets what depends on a check's keys."""
        self._traced = None
        if len(self._decisions) > _MOST_DECISIONS:
            self._decisions.clear()
        return self

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

    def _named(self, word: str) -> tuple[str, ...]:
        return self._words.named(word)

    @cached_property
    def _words(self) -> WordIndex:
        return WordIndex(self.files)

    @cached_property
    def unpacked(self) -> frozenset[str]:
        """Names that any code unpacks: ``f(**name)``."""
        return frozenset(name for facts in self._with("**") for name in facts.unpacked)

    @property
    def skipped(self) -> tuple[str, ...]:
        """Files that were not read: too large, too many, not valid, nested too deeply."""
        return tuple(name for name in self.files if self.facts(name) is None)

    @property
    def doubts(self) -> tuple[str, ...]:
        """Why "nothing reads it" would not be sure, whatever script runs; empty if it is."""
        return self.doubts_of(())

    def doubts_of(self, scripts: tuple[str, ...]) -> tuple[str, ...]:
        """Returns why "nothing reads it" would not be sure if some scripts run; any file counts if there are none.

        Only files that a script imports can read its settings. Files that it names at run time, such as those of
        environments, get settings as arguments.
        """
        if scripts not in self._doubted:
            names = {name for script in scripts for name in self.reached(script)} if scripts else set(self.files)
            self._doubted[scripts] = tuple(self._find_doubts(names))
        return self._doubted[scripts]

    def _find_doubts(self, names: Container[str]) -> list[str]:
        found: list[str] = []
        for name, carriers in self._carriers.items():
            if name not in names or _LIBRARY.search(name):
                continue
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
        return found

    @cached_property
    def _carriers(self) -> dict[str, set[str]]:
        """File -> names that hold settings there although they are not called so, from assignments and calls."""
        speaking = [name for name, file in self.files.items() if file.data is None or speaks_of_settings(file.data)]
        return find_carriers(speaking, self.facts, self.defining)

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
        if fields and any(name in (group, "") or is_config(name) for name in self.unpacked):
            return True
        return bool(group) and any(group in facts.whole or group in facts.fields for facts in self._with(group))

    def names(self, word: str) -> bool:
        """Returns whether any file has a word as an attribute, a text or a parameter, or was not read."""
        near = (self.facts(name) for name in self._named(word))
        return any(facts is None or word in facts.names or word in facts.fields for facts in near)

    def reads_of(self, group: str) -> frozenset[str] | None:
        """Returns the names under which all code reads a group; None if some may read it under other names."""
        if group not in self._groups:
            self._groups[group] = literal_reads(group, self._named, self._tree, self.defining)
        return self._groups[group]

    def _tree(self, name: str) -> ast.Module | None:
        data = self.files[name].data
        return parse(data) if data is not None and len(data) <= _MOST_BYTES else None

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
            if group and leaf in facts.fields and group in self.unpacked:
                return True
        return False

    def trace(
        self, scripts: tuple[str, ...], keys: Callable[[], frozenset[str]], fixed: Mapping[str, str] = NOTHING_FIXED
    ) -> Trace | None:
        """Follows the configuration from scripts, once; None where the trace is not complete, or was of others.

        Args:
          scripts: files that the interpreter starts with.
          keys: returns all keys of the configuration.
          fixed: keys with a known value that branches are chosen by.
        """
        if self._traced is None:
            from .stored_trace import trace_of  # takes longer to load than most commands need it

            near = {name: None for script in scripts for name in self.reached(script)}
            self._traced = (scripts, fixed, trace_of(self.files, near, scripts, keys(), fixed, self.store))
        done, chosen, found = self._traced
        return found if (done, chosen) == (scripts, fixed) else None

    def owners_near(self, scripts: tuple[str, ...]) -> Mapping[str, frozenset[str]]:
        """Returns name -> what it is read from, in scripts and the files that they import."""
        if scripts not in self._owners:
            found: dict[str, set[str]] = defaultdict(set)
            for facts in (facts for script in scripts for facts in self.reachable(script)):
                for owner, name in facts.pairs:
                    found[name].add(owner)
            self._owners[scripts] = {name: frozenset(owners) for name, owners in found.items()}
        return self._owners[scripts]

    @cached_property
    def mains(self) -> tuple[str, ...]:
        """Scripts that choose presets: files with a main part that name them."""
        named = (name for name in self._named("__main__") if b"config" in (self.files[name].data or b""))
        return tuple(name for name in named if (facts := self.facts(name)) is not None and facts.parsers.presets)

    def gives(self, key: str, script: str | None) -> bool:
        """Returns whether a script gives a key a value where the configuration leaves none.

        Any file counts if the script is not known, or if it reads no options and so starts another one.
        """
        leaf, near = key.rpartition(".")[2], self.reachable(script) if script else ()
        reads = any(facts.parsers.made for facts in near)
        return any(leaf in facts.given for facts in (near if reads else self._with(leaf)))

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

    def decisions(self, scripts: tuple[str, ...], words: frozenset[str]) -> Decisions:
        """Returns what code decides by settings.

        Args:
          scripts: scripts that run; of all files outside tests if there are none.
          words: last names of the settings, and of the groups that they are in.
        """
        if (scripts, words) not in self._decisions:
            names = {name: None for script in scripts for name in self.reached(script)} if scripts else self.files
            self._decisions[scripts, words] = self._decision_reader.about(names, words)
        return self._decisions[scripts, words]

    @cached_property
    def _decision_reader(self) -> DecisionReader:
        files = {name: file.data for name, file in self.files.items() if file.data}
        return DecisionReader(files, self.defining, lambda data: choices_of(data, self.store))

    def declares(self, flags: Iterable[str], script: str | None = None) -> set[str]:
        """Returns the options, without dashes, that a parser declares.

        Args:
          flags: options.
          script: the script whose parsers count, with those of the files that it imports; None for any file.
        """
        found: set[str] = set()
        for flag in set(flags):
            spelled = {flag, flag.replace("-", "_"), flag.replace("_", "-")}
            near = self.reachable(script) if script is not None else (f for word in spelled for f in self._with(word))
            if any(spelled & _options(facts) for facts in near):
                found.add(flag)
        return found


def _has(pairs: Iterable[tuple[str, str]], group: str, leaf: str) -> bool:
    return any(name == leaf and (owner == group or _holds(owner, leaf)) for owner, name in pairs)


def _holds(owner: str, leaf: str) -> bool:
    """Returns whether an object holds settings; ``opt.step()`` is called on an optimiser."""
    return is_config(owner) and not (leaf in _OF_OPTIMISERS and owner.lstrip("_") in _OPTIMISERS)


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
