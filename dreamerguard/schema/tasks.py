"""Looks up the published DreamerV3 settings of a task, by edition and with their sources.

The values are in ``task_defaults/<suite>.yaml``. No value is computed: a value that no source states is absent.
Only the file of the task's suite is read, so the look-up of one task takes a few milliseconds.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

from dreamerguard.util.fast_dataclass import dataclass

from .published_editions import Edition
from .task_data import Citation, Editions, GpuTime, Sourced, SuiteDefaults, cited, read_suite

#: Largest number of tasks with a common name part, such as ``walker``, that a message lists.
_MOST_PARTS = 10
#: Least similarity of the names of two tasks after a common prefix.
_ALIKE = 0.5
#: Characters at the top of a suite file that hold its prefix and order; suites without an order come last, by name.
_HEAD, _LAST = 2048, 1000
_LINE = re.compile(r"^(prefix|other_prefixes|order):[ \t]*([^#\n]*?)[ \t]*$", re.MULTILINE)


class UnknownTask(LookupError):
    """An unknown task or suite. ``suggestions`` holds the nearest names, best first."""

    def __init__(self, what: str, suggestions: tuple[str, ...]) -> None:
        self.suggestions = suggestions
        hint = (
            f"Did you mean {' or '.join(suggestions)}?"
            if suggestions
            else "`dreamerguard tasks` lists the known tasks."
        )
        super().__init__(f"{what}. {hint}")


@dataclass(frozen=True, slots=True)
class TaskDefaults:
    """All published values of one task, with the task's values merged over the suite's.

    Attributes:
      name: task as danijar/dreamerv3 writes it.
      suite: suite of the defaults.
      title: name of the suite for people.
      observation: description of the observation.
      default_edition: edition that applies if a run names no edition.
      default_reason: why that edition is the default.
      editions: edition -> dotted RunConfig key -> value.
      sources: source id -> source, for the sources that this task cites.
      gpu_time: edition -> published time of a run.
      reference: id of the published curves; None if the task has no curves.
      published: whether the papers report this task.
      sparse: whether rewards are so rare that a slow start is expected.
      reason, reason_source: why the task is sparse, and the id of the source that states it.
    """

    name: str
    suite: str
    title: str
    observation: str
    default_edition: Edition
    default_reason: str
    editions: Editions
    sources: dict[str, Citation]
    gpu_time: dict[Edition, GpuTime]
    reference: str | None
    published: bool
    sparse: bool
    reason: str
    reason_source: str

    def values(self, edition: Edition | None = None) -> dict[str, Sourced]:
        """Returns dotted RunConfig key -> value for an edition, by default the suite's default edition.

        Raises:
          KeyError: the edition publishes nothing for this task; `editions` lists those that do.
        """
        return self.editions[edition or self.default_edition]

    def updates_per_1000_frames(self, edition: Edition | None = None) -> float | None:
        """Returns the gradient updates per 1000 environment frames at batch 16 x 64; None without a ratio or repeat.

        One update replays 16 x 64 agent steps and one agent step is `action_repeat` frames.
        """
        values = self.values(edition)
        ratio, repeat = values.get("run.train_ratio"), values.get("env.action_repeat")
        if ratio is None or repeat is None:
            return None
        return 1000 * float(ratio.value) / (16 * 64 * int(repeat.value))


def data_dir() -> Path:
    """Returns the folder of the suite files: inside the installed package, or at the top of a checkout."""
    package = Path(__file__).resolve().parent.parent
    packaged = package / "task_defaults"
    return packaged if packaged.is_dir() else package.parent / "task_defaults"


@cache
def prefixes() -> dict[str, tuple[str, ...]]:
    """Task prefix -> suites that have such tasks; a task belongs by default to the first.

    A suite is a file in `data_dir`; only the lines at its top are read here.
    """
    found: dict[str, list[str]] = {}
    for _, suite, names in sorted(_head(path) for path in data_dir().glob("*.yaml")):
        for name in names:
            found.setdefault(name, []).append(suite)
    return {name: tuple(suites) for name, suites in found.items()}


def _head(path: Path) -> tuple[int, str, tuple[str, ...]]:
    """Order, name and task prefixes of a suite file, its own prefix first."""
    with path.open(encoding="utf-8") as stream:
        lines = dict(_LINE.findall(stream.read(_HEAD)))
    names = [lines.get("prefix", path.stem), *lines.get("other_prefixes", "").strip("[]").split(",")]
    return int(lines.get("order", _LAST)), path.stem, tuple(dict.fromkeys(name.strip(" \"'") for name in names if name))


def suite_names() -> list[str]:
    """Returns all suites, in the order in which a task is looked up."""
    return list(dict.fromkeys(suite for suites in prefixes().values() for suite in suites))


def check_suite(suite: str) -> None:
    """Checks that a suite exists.

    Raises:
      UnknownTask: there is no such suite; names the nearest suites.
    """
    if suite not in suite_names():
        what = f"unknown suite {suite!r}, known are {', '.join(suite_names())}"
        raise UnknownTask(what, _nearest(suite, suite_names()))


@cache
def load_suite(suite: str) -> SuiteDefaults:
    """Reads and checks one suite file.

    Raises:
      KeyError: there is no such suite; `suite_names` lists them.
      TypeError, ValueError: the file is invalid.
    """
    if suite not in suite_names():
        raise KeyError(suite)
    import yaml

    loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    text = (data_dir() / f"{suite}.yaml").read_text(encoding="utf-8")
    return read_suite(yaml.load(text, Loader=loader))


def task_names(suite: str | None = None) -> list[str]:
    """Returns the tasks of one suite, or of all suites without duplicates, in file order."""
    suites = suite_names() if suite is None else [suite]
    return list(dict.fromkeys(task for name in suites for task in load_suite(name).tasks))


def find_task(name: str, suite: str | None = None) -> TaskDefaults:
    """Returns the published defaults of a task.

    Args:
      name: task as danijar/dreamerv3 writes it, for example ``dmc_walker_walk``; aliases are accepted.
      suite: suite to use if several have the task, for example ``dmc_vision``.

    Raises:
      UnknownTask: no suite or not the given suite has the task, or there is no such suite.
    """
    if suite is not None:
        check_suite(suite)
    suites = prefixes().get(name.split("_", 1)[0], ()) if suite is None else (suite,)
    for candidate in suites:
        data = load_suite(candidate)
        key = _entry_name(name, data)
        if key is not None:
            return _merged(key, _with_setting_number(name, key), data)
    where = f" in suite {suite}" if suite else ""
    known = (task for candidate in suites or suite_names() for task in load_suite(candidate).tasks)
    raise UnknownTask(f"unknown task {name!r}{where}", _nearest(name, known))


def _entry_name(name: str, data: SuiteDefaults) -> str | None:
    """Returns the suite's name of a task, found by name, alias, other prefix or other setting number (bsuite)."""
    prefix, _, rest = name.partition("_")
    if prefix != data.prefix and data.suite in prefixes().get(prefix, ()):
        name = f"{data.prefix}_{rest}"
    if name in data.tasks:
        return name
    base, _, number = name.partition("/")
    if number.isdigit() and f"{base}/0" in data.tasks:
        return f"{base}/0"
    return next((task for task, entry in data.tasks.items() if name in entry.aliases), None)


