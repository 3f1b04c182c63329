"""Eclectic-Sheep/sheeprl: ``sheeprl exp=dreamer_v3 env=atari env.id=PongNoFrameskip-v4``, configured by hydra.

``algo.total_steps`` counts policy steps of all environments and ranks, ``algo.replay_ratio`` gradient updates per
policy step. Every rank makes the same updates on its own batch: with W ranks the optimiser makes ``replay_ratio / W``
updates per policy step on a batch W times as large (https://github.com/Eclectic-Sheep/sheeprl at 33b6366,
``sheeprl/algos/dreamer_v3/dreamer_v3.py`` and ``Ratio`` in ``sheeprl/utils/utils.py``).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path, PurePosixPath

from dreamerguard.core.budget import Budget, usable_budget
from dreamerguard.core.finding import Problem
from dreamerguard.core.key import RenamedKey
from dreamerguard.core.machine import Machine
from dreamerguard.core.published import PublishedCurve, PublishedRun
from dreamerguard.core.run import ResolvedRun, Units
from dreamerguard.core.setting import Role
from dreamerguard.core.source import Value
from dreamerguard.core.values import as_number, resolve_scalar
from dreamerguard.programs.hydra.command import Checkout, find_config_folder, folder_above
from dreamerguard.programs.hydra.composition import Composition
from dreamerguard.programs.hydra.program import (
    Composed,
    build_run,
    compose_command,
    expectations,
    numbers,
    preset_composition,
)
from dreamerguard.programs.hydra.sweep import with_sweep
from dreamerguard.programs.interface import FileCommand, Program
from dreamerguard.programs.shared.known_tasks import check_task
from dreamerguard.programs.shared.limits import counts, learning_rates, lengths, shares
from dreamerguard.programs.shared.published_task import published_curve
from dreamerguard.programs.shared.stored_run import read_stored, stored_beside
from dreamerguard.sources.argv import UNKNOWN, Command, read_command
from dreamerguard.sources.commands.launch import Launch, read_launch

from .evaluation import NAMES as EVALUATIONS
from .evaluation import OTHERS, resolve_evaluation
from .own_files import STACKS, lacks_shipped, missing_values, stacks_nothing
from .resume import RESUME, resume_problems, with_stored

TABLE, PRIMARY = "sheeprl", "config"

ROLES: dict[Role, str] = {
    "task": "env.id",
    "frames": "algo.total_steps",
    "train_ratio": "algo.replay_ratio",
    "envs": "env.num_envs",
    "action_repeat": "env.action_repeat",
    "image_size": "env.screen_size",
    "capacity": "buffer.size",
    "batch_size": "algo.per_rank_batch_size",
    "batch_length": "algo.per_rank_sequence_length",
    "deter": "algo.world_model.recurrent_model.recurrent_state_size",
    "platform": "fabric.accelerator",
}
#: Until spring 2024 the update rate was set as a number of gradient steps every ``train_every`` policy steps.
OLD_RATIO = "algo.train_every"

_EVERY = "it was replaced by algo.replay_ratio, gradient updates per policy step: 1 / train_every"
RENAMED = {
    "algo.train_every": RenamedKey("algo.replay_ratio", _EVERY),
    "algo.per_rank_gradient_steps": RenamedKey("algo.replay_ratio", _EVERY),
    "train_ratio": RenamedKey("algo.replay_ratio", "it counts gradient updates per policy step"),
    "replay_ratio": RenamedKey("algo.replay_ratio"),
    "run.train_ratio": RenamedKey("algo.replay_ratio", "it counts gradient updates per policy step"),
    "algo.train_ratio": RenamedKey("algo.replay_ratio", "it counts gradient updates per policy step"),
    "total_steps": RenamedKey("algo.total_steps"),
    "learning_starts": RenamedKey("algo.learning_starts"),
    "per_rank_batch_size": RenamedKey("algo.per_rank_batch_size"),
    "num_envs": RenamedKey("env.num_envs"),
    "action_repeat": RenamedKey("env.action_repeat"),
    "batch_size": RenamedKey("algo.per_rank_batch_size"),
    "algo.batch_size": RenamedKey("algo.per_rank_batch_size"),
    "cnn_keys.encoder": RenamedKey("algo.cnn_keys.encoder"),
    "mlp_keys.encoder": RenamedKey("algo.mlp_keys.encoder"),
    "fabric.gpus": RenamedKey("fabric.devices"),
    "logger": RenamedKey("metric.logger"),
}

#: Values with which nothing can train.
LIMITS = (
    *learning_rates(*(f"algo.{network}.optimizer.lr" for network in ("world_model", "actor", "critic"))),
    *shares("algo.gamma", "algo.lmbda"),
    *lengths("algo.total_steps"),
    *counts("algo.horizon", "buffer.size", "env.screen_size"),
    *counts("algo.world_model.stochastic_size", "algo.world_model.discrete_size"),
    *counts("algo.world_model.recurrent_model.recurrent_state_size"),
)
#: Keys that change nothing (``Ratio`` in ``sheeprl/utils/utils.py``).
DEAD = {
    "algo.per_rank_pretrain_steps": "the first call of Ratio limits it to the steps of one iteration",
}
#: Part of the wrapper's target -> suite, and the experiment that upstream tuned for it.
_SUITES = {
    "DMCWrapper": ("dmc", "dreamer_v3_dmc_walker_walk"),
    "CrafterWrapper": ("crafter", "dreamer_v3_XL_crafter"),
    "AtariPreprocessing": ("atari", "dreamer_v3"),
}
#: Keys that every stored configuration has.
_STORED = {"algo.name", "algo.total_steps", "env.id", "env.num_envs", "buffer.size"}
_GENERAL = "dreamer_v3"
_SMALL_ATARI, _SMALL_STEPS = "dreamer_v3_100k_ms_pacman", 200_000


class Sheeprl(Program):
    """sheeprl and its forks."""

    name = "sheeprl"

    def detect(self, command: Command, folder: Path) -> str | None:
        """Recognises the program by its name."""
        launch = read_launch(command)
        if launch is None or launch.name not in ("sheeprl", "sheeprl.py", *EVALUATIONS):
            return None
        return f"the command runs {launch.name}"

    def with_sweep(self, command: Command, folder: Path) -> Command:
        """Returns the command with the axes of its sweep."""
        launch = read_launch(command)
        return command if launch is None else with_sweep(command, launch, TABLE, PRIMARY, _checkout(launch, folder))

    def resolve(self, command: Command, machine: Machine, folder: Path) -> ResolvedRun:
        """Composes the configuration and puts it in common units."""
        launch = read_launch(command)
        assert launch is not None, "detect() saw a program"
        if launch.name in EVALUATIONS:
            return resolve_evaluation(command, launch, machine, folder)
        composed = compose_command(command, launch, TABLE, PRIMARY, _checkout(launch, folder))
        if launch.name == self.name and not launch.module and lacks_shipped(composed):
            composed = compose_command(command, launch, TABLE, PRIMARY, None)
        stored = stored_beside(composed.settings.get(RESUME), folder)
        if stored is None:
            return self._judge(composed, machine)
        run = self._judge(with_stored(composed, stored), machine)
        return replace(run, resumed=stored.name, problems=(*run.problems, *resume_problems(run, stored)))

    def resolve_stored(self, path: Path, name: str, machine: Machine) -> ResolvedRun | None:
        """Returns the run of a ``config.yaml`` that the program wrote into a log directory: hydra reads it alone."""
        stored = read_stored(path, name)
        if stored is None or not stored.items.keys() >= _STORED or "defaults" in stored.items:
            return None
        command = read_command(["sheeprl"])
        launch = read_launch(command)
        assert launch is not None, "sheeprl is a console command"
        home = Checkout(path.parent, PurePosixPath(name).parent.as_posix(), complete=True)
        run = self._judge(compose_command(command, launch, TABLE, path.stem, home), machine)
        return replace(run, anchor=stored.items["algo.name"].span)

    def _judge(self, composed: Composed, machine: Machine) -> ResolvedRun:
        budget = sheeprl_budget(composed.value, composed.number)
        old = budget is not None and composed.value("algo.replay_ratio") is None
        roles: dict[Role, str] = ROLES | ({"train_ratio": OLD_RATIO} if old else {})
        run = build_run(
            composed,
            dialect=self.name,
            roles=roles,
            machine=machine,
            budget=budget,
            reference=_reference(composed, roles, budget) if budget is not None else None,
            renamed={key: item for key, item in RENAMED.items() if composed.composition.target(key) is None},
            replay_bytes=_replay_bytes(composed),
            units=Units(length="agent steps", ratio="updates"),
            limits=LIMITS,
            task_problem=_task_problem(composed),
            dead=DEAD | STACKS if stacks_nothing(composed) else DEAD,
        )
        return replace(run, problems=(*run.problems, *missing_values(composed, run)), other=_other_algorithm(composed))

    def file_commands(self, path: Path, name: str, text: str) -> Iterator[FileCommand]:
        """Yields the command that selects a file of the group ``exp``, if the file is for DreamerV3 or empty.

        Upstream's ``exp/default.yaml`` is a stub that no command selects.
        """
        file = PurePosixPath(name)
        empty = not _CONTENT.search(text) and (path.parent.parent / "config.yaml").is_file() and file.stem != "default"
        if file.parent.name == "exp" and (empty or "dreamer" in file.stem or "dreamer_v3" in text):
            yield FileCommand(("sheeprl", f"exp={file.stem}"), folder_above(path, "configs", inside="sheeprl"))

    def log_directory(self, run: ResolvedRun, named: str | None) -> str | None:
        """Returns the logger's root and the run name, which contains the start time; None if the root is unknown."""
        root, name = run.settings.get("metric.logger.root_dir"), run.settings.get("run_name")
        if root is None or not isinstance(root.value, str):
            return None
        return f"{root.value}/{name.value if name is not None and isinstance(name.value, str) else '{run_name}'}"


