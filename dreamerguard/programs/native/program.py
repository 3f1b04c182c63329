"""Runs of the bundled trainer: ``dreamerguard train TASK [run.yaml ...] [key=value ...]``.

Layers, the weakest first: the schema's defaults, the suite's and the task's published values in the run's edition, the
named size, files in the order given, the command line. A more specific key has priority: ``model.deter`` overrides
``size``, whichever layer sets the size.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from dreamerguard.core.budget import Purpose
from dreamerguard.core.finding import Problem
from dreamerguard.core.machine import UNKNOWN, Machine
from dreamerguard.core.run import ResolvedRun, nothing
from dreamerguard.core.setting import Role, Setting
from dreamerguard.core.source import Label, Origin, Span, Value
from dreamerguard.programs.interface import FileCommand, Program, PublishedSettings
from dreamerguard.programs.shared.published_task import build_reference
from dreamerguard.sources.argv import Command, read_command
from dreamerguard.sources.files import read_source
from dreamerguard.sources.values.nodes import Document
from dreamerguard.sources.values.yaml import read_yaml

from .arguments import Arguments, read_native, start_of_arguments
from .assignments import from_arguments, from_document
from .keys import NATIVE_CONDITIONS, NATIVE_RENAMES, native_keys
from .layers import NativeLayers
from .run_config import build_config, inconsistent, native_budget, native_replay_bytes, native_thresholds
from .run_files import is_run_file
from .runnable import MAKER, runnable_problems, unreported_problems

if TYPE_CHECKING:
    from dreamerguard.schema.published_editions import Edition
    from dreamerguard.schema.tasks import TaskDefaults

ROLES: dict[Role, str] = {
    "task": "task",
    "suite": "suite",
    "edition": "edition",
    "size": "size",
    "purpose": "purpose",
    "frames": "run.frames",
    "train_ratio": "run.train_ratio",
    "envs": "run.envs",
    "action_repeat": "env.action_repeat",
    "image_size": "env.image_size",
    "capacity": "replay.capacity",
    "batch_size": "replay.batch_size",
    "batch_length": "replay.batch_length",
    "deter": "model.deter",
    "platform": "runtime.platform",
}


class Native(Program):
    """The bundled trainer."""

    name = "native"

    def detect(self, command: Command, folder: Path) -> str | None:
        """Recognises ``dreamerguard train`` and ``dreamerguard lint``, at any path and after any other words."""
        return None if start_of_arguments(command) is None else "the command runs dreamerguard"

    def resolve(self, command: Command, machine: Machine, folder: Path) -> ResolvedRun:
        """Reads the command's files, merges the layers and checks the result against the schema."""
        arguments = read_native(command)
        documents, problems = _read_files(arguments, folder)
        draft = NativeLayers(problems=[*problems, *arguments.problems])
        draft.add_user_layers([from_document(document) for document in documents], from_arguments(arguments))
        task, edition = draft.find_task()
        draft.add_built_in_layers(task, edition)
        settings = draft.settings()
        return _finish(draft, settings, command, documents, arguments, machine, task, edition)

    def file_commands(self, path: Path, name: str, text: str) -> Iterator[FileCommand]:
        """Yields the command that lints a run file alone."""
        if is_run_file(text):
            yield FileCommand(("dreamerguard", "lint", path.name), path.parent)

    def log_directory(self, run: ResolvedRun, named: str | None) -> str | None:
        """Returns the directory in the command, or the one that the trainer derives from the configuration."""
        if named is not None or run.config is None:
            return named
        from .run_directory import default_directory

        return str(default_directory(run.config))

    def published_settings(
        self, stored: Mapping[str, Any], task: str, suite: str, edition: str
    ) -> PublishedSettings | None:
        """Returns the defaults of the task in an edition; None if they are not a valid run."""
        from .run_directory import flatten_config

        words = ["dreamerguard", "train", task, f"suite={suite}", f"edition={edition}"]
        run = self.resolve(read_command(words), UNKNOWN, Path())
        if run.config is None:
            return None
        origins = {}
        for key, setting in run.settings.items():
            origin = setting.last.origin
            if isinstance(origin, Origin):
                origins[key] = (str(origin), origin.url)
        values = flatten_config(run.config.model_dump(mode="json"))
        return PublishedSettings(f"the defaults of {task}, edition {edition}", values, origins)


