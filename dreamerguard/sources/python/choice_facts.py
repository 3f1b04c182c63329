"""Facts of one Python file about values that decide: closed choices, where their values come from, what is compared."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

Literal = str | int | float | bool | None


def takes(choice: object, value: object) -> bool:
    """Returns whether a choice takes a value; ``dmc*`` takes texts that begin with it, ``*dmc*`` those that hold it."""
    if not isinstance(choice, str) or not isinstance(value, str) or not choice.endswith("*"):
        return choice == value
    return choice[1:-1] in value if choice.startswith("*") else value.startswith(choice[:-1])


@dataclass(frozen=True, slots=True)
class Subject:
    """The value that a piece of code decides by.

    Attributes:
      owner: function or class with the parameter that it begins with; empty for a value of the configuration.
      parameter: name of this parameter.
      tail: names that lead from there to the value: ``config.enc.typ`` has ``("enc", "typ")``.
      first: whether only the part in front of the first underscore decides.
      rest: whether only the part behind the first underscore does.
      lower: whether the value is put in lower case first.
    """

    owner: str = ""
    parameter: str = ""
    tail: tuple[str, ...] = ()
    first: bool = False
    lower: bool = False
    rest: bool = False

    def below(self, name: str) -> Subject:
        """Returns the subject of a part of this one."""
        return replace(self, tail=(*self.tail, name))

    @property
    def part(self) -> bool:
        """Whether only a part of the value decides."""
        return self.first or self.rest

    @property
    def from_config(self) -> bool:
        """Whether it is a value of the configuration, and no argument."""
        return not self.owner


@dataclass(frozen=True, slots=True)
class ClosedChoice:
    """A place that takes some values and stops at any other.

    Attributes:
      subject: the value that decides.
      choices: values that it takes.
      line: its line.
      function: function that it is in; empty outside of functions.
      sure: whether the function always gets there.
      modules: choice -> modules that it imports or names, dotted; relative ones begin with dots.
    """

    subject: Subject
    choices: tuple[Literal, ...]
    line: int
    function: str
    sure: bool
    modules: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Passed:
    """A value that a call passes on.

    Attributes:
      called: name of the function or class.
      place: position or name of the argument; ``**`` for a group that is unpacked.
      subject: the value.
      sure: whether the call stands under no condition of its function.
    """

    called: str
    place: int | str
    subject: Subject
    sure: bool = True


@dataclass(frozen=True, slots=True)
class Compared:
    """Texts that a value is compared with, or searched for: ``config.task.startswith("isaac")``."""

    subject: Subject
    texts: tuple[Literal, ...]
    line: int
    function: str


@dataclass(frozen=True, slots=True)
class Term:
    """A part of a condition.

    Attributes:
      kind: ``value`` of a setting or argument, ``literal``, ``group`` of terms, ``not``, or an operator.
      parts: the terms that it joins.
      subject: the setting or argument, for ``value``.
      literal: the literal, for ``literal``.
    """

    kind: str
    parts: tuple[Term, ...] = ()
    subject: Subject | None = None
    literal: Literal = None

    def subjects(self) -> Iterator[Subject]:
        """Yields the settings and arguments in it."""
        if self.subject is not None:
            yield self.subject
        for part in self.parts:
            yield from part.subjects()


@dataclass(frozen=True, slots=True)
class Guard:
    """A place that stops at a condition, whenever its function runs.

    Attributes:
      condition: what holds where it stops, with the conditions around it.
      line: its line.
      function: function that it is in; empty outside of functions.
    """

    condition: Term
    line: int
    function: str


@dataclass
class FileChoices:
    """What one file decides by values.

    Attributes:
      closed: its closed choices.
      passed: values that its calls pass on.
      compared: what values are compared with.
      defined: names of its functions and classes; those of constructors are the names of their classes.
      plain: names of functions and classes that some code calls whenever a function runs.
      guards: its errors under conditions on values.
    """

    closed: list[ClosedChoice] = field(default_factory=list)
    passed: list[Passed] = field(default_factory=list)
    compared: list[Compared] = field(default_factory=list)
    defined: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)
    plain: set[str] = field(default_factory=set)
    guards: list[Guard] = field(default_factory=list)
