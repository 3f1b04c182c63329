"""Defines the content of a suite file in ``task_defaults``: published values, their sources, values of single tasks.

Plain dataclasses, because linting reads one suite file at every start. `read_suite` trusts the files of the package;
`check_suite_data` checks a file against every type and limit, and a test does this for all files.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import field
from typing import Any, ClassVar

from dreamerguard.util.fast_dataclass import dataclass

from .published_editions import Edition

#: `check_suite_data` refuses unknown fields, so that a misspelt field is never ignored.
_STRICT = {"extra": "forbid"}
_URL = re.compile(r"https://\S+")


@dataclass(frozen=True, slots=True)
class Citation:
    """The publication of a number: paper, table or program, its public address, and the position inside."""

    __pydantic_config__: ClassVar[Any] = _STRICT
    title: str
    url: str
    detail: str = ""

    def __post_init__(self) -> None:
        if not self.title or not _URL.fullmatch(self.url):
            raise ValueError(f"a source needs a title and an https address, not {self.url!r}")


@dataclass(frozen=True, slots=True)
class Sourced:
    """The value of a dotted RunConfig key, the id of the source that states it, and a note for the reader."""

    __pydantic_config__: ClassVar[Any] = _STRICT
    value: bool | int | float | str
    source: str
    note: str = ""


Editions = dict[Edition, dict[str, Sourced]]


@dataclass(frozen=True, slots=True)
class GpuTime:
    """The published time of one training run on one GPU.

    Attributes:
      days: GPU days of one run.
      source: id in the suite's `sources`.
      upper_bound: whether the source only states that the time is below `days`.
      gpu: GPU model; empty if the source names no model.
    """

    __pydantic_config__: ClassVar[Any] = _STRICT
    days: float
    source: str
    upper_bound: bool = False
    gpu: str = ""

    def __post_init__(self) -> None:
        if self.days <= 0:
            raise ValueError(f"the time of a run must be above 0 days, not {self.days}")


@dataclass(frozen=True, slots=True)
class TaskEntry:
    """The entry of one task in a suite file.

    Attributes:
      published: whether the papers report this task; if not, it inherits the suite's defaults.
      sparse: whether rewards are so rare that a slow start is expected.
      reason: why the task is sparse, from the source with the id `source`.
      aliases: other names in use for the same task.
      editions: values that differ from the suite's.
    """

    __pydantic_config__: ClassVar[Any] = _STRICT
    published: bool = True
    sparse: bool = False
    reason: str = ""
    source: str = ""
    aliases: tuple[str, ...] = ()
    editions: Editions = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.sparse and not (self.reason and self.source):
            raise ValueError("a sparse task needs a reason and its source")


@dataclass(frozen=True, slots=True)
class SuiteDefaults:
    """One file of ``task_defaults``.

    Attributes:
      suite: name of the suite and of its file.
      title: name for people.
      prefix: prefix of the suite's task names.
      other_prefixes: further prefixes under which its tasks are known.
      order: place among the suites; of several with one prefix, the first claims the task.
      observation: description of the observation.
      default_edition: edition that applies if a run names no edition.
      default_reason: why that edition is the default.
      sources: source id -> source.
      editions: edition -> dotted RunConfig key -> value.
      tasks: task name -> entry of the task.
      reference: id of the published curves; None if there are no curves.
      gpu_time: edition -> published time of a run.
    """

    __pydantic_config__: ClassVar[Any] = _STRICT
    suite: str
    title: str
    prefix: str
    observation: str
    default_edition: Edition
    default_reason: str
    sources: dict[str, Citation]
    editions: Editions
    tasks: dict[str, TaskEntry]
    reference: str | None = None
    other_prefixes: tuple[str, ...] = ()
    order: int = 1000
    gpu_time: dict[Edition, GpuTime] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.default_edition not in self.editions:
            raise ValueError(f"default_edition {self.default_edition} has no values")
        if len(self.default_reason) < 20:
            raise ValueError("default_reason must have at least 20 characters")
        unknown = sorted(_used_sources(self) - self.sources.keys())
        if unknown:
            raise ValueError(f"sources do not name {', '.join(unknown)}")


def read_suite(raw: dict[str, Any]) -> SuiteDefaults:
    """Builds a suite from the plain data of its file, without checking types.

    Raises:
      TypeError, ValueError: fields are missing or unknown, or contradict each other.
    """
    tasks = {
        name: TaskEntry(
            **entry | {"aliases": tuple(entry.get("aliases", ())), "editions": _editions(entry.get("editions", {}))}
        )
        for name, entry in raw["tasks"].items()
    }
    return SuiteDefaults(
        **raw
        | {
            "sources": {name: Citation(**source) for name, source in raw["sources"].items()},
            "editions": _editions(raw["editions"]),
            "gpu_time": {name: GpuTime(**time) for name, time in raw.get("gpu_time", {}).items()},
            "tasks": tasks,
            "other_prefixes": tuple(raw.get("other_prefixes", ())),
        }
    )


def check_suite_data(raw: Mapping[str, Any]) -> SuiteDefaults:
    """Builds a suite from the plain data of its file and checks every type.

    Raises:
      pydantic.ValidationError: the data is invalid.
    """
    from pydantic import TypeAdapter

    return TypeAdapter(SuiteDefaults).validate_python(raw)


def _editions(raw: Mapping[Edition, Mapping[str, Mapping[str, Any]]]) -> Editions:
    return {edition: {key: Sourced(**value) for key, value in values.items()} for edition, values in raw.items()}


def cited(editions: Mapping[Edition, Mapping[str, Sourced]]) -> set[str]:
    """Returns the ids of the sources that the values name."""
    return {value.source for values in editions.values() for value in values.values()}


def _used_sources(data: SuiteDefaults) -> set[str]:
    used = cited(data.editions) | {time.source for time in data.gpu_time.values()}
    for entry in data.tasks.values():
        used |= cited(entry.editions) | ({entry.source} if entry.source else set())
    return used
