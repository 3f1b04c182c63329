"""What the code of a checkout decides by settings: places that take some values and stop at any other."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from .choice_facts import ClosedChoice, Compared, FileChoices, Literal, Passed, Subject, takes
from .choice_reader import read_choices

#: Steps from a place that decides back to the configuration.
_STEPS = 4
#: Only a file with one of these can have a closed choice, or pass a setting on.
_WORTH = re.compile(rb"onfig|cfg|conf\b|args|hparams|\bhp\b|flags?\b|raise|assert|\}\s*\[|\)\s*\[")
_TESTS = re.compile(r"(^|/)(tests?|docs|examples)/|(^|/)(test_\w+|conftest|setup)\.py$")

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
    _plain: set[str] = field(default_factory=set)

    def prepare(self) -> Decisions:
        """Follows arguments back to the settings that they have."""
        defined = Counter(name for file in self.files.values() for name, _ in file.defined)
        for file in self.files.values():
            self._plain |= file.plain
            self._parameters |= {name: given for name, given in file.defined if defined[name] == 1}
            for item in file.passed:
                self._passed[item.called].append(item)
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

    def compared_before(self, decision: Decision) -> Iterator[tuple[Literal, ...]]:
        """Yields what the setting of a decision is compared with elsewhere, or in front of it in its function."""
        for file, compared in self._compared.get(decision.path, ()):
            same = file == decision.file and compared.function == decision.choice.function
            if not same or compared.line < decision.choice.line:
                yield compared.texts

    def compared_at(self, path: Path) -> Iterator[tuple[str, Compared]]:
        """Yields what a setting is compared with anywhere, with the file."""
        yield from self._compared.get(path, ())

    @property
    def compared_paths(self) -> Iterable[Path]:
        """Paths of the settings that are compared with anything."""
        return tuple(self._compared)


def _any_takes(choices: Iterable[Literal], value: Literal) -> bool:
    return any(takes(choice, value) for choice in choices)


def read_decisions(
    files: Mapping[str, bytes],
    words: Iterable[str],
    defining: Callable[[str], Iterable[str]],
    known: dict[str, FileChoices],
) -> Decisions:
    """Reads what some files decide by settings of some names.

    Args:
      files: name of a file -> its content.
      words: last names of the settings, and of the groups that they are in.
      defining: files that define a function or class.
      known: files that were read already; others are added.
    """
    wanted = frozenset(words)
    named = re.compile(rb"[.'\"](?:" + b"|".join(sorted(map(re.escape, map(str.encode, wanted)))) + rb")\b")
    own = {name: data for name, data in files.items() if not _TESTS.search(name) and _WORTH.search(data)}
    read: dict[str, FileChoices] = {}
    queue = [name for name, data in own.items() if named.search(data)] if wanted else []
    for name in queue:
        if name in read:
            continue
        if name not in known:
            known[name] = read_choices(own[name])
        read[name] = known[name]
        for item in read[name].passed:
            if not item.subject.from_config or item.subject.tail[-1] in wanted:
                queue += [file for file in defining(item.called) if file in own and file not in read]
    return Decisions(dict(sorted(read.items()))).prepare()
