"""An index of a checkout's Python: which settings its code reads, and how sure that is.

Every question parses only the files that can answer it: those that hold the name as a word. Reading is generous, so
that a key counts as unread only where nothing in the checkout could read it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from .decisions import DecisionReader, Decisions
from .doubts import Doubts
from .fact_store import open_store
from .file_facts import FileFacts
from .group_reads import literal_reads
from .indexed_files import IndexedFiles
from .names import is_config
from .python_files import collect
from .stored_choices import choices_of

if TYPE_CHECKING:
    from .dataflow.trace import Trace

#: Keys that are read from an object that holds settings.
_SEVERAL = 2
#: Methods of optimisers, whose short name is that of options.
_OF_OPTIMISERS = frozenset({"step", "zero_grad"})
_OPTIMISERS = frozenset({"opt", "optim", "optimizer", "optimiser"})
#: Packages that make options from parameters of functions and fields of classes.
_FROM_NAMES = frozenset({"tyro", "fire", "typer", "simple_parsing", "draccus", "jsonargparse", "pydantic_settings"})
#: Answers of `PythonIndex.decisions` that are kept from check to check; a new name of a setting makes a new one.
_MOST_DECISIONS = 200
NOTHING_FIXED: Mapping[str, str] = {}


@dataclass(eq=False)
class PythonIndex(IndexedFiles):
    """What the Python of a checkout reads, declares and decides."""

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

    @cached_property
    def unpacked(self) -> frozenset[str]:
        """Names that any code unpacks: ``f(**name)``."""
        return frozenset(name for facts in self.holding("**") for name in facts.unpacked)

    @property
    def doubts(self) -> tuple[str, ...]:
        """Why "nothing reads it" would not be sure, whatever script runs; empty if it is."""
        return self.doubts_of(())

    def doubts_of(self, scripts: tuple[str, ...]) -> tuple[str, ...]:
        """Returns why "nothing reads it" would not be sure if some scripts run, see `Doubts.of`."""
        return self._doubts.of(scripts)

    @cached_property
    def _doubts(self) -> Doubts:
        return Doubts(self)

    def may_read(self, key: str) -> bool:
        """Returns whether anything in the checkout could read a key: an attribute, a text, an argument of that name."""
        leaf, group = key.rpartition(".")[2], key.rpartition(".")[0].rpartition(".")[2]
        fields = False
        for name in self.named(leaf):
            facts = self.facts(name)
            if facts is None or leaf in facts.names:
                return True
            fields = fields or leaf in facts.fields
        if fields and any(name in (group, "") or is_config(name) for name in self.unpacked):
            return True
        return bool(group) and any(group in facts.whole or group in facts.fields for facts in self.holding(group))

    def names(self, word: str) -> bool:
        """Returns whether any file has a word as an attribute, a text or a parameter, or was not read."""
        near = (self.facts(name) for name in self.named(word))
        return any(facts is None or word in facts.names or word in facts.fields for facts in near)

    def reads_of(self, group: str) -> frozenset[str] | None:
        """Returns the names under which all code reads a group; None if some may read it under other names."""
        if group not in self._groups:
            self._groups[group] = literal_reads(group, self.named, self.tree, self.defining)
        return self._groups[group]

    def reads(self, key: str, keys: Container[str] = ()) -> bool:
        """Returns whether code reads a key from a configuration, and does not only keep it in an unread attribute.

        Args:
          key: the key.
          keys: other keys; an object from which several of them are read is a configuration whatever its name.
        """
        leaf, group = key.rpartition(".")[2], key.rpartition(".")[0].rpartition(".")[2]
        for facts in self.holding(leaf):
            if _has(facts.pairs, group, leaf) or any(
                name == leaf and _many(facts, owner, leaf, keys) for owner, name in facts.pairs
            ):
                return True
            for attribute, pairs in facts.stored.items():
                if _has(pairs, group, leaf) and any(attribute in other.loaded for other in self.holding(attribute)):
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

    def gives(self, key: str, script: str | None) -> bool:
        """Returns whether a script gives a key a value where the configuration leaves none.

        Any file counts if the script is not known, or if it reads no options and so starts another one.
        """
        leaf, near = key.rpartition(".")[2], self.reachable(script) if script else ()
        reads = any(facts.parsers.made for facts in near)
        return any(leaf in facts.given for facts in (near if reads else self.holding(leaf)))

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
            near = self.reachable(script) if script is not None else (f for word in spelled for f in self.holding(word))
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
