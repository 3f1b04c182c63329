"""danijar/dreamerv3 in its three editions, and its forks: ``python dreamerv3/main.py --configs crafter --seed 1``.

Layers, the weakest first: the block ``defaults``, the presets of ``--configs`` in their order, flags. A checkout's own
``configs.yaml`` is the truth for its keys; where it cannot be seen, upstream's keys and presets of the edition that
the command was written for stand in, and what they do not know is not called wrong.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Any

from dreamerguard.core.budget import Budget, Purpose
from dreamerguard.core.machine import Machine
from dreamerguard.core.model import Label, Problem, Span, Value
from dreamerguard.core.run import Preset, PublishedRun, ResolvedRun, Role, Units
from dreamerguard.programs.base import Program, PublishedSettings
from dreamerguard.programs.shared.key_tables import make_keys
from dreamerguard.programs.shared.preset_file import PresetFile, locate, names_task, read_presets, without_task
from dreamerguard.programs.shared.preset_values import flatten
from dreamerguard.programs.shared.python_call import PythonCall, is_open, read_call
from dreamerguard.programs.shared.task_names import suite_of
from dreamerguard.sources.argv import Command, Word

from .budget import ENDLESS, danijar_budget
from .editions import EDITIONS, Edition, edition_of_keys, edition_of_words, suite_of_preset
from .flags import Flags, read_flags
from .keys import CONDITIONS, renames_for
from .layers import DanijarLayers
from .published import build_reference, preset_values, repeat_of
from .replay_memory import replay_bytes_of

_SCRIPTS = ("main.py", "train.py")
_OTHERS = ("dreamerv2", "dreamerv1", "daydreamer", "director")
#: A run shorter than this share of the published one is judged by its length too; above it, the length is a choice.
_SHORT = 0.2
#: Beginnings of keys that do not change training.
_NOT_TRAINING = (
    "run.report", "run.usage.", "usage.", "jax.", "task", "logger", "errfile", "replica", "script", "method",
)  # fmt: skip


class Danijar(Program):
    """danijar/dreamerv3 and its forks."""

    name = "danijar"
    editions = tuple(EDITIONS)

    def __init__(self, edition: str | None = None) -> None:
        """``edition`` settles which keys stand in where no file is seen; by default the command's words tell."""
        self.edition = edition

    def detect(self, command: Command, folder: Path) -> str | None:
        """Recognises a Python script with ``--configs``, or the program's own script with its flags."""
        call = read_call(command)
        if call is None or call.hydra or any(other in call.script for other in _OTHERS):
            return None
        home = PurePosixPath(call.script).parent.name
        own = home.startswith("dreamerv3") and call.file in _SCRIPTS
        dotted = any(word.text.startswith("--") and "." in word.text.partition("=")[0] for word in call.words)
        torch = call.file == "dreamer.py" or "torch" in call.script
        if own or (
            not torch and call.has("--configs") and (call.file in _SCRIPTS or dotted or call.file.startswith("train_"))
        ):
            return f"{call.script} takes danijar/dreamerv3's flags"
        if call.has("--configs") and locate(call.script, folder, _fits, flatten) is not None:
            return f"the presets beside {call.script} are danijar/dreamerv3's"
        return None

    def resolve(self, command: Command, machine: Machine, folder: Path) -> ResolvedRun:
        """Merges the checkout's presets, or upstream's, with the flags."""
        call = read_call(command)
        assert call is not None
        flags = read_flags(call.words)
        file = locate(call.script, folder, _fits, flatten)
        return _resolve(call, flags, file, command, machine, self.edition)

    def can_read(self, command: Command) -> bool:
        """Whether the command starts a Python script."""
        return read_call(command) is not None

    def of_edition(self, edition: str) -> Danijar:
        """This program with the keys and presets of one edition."""
        return Danijar(edition)

    def presets(self, path: Path, name: str) -> PresetFile | None:
        """The file, if it holds presets of this program."""
        file = read_presets(path, name, flatten)
        return file if file is not None and _fits(file) else None

    def resolve_presets(self, file: PresetFile, machine: Machine) -> list[ResolvedRun]:
        """What the program would run with each preset of a file alone; findings point into the file."""
        call = PythonCall("main.py", ())
        edition = EDITIONS[self.edition] if self.edition is not None else _edition(call, _NO_FLAGS, file)
        base, runs = _defaults(edition, file), []
        for block, place in ((block, file.names[block]) for block in file.blocks):
            flags = replace(_NO_FLAGS, presets=(Word(block, place, 0),))
            runs.append(_finish(base.copy(), edition, flags, file, place, machine, whole=True))
        return runs

    def published_settings(
        self, stored: Mapping[str, Any], task: str, suite: str, edition: str
    ) -> PublishedSettings | None:
        """Upstream's preset for the suite, in the edition that the stored keys belong to."""
        own = edition_of_keys(stored)
        table = EDITIONS[own].load() if own is not None else None
        if table is None or suite not in table.presets:
            return None
        origin, values = table.origin(suite), preset_values(table, suite)
        origins = dict.fromkeys(values, (str(origin), origin.url))
        return PublishedSettings(f"preset {suite} of {table.title}", values, origins, _NOT_TRAINING)


