"""NM512/r2dreamer: ``python train.py env=dmc_vision env.task=dmc_walker_walk model=size12M``, configured by hydra.

``trainer.steps`` counts environment frames, ``trainer.train_ratio`` replayed agent steps per agent step. The scheduler
makes one update per ``batch_size * batch_length / train_ratio * action_repeat`` frames, once every environment has
made ``batch_length + 2`` agent steps (https://github.com/NM512/r2dreamer at 546e4fa, ``trainer.py``).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path, PurePosixPath

from dreamerguard.core.finding import Problem
from dreamerguard.core.key import RenamedKey
from dreamerguard.core.machine import Machine
from dreamerguard.core.published import PublishedRun
from dreamerguard.core.run import ResolvedRun
from dreamerguard.core.setting import Role
from dreamerguard.programs.hydra.command import Checkout, find_config_folder, folder_above
from dreamerguard.programs.hydra.composed import Composed, compose_command
from dreamerguard.programs.hydra.overrides import Malformed, read_override
from dreamerguard.programs.hydra.program import build_run, expectations, preset_composition
from dreamerguard.programs.hydra.sweep import with_sweep
from dreamerguard.programs.hydra.sweep_values import sweep_values
from dreamerguard.programs.hydra.table import load_table_store
from dreamerguard.programs.interface import FileCommand, Program
from dreamerguard.programs.shared.atari_roms import unknown_rom
from dreamerguard.programs.shared.find_checkout import checkout_of
from dreamerguard.programs.shared.known_tasks import check_task, is_own_task
from dreamerguard.programs.shared.limits import counts, horizons, learning_rates, lengths, shares
from dreamerguard.programs.shared.published_task import published_curve
from dreamerguard.programs.shared.reached_code import ReachedCode
from dreamerguard.programs.shared.stored_run import other_run, read_stored, stored_in_directory
from dreamerguard.sources.argv import Command, read_command
from dreamerguard.sources.commands.launch import Launch, read_launch

from .batch_copies import batch_problems
from .budget import r2_budget, replay_bytes
from .reached import runs_r2dreamer
from .stored import STORED_KEYS, stored_option

TABLE, PRIMARY = "r2dreamer", "configs"

ROLES: dict[Role, str] = {
    "task": "env.task",
    "frames": "trainer.steps",
    "train_ratio": "trainer.train_ratio",
    "envs": "env.env_num",
    "action_repeat": "trainer.action_repeat",
    "image_size": "env.size",
    "capacity": "buffer.max_size",
    "batch_size": "trainer.batch_size",
    "batch_length": "trainer.batch_length",
    "deter": "model.deter",
    "platform": "device",
}

#: Pattern of a text that only the files of this program have.
_MARK = r"rep_loss:|\$\{env\.(train_ratio|action_repeat)\}"

#: Aliases from other programs, and keys that the program reads at another path.
RENAMED = {
    "task": RenamedKey("env.task"),
    "steps": RenamedKey("trainer.steps"),
    "run.steps": RenamedKey("trainer.steps"),
    "run.train_ratio": RenamedKey("trainer.train_ratio"),
    "train_ratio": RenamedKey("env.train_ratio"),
    "envs": RenamedKey("env.env_num"),
    "num_envs": RenamedKey("env.env_num"),
    "env.num_envs": RenamedKey("env.env_num"),
    "action_repeat": RenamedKey("env.action_repeat"),
    "time_limit": RenamedKey("env.time_limit"),
    "rep_loss": RenamedKey("model.rep_loss"),
    "act_entropy": RenamedKey("model.act_entropy"),
    "env.act_entropy": RenamedKey("model.act_entropy"),
    "compile": RenamedKey("model.compile"),
    "lr": RenamedKey("model.lr"),
    "eval_every": RenamedKey("trainer.eval_every"),
    "eval_episode_num": RenamedKey("env.eval_episode_num"),
    "dataset_size": RenamedKey("buffer.max_size"),
    "replay.size": RenamedKey("buffer.max_size"),
}


#: Values with which nothing can train.
LIMITS = (
    *learning_rates("model.lr"),
    *lengths("trainer.steps"),
    *horizons("model.horizon"),
    *shares("model.lamb"),
    *counts("model.imag_horizon", "buffer.max_size", "model.deter", "model.hidden", "model.units"),
)


class R2Dreamer(Program):
    """NM512/r2dreamer and its forks."""

    name = "r2dreamer"

    def detect(self, command: Command, folder: Path) -> str | None:
        """Recognises its ``train.py`` by the configuration beside it, or by arguments that only this program has."""
        launch = read_launch(command)
        if launch is None or launch.name not in ("train.py", "train", "main.py"):
            return None
        if any(word.text.startswith("--configs") for word in launch.arguments):
            return None
        checkout = _checkout(launch, folder)
        if checkout is not None:
            return f"{checkout.shown} has the settings of r2dreamer"
        typical = next((word.text for word in launch.arguments if _is_own(word.text)), None)
        return f"the argument {typical}" if typical is not None and launch.name == "train.py" else None

    def with_sweep(self, command: Command, folder: Path) -> Command:
        """Returns the command with the axes of its sweep."""
        launch = read_launch(command)
        return command if launch is None else with_sweep(command, launch, TABLE, PRIMARY, _checkout(launch, folder))

    def resolve(self, command: Command, machine: Machine, folder: Path) -> ResolvedRun:
        """Composes the configuration and puts it in common units."""
        launch = read_launch(command)
        assert launch is not None, "detect() saw a program"
        composed = compose_command(command, launch, TABLE, PRIMARY, _checkout(launch, folder))
        run = self._judge(composed, machine, composed.composition.choices.get("env"))
        return replace(run, problems=(*run.problems, *_stored(run, folder)))

    def runs_in(self, code: ReachedCode) -> str | None:
        """Returns why code that a script runs is this program."""
        return runs_r2dreamer(code)

    def resolve_stored(self, path: Path, name: str, machine: Machine) -> ResolvedRun | None:
        """Returns the run of a ``.hydra/config.yaml`` that hydra wrote into a log directory."""
        stored = read_stored(path, name)
        if stored is None or not stored.items.keys() >= STORED_KEYS or "defaults" in stored.items:
            return None
        command = read_command(["python", "train.py"])
        launch = read_launch(command)
        assert launch is not None, "train.py is a script"
        home = Checkout(path.parent, PurePosixPath(name).parent.as_posix(), complete=True)
        composed = compose_command(command, launch, TABLE, path.stem, home)
        run = self._judge(composed, machine, stored_option(composed, path, PRIMARY))
        return replace(run, anchor=stored.items["trainer.steps"].span)

    def _judge(self, composed: Composed, machine: Machine, option: str | None) -> ResolvedRun:
        run = build_run(
            composed,
            dialect=self.name,
            roles=ROLES,
            machine=machine,
            budget=r2_budget(composed.number),
            reference=_reference(composed, option),
            renamed=RENAMED,
            replay_bytes=replay_bytes(composed),
            limits=LIMITS,
            task_problem=_task_problem(composed, option),
        )
        return replace(run, problems=(*run.problems, *batch_problems(run.settings)))

    def file_commands(self, path: Path, name: str, text: str) -> Iterator[FileCommand]:
        """Yields the command that selects a file of the configuration group ``env``."""
        file = PurePosixPath(name)
        if file.parent.name == "env" and (path.parent.parent / "configs.yaml").is_file():
            yield FileCommand(("python", "train.py", f"env={file.stem}"), folder_above(path, "configs"))

    def log_directory(self, run: ResolvedRun, named: str | None) -> str | None:
        """Returns the log directory, by default named by date and time (546e4fa, ``configs/configs.yaml``)."""
        return super().log_directory(run, named) or "logdir/{date}/{time}"


PROGRAM = R2Dreamer()


def _stored(run: ResolvedRun, folder: Path) -> Iterator[Problem]:
    """Yields the problems of a log directory that hydra stored the configuration of another run in."""
    logdir = run.settings.get("logdir")
    stored = stored_in_directory(logdir, folder, ".hydra/config.yaml")
    if stored is not None and logdir is not None and logdir.last.span is not None:
        yield from other_run(run, stored, ("task", "deter", "train_ratio"), logdir, "its logs grow")


def _checkout(launch: Launch, folder: Path) -> Checkout | None:
    return find_config_folder(launch, folder, ("configs",), PRIMARY, _MARK)


def _is_own(text: str) -> bool:
    """Returns whether an argument names a key or an option that only this program has."""
    from dreamerguard.core.source import Source
    from dreamerguard.sources.argv import Word

    try:
        item = read_override(Word(text, Source("", text).span(0, len(text)), 0))
    except Malformed:
        return False
    if item is None:
        return False
    if item.key in ("env", "model"):
        options = load_table_store(TABLE).options(item.key)
        chosen = sweep_values(item.text or "", options) if item.sweep else None
        names = [value.text for value in chosen] if chosen is not None else [item.text]
        return not item.unknown and any(name in options for name in names)
    head = item.key.partition(".")[0]
    return (
        head in ("env", "model", "trainer", "buffer")
        and preset_composition(TABLE, PRIMARY).target(item.key) is not None
    )


def _task_problem(composed: Composed, option: str | None) -> Problem | None:
    shipped = option is not None and f"env/{option}" in composed.table.files
    task = composed.settings.get("env.task") if shipped else None
    own = composed.checkout.folder if composed.checkout is not None and composed.whole else None
    return check_task(task, ()) or unknown_rom(task, checkout_of(own) if own is not None else None)


def _reference(composed: Composed, option: str | None) -> PublishedRun | None:
    """Returns the run of upstream's preset for the suite; None for environments that only a fork has."""
    task = composed.value("env.task")
    if option is None or not isinstance(task, str | None) or f"env/{option}" not in composed.table.files:
        return None
    preset = preset_composition(TABLE, PRIMARY, f"env={option}")
    own = preset.value("env.task")
    if not isinstance(own, str) or (task is not None and own.split("_")[0] != task.split("_")[0]):
        return None
    task = task if task is not None else f"{own.split('_')[0]} tasks"
    budget = r2_budget(preset.number)
    if budget is None:
        return None
    canonical = {key: composed.canonical(key) for key in ROLES.values()}
    expected = expectations(preset, ROLES, canonical)
    if is_own_task(task):
        expected.pop("env.action_repeat", None)  # how long an action lasts is a part of the task
    curve = partial(published_curve, task, option, "paper-2023")
    return PublishedRun(task, f"env={option}", str(composed.table.provenance), budget, expected, load_curve=curve)