PROGRAM = Sheeprl()
#: A line that is neither empty nor a comment.
_CONTENT = re.compile(r"^[ \t]*[^\s#]", re.MULTILINE)


def _checkout(launch: Launch, folder: Path) -> Checkout | None:
    places, mark = ("sheeprl/configs", "configs"), r"override /algo|sheeprl\."
    return find_config_folder(launch, folder, places, PRIMARY, mark, ("sheeprl/cli.py",))


def _other_algorithm(composed: Composed) -> str:
    """Returns the algorithm that trains instead of DreamerV3, else empty; ``algo`` alone counts by its name."""
    words = {item.key: item.text for item in composed.words.overrides}
    chosen = words.get("algo") or ""
    name = composed.value("algo.name") or (chosen if OTHERS.fullmatch(chosen) else "")
    return "" if not isinstance(name, str) or name == "dreamer_v3" or UNKNOWN in name else name


def world_size(value: Callable[[str], Value]) -> float:
    """Returns the number of processes that train together; 1 if the machine decides (``auto``, ``-1``)."""
    devices, nodes = value("fabric.devices"), value("fabric.num_nodes")
    count = 1.0
    if isinstance(devices, tuple):
        count = len(devices)
    elif isinstance(devices, str) and devices.startswith("["):
        count = len([part for part in devices.strip("[]").split(",") if part.strip()])
    elif isinstance(devices, str):
        count = as_number(resolve_scalar(devices)) if devices.isdecimal() else 1
    else:
        count = as_number(devices)
    return max(1.0, count) * max(1.0, as_number(nodes) if isinstance(nodes, int) else 1)