PROGRAM = Danijar()


_NO_FLAGS = Flags((), (), (), False, None)


def _fits(file: PresetFile) -> bool:
    return edition_of_keys(file.defaults) is not None


def _resolve(
    call: PythonCall,
    flags: Flags,
    file: PresetFile | None,
    command: Command,
    machine: Machine,
    chosen: str | None,
) -> ResolvedRun:
    edition = EDITIONS[chosen] if chosen is not None else _edition(call, flags, file)
    draft = _defaults(edition, file)
    return _finish(draft, edition, flags, file, _anchor(flags, command), machine, whole=False)


def _defaults(edition: Edition, file: PresetFile | None) -> DanijarLayers:
    """The first layer: the checkout's defaults, or upstream's."""
    draft = DanijarLayers(edition.load(), seen=file is not None and bool(file.blocks))
    if file is not None and file.blocks:
        draft.add_defaults(file.defaults)
    else:
        draft.add_shipped("defaults")
    draft.problems[:0] = [_loader(problem) for problem in file.problems] if file is not None else []
    draft.keys = make_keys(draft.current(), draft.table, edition.dead)
    draft.renamed = renames_for(draft.settings)
    return draft


def _edition(call: PythonCall, flags: Flags, file: PresetFile | None) -> Edition:
    found = edition_of_keys(file.defaults) if file is not None and file.blocks else None
    names = [flag.name for flag in flags.flags]
    return EDITIONS[found or edition_of_words(call.script, names, (word.text for word in flags.presets))]


def _loader(problem: Problem) -> Problem:
    """The program's YAML reader stops at a key that stands twice."""
    if problem.rule != "duplicate-key":
        return problem
    text = f"{problem.key} is set twice: the program's YAML reader refuses the whole file"
    return Problem(problem.rule, text, problem.label, problem.key, problem.secondary, problem.help)


def _add_presets(draft: DanijarLayers, edition: str, flags: Flags, file: PresetFile | None) -> list[Preset]:
    shipped = draft.table.presets
    presets: list[Preset] = []
    for word in flags.presets:
        name = word.text
        if name == "defaults":
            continue  # applied anyway, and first
        before = draft.settings.copy()
        known = name in file.blocks if file is not None and file.blocks else name in shipped
        if known and file is not None and file.blocks:
            draft.add_preset(name, file.blocks[name])
        elif known:
            draft.add_shipped(name)
        keys = tuple(key for key, setting in draft.settings.items() if setting is not before[key])
        suite = suite_of_preset(edition, name)
        presets.append(Preset(name, word.span, known, name in shipped, keys, suite))
        if not known:
            draft.problems.append(_unknown_preset(word, file, draft))
    return presets


def _unknown_preset(word: Word, file: PresetFile | None, draft: DanijarLayers) -> Problem:
    seen = file is not None and bool(file.blocks)
    names = list(file.blocks if file is not None and seen else draft.table.presets)
    where = file.source.name if file is not None and seen else draft.table.title
    return Problem(
        "unknown-preset",
        f"there is no preset {word.text} in {where}",
        Label(word.span),
        key=word.text,
        help=", ".join(name for name in names if name != "defaults"),
        place=word.span,
        value=seen,
    )


