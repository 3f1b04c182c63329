"""danijar/dreamerv3 in its three editions, and its forks: ``python dreamerv3/main.py --configs crafter --seed 1``.

Layers, the weakest first: the block ``defaults``, the presets of ``--configs`` in their order, flags. The
``configs.yaml`` of a checkout defines its keys. If it cannot be read, upstream's keys and presets of the command's
edition are used instead, and a key that they lack is not reported as an error.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Any

from dreamerguard.core.finding import Severity
from dreamerguard.core.machine import Machine
from dreamerguard.core.run import ResolvedRun
from dreamerguard.programs.interface import Program, PublishedSettings
from dreamerguard.programs.shared.absent_presets import absent_presets
from dreamerguard.programs.shared.chosen_classes import missing_in_classes
from dreamerguard.programs.shared.default_presets import default_presets
from dreamerguard.programs.shared.find_checkout import find_checkout, is_foreign
from dreamerguard.programs.shared.ignored_arguments import ignored_arguments
from dreamerguard.programs.shared.missing_script import missing_script
from dreamerguard.programs.shared.missing_settings import missing_settings
from dreamerguard.programs.shared.own_parser import missing_options
from dreamerguard.programs.shared.preset_file import PresetFile, has_other_presets, locate, read_presets
from dreamerguard.programs.shared.preset_values import flatten, is_pattern
from dreamerguard.programs.shared.python_call import PythonCall, names_other, read_call
from dreamerguard.programs.shared.reached_code import ReachedCode
from dreamerguard.programs.shared.starts_nothing import starts_nothing
from dreamerguard.programs.shared.stored_run import read_stored, unheld_checkpoints
from dreamerguard.programs.shared.use_scripts import trains, without_training
from dreamerguard.sources.argv import Command, Word
from dreamerguard.util.paths import is_dir, is_file

from .editions import EDITIONS, edition_of_keys
from .flags import NO_FLAGS, read_flags
from .keys import renames_for
from .leading_words import as_far_as_known, without_taken_words
from .mounted import find_mount, resolve_mounted
from .published import preset_values
from .reached import runs_danijar
from .resolve import default_layers, find_edition, finish, resolve_command
from .scripts import committed_checkpoint, script_problems, stored_problems
from .stored import resolve_stored_run
from .unread_settings import unread_settings

_SCRIPTS = ("main.py", "train.py")
#: This many unknown flags, and more than half of all, are another program's.
_OTHER_FLAGS = 3
#: A flag of a group of settings: ``--run.steps``.
_DOTTED = re.compile(r"--[^=]*\.")
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
        if call is None or call.hydra:
            return None
        if not names_other(call) and find_mount(call, folder, _fits) is not None:
            return f"{call.script} starts danijar/dreamerv3 with presets below a name"
        if is_foreign(call, folder) or _belongs_elsewhere(call, folder):
            return None
        if call.has("--configs") and locate(call.script, folder, _fits, flatten) is not None:
            return f"the presets beside {call.script} are those of danijar/dreamerv3"
        if names_other(call) or has_other_presets(call.script, folder, _fits, flatten):
            return None
        home = PurePosixPath(call.script).parent.name
        own = home.startswith("dreamerv3") and call.file in _SCRIPTS and not _has_other_flags(call, folder)
        own = own or _is_own_trainer(call, folder)
        dotted = any(_DOTTED.match(word.text) for word in call.words)
        torch = call.file == "dreamer.py" or "torch" in call.script
        if own or (
            not torch and call.has("--configs") and (call.file in _SCRIPTS or dotted or call.file.startswith("train_"))
        ):
            return f"{call.script} has the flags of danijar/dreamerv3"
        return None

    def resolve(self, command: Command, machine: Machine, folder: Path) -> ResolvedRun:
        """Merges the checkout's presets, or upstream's, with the flags."""
        call = read_call(command)
        assert call is not None
        call = without_taken_words(call, folder)
        flags = read_flags(call.words)
        flags = replace(flags, problems=as_far_as_known(flags.problems, call, folder))
        if flags.configs is None:
            flags = replace(flags, presets=default_presets(folder / call.script, command.span))
        mount = find_mount(call, folder, _fits) if self.edition is None else None
        if mount is not None:
            run = resolve_mounted(mount, call, flags, command, machine, folder)
            return run if trains(call) else without_training(run)
        file = locate(call.script, folder, _fits, flatten)
        checkout = find_checkout(file, call, folder)
        run = resolve_command(call, flags, file, command, machine, self.edition, checkout)
        script = EDITIONS[run.edition].script
        found = script_problems(run.settings, script, checkout, folder, open_words=command.open)
        unread = absent_presets(call, folder, run.anchor) if file is None else ()
        known = file is not None and bool(file.blocks) and all(preset.known for preset in run.presets)
        lacking = missing_settings(file.groups, checkout, run.anchor, file) if file is not None and known else ()
        chosen = missing_in_classes(run.settings, checkout, run.anchor, file) if file is not None and known else ()
        absent = (
            *unread,
            *lacking,
            *chosen,
            *missing_script(call, file, command, folder),
            *missing_options(call, command, folder),
            *ignored_arguments(call, command, folder),
            *starts_nothing(call, command, folder),
        )
        run = replace(run, problems=(*absent, *run.problems, *found, *stored_problems(run, folder)))
        return run if trains(call) else without_training(run)

    def runs_in(self, code: ReachedCode) -> str | None:
        """Returns why code that a script runs is this program."""
        return runs_danijar(code)

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

    def resolve_presets(self, file: PresetFile, blocks: Collection[str], machine: Machine) -> Iterator[ResolvedRun]:
        """Yields the run of the program with each of some presets alone; findings point into the file."""
        call = PythonCall("main.py", ())
        edition = EDITIONS[self.edition] if self.edition is not None else find_edition(call, NO_FLAGS, file)
        base, checkout = default_layers(edition, file), find_checkout(file, None, Path())
        for block, place in ((block, file.names[block]) for block in blocks):
            flags = replace(NO_FLAGS, presets=(Word(block, place, 0),))
            run = finish(base.copy(), edition, flags, file, place, machine, checkout, whole=True)
            folders = [file.path.parent, *file.path.parents[1:3]]
            found = list(committed_checkpoint(run.settings, folders))
            if not run.trains:  # an evaluation needs the agent that somebody trained, which is seldom committed
                found = [
                    replace(problem, message=_evaluates(problem.message), severity=Severity.INFO) for problem in found
                ]
            found += unheld_checkpoints(run.settings, folders, {"run.from_checkpoint"})
            found += missing_in_classes(run.settings, checkout, place, file)
            script = run.settings.get(edition.script)
            if script is not None and script.last.kind == "preset":
                found += unread_settings(run.settings, script, checkout)
            yield replace(run, problems=(*run.problems, *found))

    def shipped_presets(self, edition: str) -> tuple[str, ...]:
        """Returns the names of upstream's presets in an edition; none for an edition that does not exist."""
        return tuple(EDITIONS[edition].load().presets) if edition in EDITIONS else ()

    def resolve_stored(self, path: Path, name: str, machine: Machine) -> ResolvedRun | None:
        """Returns the run of a ``config.yaml`` that the program wrote into a log directory."""
        stored = read_stored(path, name)
        return resolve_stored_run(stored, machine) if stored is not None else None

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