def sheeprl_budget(value: Callable[[str], Value], number: Callable[[str], float]) -> Budget | None:
    """Returns the budget of a DreamerV3 run; None for other algorithms and if a value is not known."""
    if value("algo.name") != "dreamer_v3":
        return None
    steps, ratio, repeat = number("algo.total_steps"), number("algo.replay_ratio"), number("env.action_repeat")
    size, length = number("algo.per_rank_batch_size"), number("algo.per_rank_sequence_length")
    envs, starts = number("env.num_envs"), number("algo.learning_starts")
    if value("algo.replay_ratio") is None and number(OLD_RATIO) > 0:
        updates = number("algo.per_rank_gradient_steps")
        ratio = (updates if numbers(updates) else 1.0) / _old_interval(number(OLD_RATIO), envs * world_size(value))
    if not numbers(steps, ratio, repeat, size, length, envs, starts) or min(size, length, envs, steps) <= 0:
        return None
    repeat = max(repeat, 1.0)
    world = world_size(value)
    together = envs * world
    prefill = max(starts // together - 1, 0) * together
    pretrain = number("algo.per_rank_pretrain_steps")
    return usable_budget(
        Budget(
            frames=(steps // together) * together * repeat,
            action_repeat=repeat,
            train_ratio=ratio * size * length,
            batch_size=size * world,
            batch_length=length,
            warmup_steps=prefill,
            first_updates=min(pretrain, envs) * ratio if numbers(pretrain) and pretrain > 0 else 0.0,
        )
    )


def _old_interval(every: float, together: float) -> float:
    """Returns the policy steps between updates: the old edition counted whole steps of all environments.

    ``updates_before_training = cfg.algo.train_every // policy_steps_per_update``, and 0 is one step too.
    """
    return max(every // together, 1.0) * together if numbers(together) and together > 0 else every


def _task_problem(composed: Composed) -> Problem | None:
    dmc = (_suite(composed.value) or ("",))[0] == "dmc"
    domain, task = composed.value("env.wrapper.domain_name"), composed.settings.get("env.wrapper.task_name")
    return check_task(task, (), prefix=f"dmc_{domain}_") if dmc and isinstance(domain, str) else None


def _suite(value: Callable[[str], Value]) -> tuple[str, str] | None:
    target = value("env.wrapper._target_")
    found = (suite for name, suite in _SUITES.items() if isinstance(target, str) and name in target)
    return next(found, None)


def _reference(composed: Composed, roles: dict[Role, str], run: Budget) -> PublishedRun | None:
    """Returns the run of upstream's experiment: the chosen experiment, or the experiment for the same suite."""
    exp, env = composed.composition.choices.get("exp"), composed.composition.choices.get("env")
    suite = _suite(composed.value)
    name = exp if exp is not None and f"exp/{exp}" in composed.table.files and "benchmarks" not in exp else None
    if name is None or preset_composition(TABLE, PRIMARY, f"exp={name}").choices.get("env") != env:
        name = suite[1] if suite is not None else None
    if suite is not None and suite[0] == "atari" and name in (_GENERAL, None):
        name = _SMALL_ATARI if composed.number("algo.total_steps") <= _SMALL_STEPS else _GENERAL
    if name is None or (OLD_RATIO in roles.values() and name != _SMALL_ATARI):
        return None  # the other presets of the old edition made one update in 16 steps
    preset = preset_composition(TABLE, PRIMARY, f"exp={name}")
    budget = sheeprl_budget(preset.value, _meant(preset))
    if budget is None:
        return None
    canonical = {key: composed.canonical(key) for key in ROLES.values()}
    expected = expectations(preset, ROLES, canonical)
    if name == _GENERAL:
        budget = replace(budget, frames=run.frames)  # it is not for a benchmark, so its length is not a published one
    if name == _GENERAL or preset.value("total_steps") is not None:
        expected.pop("algo.total_steps", None)
    known = composed.value("env.id")
    task = known if known is not None else f"{suite[0] if suite else 'these'} tasks"
    pixels = bool(composed.value("algo.cnn_keys.encoder"))
    curve = partial(_curve, str(task), suite[0] if suite else "", name, pixels)
    return PublishedRun(str(task), f"exp={name}", str(composed.table.provenance), budget, expected, load_curve=curve)


def _meant(preset: Composition) -> Callable[[str], float]:
    """Returns a look-up of the preset's numbers, with the length that its author wrote at the unread root key."""

    def number(key: str) -> float:
        root = preset.number("total_steps")
        return root if key == "algo.total_steps" and numbers(root) else preset.number(key)

    return number


def _curve(task: str, suite: str, preset: str, pixels: bool) -> PublishedCurve | None:
    """Returns the published scores, with the task names of the published suites; None if nothing is published."""
    if suite == "dmc":
        return published_curve(f"dmc_{task}", "dmc_vision" if pixels else "dmc_proprio", "paper-2023")
    if suite == "atari" and "100k" in preset:
        game = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", re.split(r"NoFrameskip|-v\d", task)[0]).lower()
        return published_curve(f"atari100k_{game}", "atari100k", "paper-2023")
    return published_curve(task, "crafter", "paper-2023") if suite == "crafter" else None


def _replay_bytes(composed: Composed) -> float | None:
    """Returns the bytes of main memory for the replay buffer; None if it is in files on disk."""
    if composed.value("buffer.memmap") is not False or not composed.value("algo.cnn_keys.encoder"):
        return None
    channels = 1 if composed.value("env.grayscale") is True else 3
    side = composed.number("env.screen_size")
    total = composed.number("buffer.size") * channels * side * side
    return total if numbers(total) else None