def _finish(
    draft: DanijarLayers,
    edition: Edition,
    flags: Flags,
    file: PresetFile | None,
    anchor: Span,
    machine: Machine,
    *,
    whole: bool,
) -> ResolvedRun:
    presets = _add_presets(draft, edition.name, flags, file)
    draft.problems += flags.problems
    draft.add_flags(flags.flags)
    values = draft.current()
    task = str(values.get("task") or "")
    complete = not flags.open_presets and all(preset.known for preset in presets) and _has_ratio(values)
    complete = complete and (bool(presets) or not whole)  # the defaults alone are no run
    budget = (
        danijar_budget(edition.name, values.get, repeat_of(values, _meant_task(task, presets))) if complete else None
    )
    named = not whole or names_task(draft.settings.get("task"), presets)
    reference = None
    meant = _meant_task(task, presets)
    if complete and named and not is_open(suite_of(meant)) and not _sidelined(edition, values, meant, presets):
        asked = tuple(preset.name for preset in presets)
        reference = build_reference(edition.name, values, meant, asked, budget)
    roles = _roles(edition, values, task)
    return ResolvedRun(
        dialect=Danijar.name,
        anchor=anchor,
        settings=draft.settings,
        roles=roles if named else without_task(roles),
        keys=draft.keys,
        renamed=draft.renamed,
        conditions=CONDITIONS,
        unknown=tuple(draft.unknown),
        problems=tuple(draft.problems),
        budget=budget,
        replay_bytes=replay_bytes_of(edition.name, values, task, budget),
        reference=reference,
        purpose=_purpose(edition, values, budget, reference),
        machine=machine,
        edition=edition.name,
        upstream=draft.table.title,
        presets=tuple(presets),
        constants=draft.table.defaults,
        seen=draft.seen,
        units=Units(length="agent steps"),
        whole=whole,
        files=(file.source.name,) if file is not None else (),
        overrides=len(flags.flags),
    )


def _meant_task(task: str, presets: list[Preset]) -> str:
    """Returns the task, or the suite of the last preset if the task is unknown: its tasks share most values."""
    suites = [preset.suite for preset in presets if preset.suite]
    if not is_open(task) or not suites:
        return task
    return f"{suites[-1]}_*" if is_open(suite_of(task)) else f"{suite_of(task)}_*"


def _has_ratio(values: Iterable[str]) -> bool:
    return any(key.endswith("train_ratio") and key.rpartition(".")[2] == "train_ratio" for key in values)


def _roles(edition: Edition, values: Mapping[str, object], task: str) -> dict[Role, str]:
    suite = suite_of(task)
    roles = dict(edition.roles)
    if f"env.{suite}.repeat" in values:
        roles["action_repeat"] = f"env.{suite}.repeat"
    if f"env.{suite}.size" in values:
        roles["image_size"] = f"env.{suite}.size"
    return roles


def _sidelined(edition: Edition, values: Mapping[str, object], task: str, presets: list[Preset]) -> bool:
    """Whether no published run compares: debugging, evaluation, collecting, or another benchmark's preset."""
    suites = [preset.suite for preset in presets if preset.suite]
    if suites and suites[-1] != suite_of(task):
        return True
    asked = [preset.name for preset in presets]
    script = str(values.get(edition.script, "train"))
    return "debug" in asked or script.startswith("eval") or script.endswith(("_env", "_envs", "_replay"))


def _purpose(
    edition: Edition, values: Mapping[str, Value], budget: Budget | None, theirs: PublishedRun | None
) -> Purpose:
    """``short`` where the length says nothing: no end, an ignored end, or a shorter end that the user wrote."""
    if budget is None or theirs is None:
        return "full"
    endless = budget.frames >= ENDLESS * budget.action_repeat or str(values.get(edition.script, "")) == "parallel"
    return "short" if endless or _SHORT * theirs.budget.frames <= budget.frames < theirs.budget.frames else "full"


def _anchor(flags: Flags, command: Command) -> Span:
    task = next((flag for flag in reversed(flags.flags) if flag.name == "task"), None)
    if task is not None:
        return task.span
    if flags.configs is not None:
        return flags.configs.span
    return command.source.span(0, len(command.source.text))
