"""NM512/dreamerv3-torch and its forks: ``python dreamer.py --configs dmc_vision --task dmc_walker_walk --logdir x``.

Layers, the weakest first: the block ``defaults``, the presets of ``--configs`` in their order, options. Presets are
merged without any check, so the program silently accepts a key that nothing reads.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import replace
from pathlib import Path

from dreamerguard.core.finding import Problem
from dreamerguard.core.machine import Machine
from dreamerguard.core.run import ResolvedRun
from dreamerguard.core.source import Span
from dreamerguard.programs.interface import Program
from dreamerguard.programs.shared.absent_presets import absent_presets
from dreamerguard.programs.shared.default_presets import default_presets
from dreamerguard.programs.shared.find_checkout import find_checkout, is_foreign
from dreamerguard.programs.shared.ignored_arguments import ignored_arguments
from dreamerguard.programs.shared.key_tables import load_table
from dreamerguard.programs.shared.missing_script import missing_script
from dreamerguard.programs.shared.own_parser import missing_options
from dreamerguard.programs.shared.preset_file import (
    PresetFile,
    has_other_presets,
    locate,
    read_presets,
)
from dreamerguard.programs.shared.preset_values import flatten
from dreamerguard.programs.shared.python_call import names_other, read_call
from dreamerguard.programs.shared.reached_code import ReachedCode
from dreamerguard.programs.shared.starts_nothing import starts_nothing
from dreamerguard.programs.shared.stored_run import other_run, stored_in_directory, unheld_checkpoints
from dreamerguard.programs.shared.use_scripts import trains, without_training
from dreamerguard.sources.argv import Command, Word
from dreamerguard.util.paths import is_file

from .another_algorithm import is_another_algorithm
from .flags import TorchArguments, read_torch_arguments
from .reached import runs_torch
from .resolve import resolve_run

#: Presets of DreamerV2's ports, which also have a ``dreamer.py``; this program has none of these names.
_OTHER_PRESETS = frozenset({"dmc", "atari"})
#: Names of scripts that may train, where the script itself is not in the folder.
_TRAINER = re.compile(r"(dreamer|train|main|run)[\w-]*\.py$")


class Nm512Torch(Program):
    """NM512/dreamerv3-torch and its forks."""

    name = "nm512_torch"

    def detect(self, command: Command, folder: Path) -> str | None:
        """Recognises ``dreamer.py`` with ``--configs``, or a script beside this program's presets."""
        call = read_call(command)
        if call is None or call.hydra:
            return None
        if is_foreign(call, folder):
            return None
        configs = any(len(word.text) > 4 and "--configs".startswith(word.text.partition("=")[0]) for word in call.words)
        script = call.file == "dreamer.py"
        named = configs or (script and call.has("--logdir", "--task", "--traindir"))
        there = _TRAINER.match(call.file) or is_file(folder / call.script)
        if named and there and locate(call.script, folder, _fits, flatten) is not None:
            return f"the presets beside {call.script} are those of dreamerv3-torch"
        if not (script and configs) or names_other(call) or has_other_presets(call.script, folder, _fits, flatten):
            return None
        if _OTHER_PRESETS.intersection(word.text for word in read_torch_arguments(call.words).presets):
            return None
        return f"{call.script} has the options of dreamerv3-torch"

    def resolve(self, command: Command, machine: Machine, folder: Path) -> ResolvedRun:
        """Merges the checkout's presets, or upstream's, with the options."""
        call = read_call(command)
        assert call is not None
        words = read_torch_arguments(call.words)
        if words.configs is None:
            words = replace(words, presets=default_presets(folder / call.script, command.span))
        file = locate(call.script, folder, _fits, flatten)
        checkout = find_checkout(file, call, folder)
        run = resolve_run(words, file, _anchor(words, command), machine, checkout, whole=False)
        unread = absent_presets(call, folder, run.anchor) if file is None else ()
        absent = (
            *unread,
            *missing_script(call, file, command, folder),
            *missing_options(call, command, folder),
            *ignored_arguments(call, command, folder),
            *starts_nothing(call, command, folder),
        )
        run = replace(run, problems=(*absent, *run.problems, *_stored(run, folder)))
        return run if trains(call) else without_training(run)

    def runs_in(self, code: ReachedCode) -> str | None:
        """Returns why code that a script runs is this program."""
        return runs_torch(code)

    def can_read(self, command: Command) -> bool:
        """Returns whether the command starts a Python script."""
        return read_call(command) is not None

    def presets(self, path: Path, name: str) -> PresetFile | None:
        """Reads a preset file; returns None if it does not hold presets of this program."""
        file = read_presets(path, name, flatten)
        return file if file is not None and _fits(file) else None

    def resolve_presets(self, file: PresetFile, blocks: Collection[str], machine: Machine) -> Iterator[ResolvedRun]:
        """Yields the run of the program with each of some presets alone; places point into the file."""
        checkout = find_checkout(file, None, Path())
        for block, place in ((block, file.names[block]) for block in blocks):
            words = TorchArguments((Word(block, place, 0),), (), (), None, False)
            run = resolve_run(words, file, place, machine, checkout, whole=True)
            found = unheld_checkpoints(run.settings, [file.path.parent], ())
            yield replace(run, problems=(*run.problems, *found))

    def shipped_presets(self, edition: str) -> tuple[str, ...]:
        """Returns the names of upstream's presets; it has one edition."""
        return tuple(load_table("nm512_torch").presets)


PROGRAM = Nm512Torch()


def _stored(run: ResolvedRun, folder: Path) -> Iterator[Problem]:
    """Yields the problems of a log directory in which a fork stored the configuration of another run."""
    logdir = run.settings.get("logdir")
    stored = stored_in_directory(logdir, folder, "config.yaml", "config.yml", "config.json")
    if stored is not None and logdir is not None and logdir.last.span is not None:
        loads = "its latest.pt is continued and its logs grow"
        yield from other_run(run, stored, ("task", "deter", "train_ratio"), logdir, loads)


def _fits(file: PresetFile) -> bool:
    return {"train_ratio", "dyn_deter", "batch_size"} <= set(file.groups) and not is_another_algorithm(file)


def _anchor(words: TorchArguments, command: Command) -> Span:
    task = next((item for item in reversed(words.arguments) if item.name == "task"), None)
    if task is not None:
        return task.span
    return words.configs or command.span