def _with_setting_number(name: str, key: str) -> str:
    """Returns `key` with the requested setting number: bsuite_mnist/3 has the entry bsuite_mnist/0."""
    number = name.partition("/")[2]
    return f"{key.partition('/')[0]}/{number}" if number else key


def _nearest(name: str, known: Iterable[str]) -> tuple[str, ...]:
    names = dict.fromkeys(known)
    parts = tuple(task for task in names if f"_{name}_" in f"_{task}_")
    if 0 < len(parts) <= _MOST_PARTS:
        return parts
    close = difflib.get_close_matches(name, names, n=3, cutoff=0.6)
    return tuple(task for task in close if _alike_without_prefix(name, task))


def _alike_without_prefix(name: str, task: str) -> bool:
    """Returns whether names of one prefix are also alike after it: ``dmc_nothing`` is near no task of ``dmc``."""
    (prefix, _, rest), (other, _, known) = name.partition("_"), task.partition("_")
    return prefix != other or not known or difflib.SequenceMatcher(None, rest, known).ratio() >= _ALIKE


def _merged(key: str, name: str, data: SuiteDefaults) -> TaskDefaults:
    entry = data.tasks[key]
    names = dict.fromkeys((*data.editions, *entry.editions))
    editions = {name: {**data.editions.get(name, {}), **entry.editions.get(name, {})} for name in names}
    used = cited(editions) | {time.source for time in data.gpu_time.values()} | {entry.source}
    return TaskDefaults(
        name=name,
        suite=data.suite,
        title=data.title,
        observation=data.observation,
        default_edition=data.default_edition,
        default_reason=data.default_reason,
        editions=editions,
        sources={source: text for source, text in data.sources.items() if source in used},
        gpu_time=data.gpu_time,
        reference=data.reference if entry.published else None,
        published=entry.published,
        sparse=entry.sparse,
        reason=entry.reason,
        reason_source=entry.source,
    )
