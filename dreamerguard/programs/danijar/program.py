"""danijar/dreamerv3 in its three editions, and its forks: ``python dreamerv3/main.py --configs crafter --seed 1``.

Layers, the weakest first: the block ``defaults``, the presets of ``--configs`` in their order, flags. The
``configs.yaml`` of a checkout defines its keys. If it cannot be read, upstream's keys and presets of the command's
edition are used instead, and a key that they lack is not reported as an error.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Any

from dreamerguard.core.budget import Budget, Purpose
from dreamerguard.core.finding import Problem
from dreamerguard.core.machine import Machine
from dreamerguard.core.published import PublishedRun
from dreamerguard.core.run import ResolvedRun, Units
from dreamerguard.core.setting import Preset, Role
from dreamerguard.core.source import Label, Span, Value
from dreamerguard.programs.base import Program, PublishedSettings
from dreamerguard.programs.shared.checkout import PythonCheckout, find_checkout, is_foreign, trains
from dreamerguard.programs.shared.key_tables import make_keys
from dreamerguard.programs.shared.known_tasks import check_task
from dreamerguard.programs.shared.limits import beyond_limits, role_limits
from dreamerguard.programs.shared.preset_file import PresetFile, locate, names_task, read_presets, without_task
from dreamerguard.programs.shared.preset_values import flatten
from dreamerguard.programs.shared.python_call import PythonCall, is_open, read_call
from dreamerguard.programs.shared.task_names import judged_task, suite_of
from dreamerguard.sources.argv import Command, Word

from .budget import ENDLESS, danijar_budget
from .editions import EDITIONS, SUITES_MADE, Edition, edition_of_keys, edition_of_words, suite_of_preset
from .flags import Flags, read_flags
from .keys import CONDITIONS, LIMITS, renames_for
from .layers import DanijarLayers
from .published import build_reference, preset_values, repeat_of
from .replay_memory import replay_bytes_of

_SCRIPTS = ("main.py", "train.py")
_OTHERS = ("dreamerv2", "dreamerv1", "daydreamer", "director")
#: Run scripts that play; a fork's script that trains from stored episodes has no environments.
_ONLINE = ("train", "train_eval", "train_save", "train_holdout", "parallel", "train_with_viz")
#: Share of the published length. A shorter run is also judged by its length; above it, a short length is a choice.
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
        """Args: edition: edition of the keys to use without a preset file; by default found from the command."""
        self.edition = edition

    def detect(self, command: Command, folder: Path) -> str | None:
        """Recognises a Python script with ``--configs``, or the program's own script with its flags."""
        call = read_call(command)
        if call is None or call.hydra or any(other in call.script for other in _OTHERS):
            return None
        if is_foreign(call, folder):
            return None
        home = PurePosixPath(call.script).parent.name
        own = home.startswith("dreamerv3") and call.file in _SCRIPTS
        dotted = any(word.text.startswith("--") and "." in word.text.partition("=")[0] for word in call.words)
        torch = call.file == "dreamer.py" or "torch" in call.script
        if own or (
            not torch and call.has("--configs") and (call.file in _SCRIPTS or dotted or call.file.startswith("train_"))
        ):
            return f"{call.script} has the flags of danijar/dreamerv3"
        if call.has("--configs") and locate(call.script, folder, _fits, flatten) is not None:
            return f"the presets beside {call.script} are those of danijar/dreamerv3"
        return None

    def resolve(self, command: Command, machine: Machine, folder: Path) -> ResolvedRun:
        """Merges the checkout's presets, or upstream's, with the flags."""
        call = read_call(command)
        assert call is not None
        flags = read_flags(call.words)
        file = locate(call.script, folder, _fits, flatten)
        run = _resolve(call, flags, file, command, machine, self.edition, find_checkout(file, call, folder))
        return run if trains(call) else replace(run, reference=None, given=run.given | {"logdir"})

    def can_read(self, command: Command) -> bool:
        """Returns whether the command starts a Python script."""
        return read_call(command) is not None

    def of_edition(self, edition: str) -> Danijar:
        """Returns this program with the keys and presets of one edition."""
        return Danijar(edition)

    def presets(self, path: Path, name: str) -> PresetFile | None:
        """Reads a preset file; returns None if it does not hold presets of this program."""
        file = read_presets(path, name, flatten)
        return file if file is not None and _fits(file) else None

    def resolve_presets(self, file: PresetFile, machine: Machine) -> list[ResolvedRun]:
        """Returns the run of the program with each preset of a file alone; findings point into the file."""
        call = PythonCall("main.py", ())
        edition = EDITIONS[self.edition] if self.edition is not None else _edition(call, _NO_FLAGS, file)
        base, runs, checkout = _defaults(edition, file), [], find_checkout(file, None, Path())
        for block, place in ((block, file.names[block]) for block in file.blocks):
            flags = replace(_NO_FLAGS, presets=(Word(block, place, 0),))
            runs.append(_finish(base.copy(), edition, flags, file, place, machine, checkout, whole=True))
        return runs

    def published_settings(
        self, stored: Mapping[str, Any], task: str, suite: str, edition: str
    ) -> PublishedSettings | None:
        """Returns upstream's preset for the suite, in the edition of the stored keys; None without such a preset."""
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
    checkout: PythonCheckout | None,
) -> ResolvedRun:
    edition = EDITIONS[chosen] if chosen is not None else _edition(call, flags, file)
    draft = _defaults(edition, file)
    return _finish(draft, edition, flags, file, _anchor(flags, command), machine, checkout, whole=False)


