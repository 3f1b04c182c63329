"""The layers of a run of the bundled trainer, and the problems of merging them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, cast

from dreamerguard.core.finding import Problem
from dreamerguard.core.setting import Layer, Setting, UnknownKey
from dreamerguard.core.source import Label, Origin, Value
from dreamerguard.programs.shared.published_task import task_layers

from .assignments import Assignment, fits, spelled_twice
from .keys import FREE_KEYS, is_free_key, native_keys
from .runnable import MAKER

if TYPE_CHECKING:
    from dreamerguard.schema.published_editions import Edition
    from dreamerguard.schema.tasks import TaskDefaults

_SCHEMA = Origin("schema of the bundled trainer", detail="dreamerguard explain KEY")
_TASKS = Origin("published task defaults", detail="dreamerguard tasks TASK")
_UNPUBLISHED = Origin(
    "danijar/dreamerv3 at e3f0224",
    "https://github.com/danijar/dreamerv3/blob/e3f0224/dreamerv3/configs.yaml",
    "dreamerv3/configs.yaml, preset defaults",
)
#: Settings of tasks without published values, and of custom environments.
OWN_DEFAULTS: dict[str, Value] = {"run.train_ratio": 32.0, "env.action_repeat": 1}
_SIZES = Origin("danijar/dreamerv3 at e3f0224, presets size1m to size400m", detail="dreamerv3/configs.yaml")


@dataclass
class NativeLayers:
    """The layers of a run during merging."""

    problems: list[Problem]
    user: dict[str, list[Layer]] = field(default_factory=dict)
    built_in: dict[str, list[Layer]] = field(default_factory=dict)
    unknown: list[UnknownKey] = field(default_factory=list)

    def add_user_layers(self, files: list[Iterator[Assignment]], command: Iterator[Assignment]) -> None:
        """Adds the layers of the files and of the command line, the strongest last."""
        for items in map(list, files):
            reported = {problem.label.span for problem in self.problems}
            self.problems += [twice for twice in spelled_twice(items) if twice.label.span not in reported]
            self._add(items)
        self._add(list(command))

    def _add(self, items: list[Assignment]) -> None:
        keys = native_keys()
        sections = {key.rpartition(".")[0] for key in keys} - {""} | {"loss", *FREE_KEYS}
        for item in items:
            if item.key in keys:
                self._add_known(item)
            elif is_free_key(item.key):
                self._add_free(item)
            elif item.key in sections:
                self._add_section(item)
            else:
                self.unknown.append(UnknownKey(item.key, item.value, item.span, item.key_span))

    def _add_known(self, item: Assignment) -> None:
        key = native_keys()[item.key]
        problem = fits(key, item)
        if problem is not None:
            self.problems.append(problem)
        else:
            self.user.setdefault(item.key, []).append(item.layer(key.convert(item.value)))

    def _add_free(self, item: Assignment) -> None:
        if item.nested:
            message = f"{item.key} is a nested list; arguments are plain values, lists of them, and mappings"
            self.problems.append(Problem("wrong-type", message, Label(item.span), item.key))
        else:
            self.user.setdefault(item.key, []).append(item.layer(item.value))

    def _add_section(self, item: Assignment) -> None:
        if item.value is None:
            return  # an empty section, for example one with all its lines commented out
        members = [key for key in native_keys() if key.startswith(f"{item.key}.")]
        message = f"{item.key} is a group of settings, not a value"
        text = f"settings of the group are {', '.join(members[:3])}{', ...' if len(members) > 3 else ''}"
        if item.key in FREE_KEYS:
            text = f"its keys are arguments of the environment: {item.key}.NAME=VALUE"
        self.problems.append(Problem("wrong-type", message, Label(item.span), item.key, help=text))

    def value(self, key: str) -> Value:
        """Returns the value that the user wrote for a key; None without one."""
        layers = self.user.get(key)
        return layers[-1].value if layers else None

    def find_task(self) -> tuple[TaskDefaults | None, Edition | None]:
        """Returns the published defaults of the task and the edition of the run; problems are added to `problems`."""
        from dreamerguard.schema.suites import has_free_names
        from dreamerguard.schema.tasks import UnknownTask, find_task, suite_names

        name, suite = self.value("task"), self.value("suite")
        known_suite = suite if isinstance(suite, str) and suite in suite_names() else None
        if suite is not None and known_suite is None:
            self._problem("unknown-suite", "suite", f"suite {suite!r} does not exist")
        if not isinstance(name, str):
            return None, None
        try:
            task = find_task(name, known_suite)
        except UnknownTask as error:
            maker = self.value(MAKER) is not None or any(problem.key == MAKER for problem in self.problems)
            if known_suite is None and (has_free_names(name) or maker):
                return None, None
            where = f" in suite {known_suite}" if known_suite else ""
            confused = _names_suite(name)
            suggestions = () if confused else error.suggestions
            self._problem("unknown-task", "task", confused or f"task {name!r} does not exist{where}", *suggestions)
            return None, None
        if self.value(MAKER) is not None:
            self._own_name(name)
            return None, None
        task = self._seen_as(task, name) if suite is None else task
        edition = self.value("edition")
        if edition is None or edition in task.editions:
            return task, edition or task.default_edition
        known = ", ".join(task.editions)
        self._problem(
            "unpublished-edition",
            "edition",
            f"edition {edition} has no values for {task.name}; editions with values: {known}",
        )
        return task, task.default_edition

    def _own_name(self, name: str) -> None:
        """Adds a problem: a custom environment has the name of a published task, with whose scores it would compare."""
        layer = self.user[MAKER][-1]
        if layer.span is not None:
            self.problems.append(
                Problem(
                    "inconsistent-settings",
                    f"env.make makes another environment, but {name} is a published task",
                    Label(layer.span),
                    MAKER,
                    help="give your environment a task name of your own",
                )
            )

    def _seen_as(self, task: TaskDefaults, name: str) -> TaskDefaults:
        """Returns the task in the suite with the observation that the user set, if several suites have the task."""
        from dreamerguard.schema.tasks import UnknownTask, find_task, prefixes

        wanted = self.value("env.observation")
        for suite in prefixes().get(name.split("_", 1)[0], ()) if wanted is not None else ():
            try:
                other = find_task(name, suite)
            except UnknownTask:
                continue
            seen = other.values().get("env.observation")
            if seen is not None and seen.value == wanted:
                return other
        return task

    def _problem(self, rule: str, key: str, message: str, *suggestions: str) -> None:
        span = self.user[key][-1].span
        if span is not None:
            self.problems.append(
                Problem(rule, message, Label(span), key, help=", ".join(suggestions), value=self.value(key))
            )

    def add_built_in_layers(self, task: TaskDefaults | None, edition: Edition | None) -> None:
        """Adds the layers of the schema, the published values and the size, the strongest last."""
        from dreamerguard.schema import SIZES

        for path, key in native_keys().items():
            if key.default is not None or key.optional:
                self.built_in[path] = [Layer("schema", "schema default", key.default, _SCHEMA)]
        if task is not None and edition is not None:
            for path, value in (("suite", task.suite), ("edition", edition)):
                self.built_in[path].append(Layer("suite", f"default of {task.name}", value, _TASKS))
            for path, layer in task_layers(task, edition):
                if path in self.built_in:
                    self.built_in[path].append(replace(layer, value=native_keys()[path].convert(layer.value)))
        elif self._has_own_environment():
            for path, default in OWN_DEFAULTS.items():
                self.built_in[path].append(Layer("defaults", "tasks without published values", default, _UNPUBLISHED))
        size = (self.user.get("size") or self.built_in["size"])[-1]
        for name, width in SIZES[cast("Any", size.value)].items():
            self.built_in[f"model.{name}"].append(Layer("size", str(size.value), width, _SIZES))

    def _has_own_environment(self) -> bool:
        from dreamerguard.schema.suites import has_free_names

        name = self.value("task")
        return isinstance(name, str) and (has_free_names(name) or self.value(MAKER) is not None)

    def settings(self) -> dict[str, Setting]:
        """Returns every key that has a value, with its layers."""
        return {
            key: Setting(key, tuple(chain))
            for key in [*native_keys(), *(key for key in self.user if is_free_key(key))]
            if (chain := [*self.built_in.get(key, []), *self.user.get(key, [])])
        }


def _names_suite(name: str) -> str:
    """Returns what to write instead of an id of a library, a suite, or a suite in front of a task; else empty."""
    from dreamerguard.schema.suites import as_free_name
    from dreamerguard.schema.tasks import load_suite, suite_names

    if written := as_free_name(name):
        return f"task {name!r} does not exist; write the environment of Gymnasium as {written}"
    suites = [suite for suite in suite_names() if name == suite or name.startswith(f"{suite}_")]
    if not suites:
        return ""
    suite = max(suites, key=len)
    data = load_suite(suite)
    if name == suite:
        return (
            f"{name!r} is a suite, not a task; write one of its tasks, such as {next(iter(data.tasks))} suite={suite}"
        )
    task = f"{data.prefix}{name.removeprefix(suite)}"
    return f"task {name!r} does not exist; write {task} suite={suite}" if task in data.tasks and task != name else ""