PROGRAM = Native()


def _read_files(arguments: Arguments, folder: Path) -> tuple[list[Document], list[Problem]]:
    documents: list[Document] = []
    problems: list[Problem] = []
    for word in arguments.files:
        source, unreadable = read_source(folder / word.text if not Path(word.text).is_absolute() else Path(word.text))
        named = replace(source, name=word.text)
        if unreadable is not None:
            problems.append(replace(unreadable, label=Label(named.span(0))))
            continue
        document = read_yaml(named)
        documents.append(document)
        problems += document.problems
    return documents, problems


def _finish(
    draft: NativeLayers,
    settings: dict[str, Setting],
    command: Command,
    documents: list[Document],
    arguments: Arguments,
    machine: Machine,
    task: TaskDefaults | None,
    edition: Edition | None,
) -> ResolvedRun:
    anchor = _anchor(settings, command, documents)
    open_task = not all(word.known for word in command.words)  # an argument that only the shell knows may name the task
    if "task" not in settings and not open_task and not any(problem.key == "task" for problem in draft.problems):
        draft.problems.append(Problem("missing-task", "the run names no task", Label(anchor), "task"))
    if not draft.problems and not draft.unknown:
        draft.problems += inconsistent(settings, anchor)
    clean = not draft.problems and not draft.unknown
    unknown_task = any(problem.key in ("task", MAKER) for problem in draft.problems)
    cannot_run = () if unknown_task else tuple(runnable_problems(settings, anchor, machine))
    budget, frames = native_budget(settings), settings["run.frames"].number
    run = ResolvedRun(
        dialect=Native.name,
        anchor=anchor,
        settings=settings,
        roles=ROLES,
        keys=native_keys(),
        unknown=tuple(draft.unknown),
        problems=(*draft.problems, *cannot_run, *unreported_problems(task, settings, anchor)),
        budget=budget,
        replay_bytes=native_replay_bytes(settings, budget, machine.gpus == 0) if budget is not None else None,
        reference=build_reference(task, edition, frames) if task and edition else None,
        purpose=cast(Purpose, settings["purpose"].value),
        thresholds=native_thresholds(settings),
        machine=machine,
        load_config=cache(partial(build_config, settings)) if clean else nothing,
        files=tuple(document.source.name for document in documents),
        sources=tuple(document.source for document in documents),
        overrides=len(arguments.overrides),
    )
    return _with_vocabulary(run)


def _with_vocabulary(run: ResolvedRun) -> ResolvedRun:
    """Adds the facts that are the same for every run: renamed keys, conditions, suites and sizes."""
    from dreamerguard.schema import SIZES
    from dreamerguard.schema.tasks import suite_names

    widths: dict[str, dict[str, Value]] = {
        name: {f"model.{key}": value for key, value in sizes.items()} for name, sizes in SIZES.items()
    }
    conditions = (
        NATIVE_CONDITIONS
        if run.reference is not None
        else tuple(item for item in NATIVE_CONDITIONS if item.other != "env.observation")
    )  # a custom environment may observe images in any case
    return replace(run, renamed=NATIVE_RENAMES, conditions=conditions, suites=tuple(suite_names()), widths=widths)


def _anchor(settings: Mapping[str, Setting], command: Command, documents: list[Document]) -> Span:
    task = settings.get("task")
    if task is not None and task.last.span is not None:
        return task.last.span
    if documents:
        return documents[0].source.span(0)
    return command.span