def _evaluates(message: str) -> str:
    return message.replace("every new run loads", "the evaluation loads")


def _has_other_flags(call: PythonCall, folder: Path) -> bool:
    """Returns whether a command without presets mostly has flags that no edition has, and its script is not there."""
    flags = read_flags(call.words)
    names = {flag.name for flag in flags.flags}
    if flags.configs is not None or any("." in name or is_pattern(name) for name in names):
        return False
    tables = [edition.load().defaults for edition in EDITIONS.values()]
    known = {key.partition(".")[0] for table in tables for key in table}
    known |= {old for table in tables for old in renames_for(table)}
    others = names - known
    return len(others) >= _OTHER_FLAGS and 2 * len(others) > len(names) and not is_file(folder / call.script)


def _is_own_trainer(call: PythonCall, folder: Path) -> bool:
    """Returns whether a trainer of the checkout reads the presets beside it, although the command chooses none."""
    own = call.file in _SCRIPTS and is_file(folder / call.script)
    typed = call.has("--logdir", "--task") or any(_DOTTED.match(word.text) for word in call.words)
    return own and typed and locate(call.script, folder, _fits, flatten) is not None


def _belongs_elsewhere(call: PythonCall, folder: Path) -> bool:
    """Returns whether the folder is a checkout of this program, and the script is in another package that it lacks."""
    package = PurePosixPath(call.script).parts[0] if "/" in call.script else ""
    own = package in ("", ".", "..", "~") or package.startswith(("dreamerv3", "$", "/"))
    return not own and not is_dir(folder / package) and is_file(folder / "dreamerv3" / "configs.yaml")


def _fits(file: PresetFile) -> bool:
    return edition_of_keys(file.defaults) is not None


PROGRAM = Danijar()
