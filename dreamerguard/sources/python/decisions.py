"""What the code of a checkout decides by settings: places that take some values and stop at any other."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from .choice_facts import ClosedChoice, Compared, FileChoices, Guard, Literal, Passed, Subject, takes

#: Steps from a place that decides back to the configuration.
_STEPS = 4
#: Only a file with one of these can have a closed choice, or pass a setting on.
_WORTH = re.compile(rb"onfig|cfg|conf\b|args|hparams|\bhp\b|flags?\b|raise|assert|\}\s*\[|\)\s*\[")
_NAMED = re.compile(rb"[.'\"](\w+)")
_TESTS = re.compile(r"(^|/)(tests?|docs|examples)/|(^|/)(test_\w+|conftest|setup)\.py$")

#: Functions that make environments: every run calls them, often through a function that it makes for that.
MAKES = re.compile(r"_*make_(single_)?env\w*")

Path = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Decision:
    """A closed choice by a setting.

    Attributes:
      path: names that lead to the setting in the configuration, or in a group of it.
      file: file that decides.
      choice: the place, and the values that it takes.
      sure: whether calls that stand under no condition pass the setting to the place.
    """

    path: Path
    file: str
    choice: ClosedChoice
    sure: bool = True

    @property
    def place(self) -> str:
        """File and line."""
        return f"{self.file}:{self.choice.line}"


@dataclass
class Decisions:
    """The decisions of some files.

    Attributes:
      files: file -> what it decides by values.
      found: closed choices by settings.
    """

    files: dict[str, FileChoices]
    found: list[Decision] = field(default_factory=list)
    _passed: dict[str, list[Passed]] = field(default_factory=lambda: defaultdict(list))
    _parameters: dict[str, tuple[str, ...]] = field(default_factory=dict)
    _compared: dict[Path, list[tuple[str, Compared]]] = field(default_factory=lambda: defaultdict(list))
    #: Functions that some code calls whenever a function runs, where no two of them have the name.
    _plain: set[str] = field(default_factory=set)

    def prepare(self) -> Decisions:
        """Follows arguments back to the settings that they have."""
        defined = Counter(name for file in self.files.values() for name, _ in file.defined)
        for file in self.files.values():
            self._plain |= file.plain
            self._parameters |= {name: given for name, given in file.defined if defined[name] == 1}
            for item in file.passed:
                self._passed[item.called].append(item)
        self._plain -= {name for name, count in defined.items() if count > 1}
        for name, file in self.files.items():
            for compared in file.compared:
                for path, _ in self._paths(compared.subject):
                    self._compared[path].append((name, compared))
            for choice in file.closed:
                paths = dict(sorted(self._paths(choice.subject)))  # the sure way to a path comes last
                self.found += [Decision(path, name, choice, sure) for path, sure in paths.items()]
        return self

    def _paths(self, subject: Subject, steps: int = _STEPS) -> set[tuple[Path, bool]]:
        """Returns the paths of the settings that a subject may be, and whether they always get there."""
        if subject.from_config:
            return {(subject.tail, True)} if subject.tail else set()
        parameters = self._parameters.get(subject.owner)
        if parameters is None or steps == 0:
            return set()
        found: set[tuple[Path, bool]] = set()
        for item in self._passed.get(subject.owner, ()):
            unpacked = item.place == "**"
            place = parameters.index(subject.parameter) if subject.parameter in parameters else -1
            if unpacked or item.place in (place, subject.parameter):
                rest = ((subject.parameter,) if unpacked else ()) + subject.tail
                above = self._paths(item.subject, steps - 1)
                found |= {((*path, *rest), sure and item.sure) for path, sure in above}
        return found

    def runs_always(self, decision: Decision) -> bool:
        """Returns whether a place is reached in every run, as far as its function and the calls of it show."""
        choice = decision.choice
        called = choice.function in ("", "main") or choice.function in self._plain
        return decision.sure and choice.sure and called

    def may_take(self, decision: Decision, value: Literal) -> bool:
        """Returns whether other code takes a value of the setting, so that a run may never get to the place."""
        choice, others = decision.choice, [item for item in self.found if item.path == decision.path]
        if any(item is not decision and _any_takes(item.choice.choices, value) for item in others):
            return True
        closed = {(item.file, item.choice.function) for item in others}
        for file, compared in self._compared.get(decision.path, ()):
            same = file == decision.file and compared.function == choice.function
            if _any_takes(compared.texts, value) and not (same and compared.line >= choice.line):
                return True
            if (file, compared.function) not in closed and not self.runs_always(decision):
                return True  # there, other values have a meaning too
        return False

    def path_of(self, subject: Subject) -> Path | None:
        """Returns the path of the only setting that a subject can be; None without one, or with several."""
        found = self._paths(subject)
        return next(iter(found))[0] if len(found) == 1 and all(sure for _, sure in found) else None

    def certain_guards(self) -> Iterator[tuple[str, Guard]]:
        """Yields the errors under conditions that every run comes to, with their files."""
        for name, file in self.files.items():
            for guard in file.guards:
                if guard.function in ("", "main") or guard.function in self._plain or MAKES.fullmatch(guard.function):
                    yield name, guard

    def compared_before(self, decision: Decision) -> Iterator[tuple[Literal, ...]]:
        """Yields what the setting of a decision is compared with elsewhere, or in front of it in its function."""
        for file, compared in self._compared.get(decision.path, ()):
            same = file == decision.file and compared.function == decision.choice.function
            if not same or compared.line < decision.choice.line:
                yield compared.texts

    def compared_at(self, path: Path) -> Iterator[tuple[str, Compared]]:
        """Yields what a setting is compared with anywhere, with the file."""
        yield from self._compared.get(path, ())

    def compared_paths(self, leaf: str) -> Iterable[Path]:
        """Returns the paths of the settings with a last name that are compared with anything."""
        return self._compared_paths.get(leaf, ())

    @cached_property
    def _compared_paths(self) -> dict[str, list[Path]]:
        found: dict[str, list[Path]] = defaultdict(list)
        for path in self._compared:
            found[path[-1]].append(path)
        return found

    def found_of(self, leaf: str) -> Iterable[Decision]:
        """Returns the closed choices by settings with a last name."""
        return self._found_of.get(leaf, ())

    @cached_property
    def _found_of(self) -> dict[str, list[Decision]]:
        found: dict[str, list[Decision]] = defaultdict(list)
        for item in self.found:
            found[item.path[-1]].append(item)
        return found


def _any_takes(choices: Iterable[Literal], value: Literal) -> bool:
    return any(takes(choice, value) for choice in choices)


@dataclass
class DecisionReader:
    """Reads what the files of a checkout decide by settings; every file is read once.

    Attributes:
      files: name of a file -> its content.
      defining: files that define a function or class.
      choices: what a file of some content decides by values.
    """

    files: Mapping[str, bytes]
    defining: Callable[[str], Iterable[str]]
    choices: Callable[[bytes], FileChoices]
    _worth: dict[str, bool] = field(default_factory=dict)
    _known: dict[str, FileChoices] = field(default_factory=dict)
    _named: dict[str, frozenset[bytes]] = field(default_factory=dict)
    _done: dict[tuple[str, ...], Decisions] = field(default_factory=dict)

    def about(self, names: Iterable[str], words: Collection[str]) -> Decisions:
        """Reads what some files decide by settings of some names.

        Args:
          names: the files.
          words: last names of the settings, and of the groups that they are in.
        """
        own = {name for name in names if self._is_worth(name)}
        wanted = {word.encode() for word in words}
        queue = [name for name in sorted(own) if not wanted.isdisjoint(self._names_in(name))]
        read: dict[str, FileChoices] = {}
        for name in queue:
            if name in read:
                continue
            read[name] = self._choices_of(name)
            for item in read[name].passed:
                if not item.subject.from_config or item.subject.tail[-1] in words:
                    queue += [file for file in self.defining(item.called) if file in own and file not in read]
        files = tuple(sorted(read))
        if files not in self._done:
            self._done[files] = Decisions({name: read[name] for name in files}).prepare()
        return self._done[files]

    def _is_worth(self, name: str) -> bool:
        if name not in self._worth:
            data = self.files.get(name)
            self._worth[name] = data is not None and not _TESTS.search(name) and _WORTH.search(data) is not None
        return self._worth[name]

    def _names_in(self, name: str) -> frozenset[bytes]:
        """Returns the words of a file behind a dot or a quote."""
        if name not in self._named:
            self._named[name] = frozenset(_NAMED.findall(self.files[name]))
        return self._named[name]

    def _choices_of(self, name: str) -> FileChoices:
        if name not in self._known:
            self._known[name] = self.choices(self.files[name])
        return self._known[name]