def _defaults(edition: Edition, file: PresetFile | None) -> DanijarLayers:
    """Returns the first layer: the defaults of the checkout, or upstream's."""
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
    """Adapts the message of a duplicate key, at which the program's YAML reader stops."""
    if problem.rule != "duplicate-key":
        return problem
    text = f"{problem.key} is set twice: the program's YAML reader refuses the whole file"
    return Problem(problem.rule, text, problem.label, problem.key, problem.secondary, problem.help)


def _add_presets(draft: DanijarLayers, edition: str, flags: Flags, file: PresetFile | None) -> list[Preset]:
    shipped = draft.table.presets
    presets: list[Preset] = []
    for word in flags.presets:
        name = word.text
        if name == "defaults" and not presets:
            continue  # always applied first
        before = draft.settings.copy()
        blocks = {**file.blocks, "defaults": file.defaults} if file is not None and file.blocks else None
        known = name in (blocks if blocks is not None else {*shipped, "defaults"})
        if known and blocks is not None:
            draft.add_preset(name, blocks[name])
        elif known:
            draft.add_shipped(name)
        keys = tuple(key for key, setting in draft.settings.items() if setting is not before[key])
        suite = suite_of_preset(edition, name)
        presets.append(Preset(name, word.span, known, name in shipped or name == "defaults", keys, suite))
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
    checkout: PythonCheckout | None,
    *,
    whole: bool,
) -> ResolvedRun:
    presets = _add_presets(draft, edition.name, flags, file)
    draft.problems += flags.problems
    draft.add_flags(flags.flags)
    values = draft.current()
    task = judged_task(str(values.get("task") or ""), presets)
    complete = not flags.open_presets and all(preset.known for preset in presets) and _has_ratio(values)
    complete = complete and (bool(presets) or not whole)  # the defaults alone do not make a run
    budget = danijar_budget(edition.name, values.get, repeat_of(values, task)) if complete else None
    named = not whole or names_task(draft.settings.get("task"), presets)
    reference = None
    if complete and named and not is_open(suite_of(task)) and not _sidelined(edition, values, task, presets):
        asked = tuple(preset.name for preset in presets)
        reference = build_reference(edition.name, values, task, asked, budget)
    roles = _roles(edition, values, task)
    own = (*file.blocks, *draft.settings) if file is not None else ()
    familiar = named and all(preset.known for preset in presets)
    strange = check_task(draft.settings.get("task"), SUITES_MADE, own) if familiar else None
    draft.problems += [strange] if strange is not None else []
    online = str(values.get(edition.script, "train")) in _ONLINE
    limited: dict[Role, str] = roles if online else {role: key for role, key in roles.items() if role != "envs"}
    draft.problems += beyond_limits(draft.settings, (*role_limits(limited), *LIMITS), draft.problems)
    if checkout is not None:
        draft.keys = checkout.keys(draft.keys, draft.settings, (), whole=whole)
        draft.unknown = checkout.unknown(draft.unknown, draft.keys)
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
        trains=not str(values.get(edition.script, "train")).startswith("eval"),
        files=(file.source.name,) if file is not None else (),
        overrides=len(flags.flags),
        given=checkout.given() if checkout is not None else frozenset(),
    )


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
    """Returns whether no published run is comparable: debugging, evaluation, collecting, or another suite's preset."""
    suites = [preset.suite for preset in presets if preset.suite]
    if suites and suites[-1] != suite_of(task):
        return True
    asked = [preset.name for preset in presets]
    script = str(values.get(edition.script, "train"))
    return "debug" in asked or script.startswith("eval") or script.endswith(("_env", "_envs", "_replay"))


def _purpose(
    edition: Edition, values: Mapping[str, Value], budget: Budget | None, theirs: PublishedRun | None
) -> Purpose:
    """Returns ``short`` if the length is not comparable: endless, ignored, or shorter than published by choice."""
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
