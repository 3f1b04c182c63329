"""pytorch/rl: ``python sota-implementations/dreamer_v3/train.py --config-name=config_dmc_walker``, configured by hydra.

It was one script ``dreamer_v3.py`` until summer 2026, which counts updates in another way, see `torchrl.budget`. The
preset ``config_dmc_walker`` is its only one for a benchmark; ``config`` is a smoke test on Pendulum.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path, PurePosixPath

from dreamerguard.core.key import RenamedKey
from dreamerguard.core.machine import Machine
from dreamerguard.core.published import PublishedRun
from dreamerguard.core.run import ResolvedRun
from dreamerguard.core.setting import Role
from dreamerguard.programs.hydra.command import Checkout, find_config_folder
from dreamerguard.programs.hydra.composed import Composed, compose_command
from dreamerguard.programs.hydra.program import build_run, expectations, preset_composition
from dreamerguard.programs.hydra.sweep import with_sweep
from dreamerguard.programs.interface import FileCommand, Program
from dreamerguard.programs.shared.limits import counts, horizons, learning_rates, shares
from dreamerguard.programs.shared.published_task import published_curve
from dreamerguard.sources.argv import Command
from dreamerguard.sources.commands.launch import Launch, read_launch

from .budget import torchrl_budget

PRIMARY, PRESET = "config", "config_dmc_walker"
#: Script -> the table of its edition.
TABLES = {"train.py": "torchrl", "dreamer_v3.py": "torchrl-single"}
_FOLDER = "sota-implementations/dreamer_v3"

ROLES: dict[Role, str] = {
    "task": "env.name",
    "frames": "collector.total_frames",
    "train_ratio": "optimization.train_ratio",
    "capacity": "replay_buffer.buffer_size",
    "batch_size": "replay_buffer.batch_size",
    "batch_length": "replay_buffer.seq_len",
    "deter": "networks.rnn_hidden_dim",
    "platform": "optimization.device",
}

#: In its files, and in those of no other program.
_MARK = r"(?m)^  warmup_factor:"
_OWN = re.compile(r"[+~]*(optimization|collector|replay_buffer)\.\w+(=|$)")

#: Habits from other programs.
RENAMED = {
    "train_ratio": RenamedKey("optimization.train_ratio"),
    "run.train_ratio": RenamedKey("optimization.train_ratio"),
    "collector.train_ratio": RenamedKey("optimization.train_ratio"),
    "batch_size": RenamedKey("replay_buffer.batch_size"),
    "optimization.batch_size": RenamedKey("replay_buffer.batch_size"),
    "batch_length": RenamedKey("replay_buffer.seq_len"),
    "total_frames": RenamedKey("collector.total_frames"),
    "seed": RenamedKey("env.seed"),
    "device": RenamedKey("optimization.device"),
}
#: Keys that ``train.py`` reads (039b49a) and the table, which is older, does not have.
LATER = frozenset({
    "optimization.compile_rssm", "optimization.rssm_scan_unroll", "optimization.cudagraph_train_step",
    "optimization.compile_train_step", "optimization.optimizer_eps",
})  # fmt: skip

#: Values with which nothing can train.
LIMITS = (
    *learning_rates("optimization.lr"),
    *shares("optimization.gamma", "optimization.lmbda"),
    *horizons("optimization.continuation_horizon"),
    *counts(
        "optimization.imagination_horizon",
        "replay_buffer.buffer_size",
        "networks.rnn_hidden_dim",
        "networks.hidden_dim",
    ),
)


class TorchRL(Program):
    """The DreamerV3 of pytorch/rl, and its forks."""

    name = "torchrl"

    def detect(self, command: Command, folder: Path) -> str | None:
        """Recognises its scripts by their folder, by the configuration beside them, or by words only it understands."""
        launch = read_launch(command)
        if launch is None or launch.module or launch.name not in TABLES:
            return None
        if str(PurePosixPath(launch.program).parent).endswith(_FOLDER):
            return f"the program is {launch.program}"
        checkout = _checkout(launch, folder)
        if checkout is not None:
            return f"{checkout.shown} has its settings"
        own = (word.text for word in launch.arguments if _OWN.match(word.text) or word.text.endswith(PRESET))
        telling = next(own, None)
        return f"the word {telling}" if telling is not None else None

    def can_read(self, command: Command) -> bool:
        """Returns whether the command starts a program at all."""
        return read_launch(command) is not None

    def with_sweep(self, command: Command, folder: Path) -> Command:
        """Returns the command with the axes of its sweep."""
        launch = read_launch(command)
        if launch is None:
            return command
        table = TABLES.get(launch.name, TABLES["train.py"])
        return with_sweep(command, launch, table, PRIMARY, _checkout(launch, folder))

    def resolve(self, command: Command, machine: Machine, folder: Path) -> ResolvedRun:
        """Composes the configuration and puts it in common units."""
        launch = read_launch(command)
        assert launch is not None, "detect() saw a program"
        table = TABLES.get(launch.name, TABLES["train.py"])
        composed = compose_command(command, launch, table, PRIMARY, _checkout(launch, folder))
        composed.composition.unknown[:] = [item for item in composed.composition.unknown if item.key not in LATER]
        ratio, envs = composed.value("optimization.train_ratio"), composed.value("collector.num_envs")
        roles: dict[Role, str] = ROLES | ({} if envs is None else {"envs": "collector.num_envs"})
        if ratio is None:
            roles["train_ratio"] = "optimization.updates_per_batch"
        return build_run(
            composed,
            dialect=self.name,
            roles=roles,
            machine=machine,
            budget=torchrl_budget(composed.number, carries=_carries(table)),
            reference=_reference(composed, table, named=ratio is not None),
            renamed=RENAMED,
            replay_bytes=None,
            limits=LIMITS,
        )

    def file_commands(self, path: Path, name: str, text: str) -> Iterator[FileCommand]:
        """The command that uses a configuration file, which lies beside the script."""
        file = PurePosixPath(name)
        if file.suffix not in (".yaml", ".yml") or not re.search(_MARK, text):
            return
        script = next((script for script in TABLES if (path.parent / script).is_file()), None)
        if script is not None:
            yield FileCommand(("python", script, f"--config-name={file.stem}"), path.parent)

    def log_directory(self, run: ResolvedRun, named: str | None) -> str | None:
        """Hydra's own default; the script changes into it."""
        return super().log_directory(run, named) or "outputs/{date}/{time}"


PROGRAM = TorchRL()


def _carries(table: str) -> bool:
    return table == TABLES["train.py"]


def _checkout(launch: Launch, folder: Path) -> Checkout | None:
    found = find_config_folder(launch, folder, ("",), PRIMARY, _MARK)
    return replace(found, shown=found.shown or ".") if found is not None else None


def _reference(composed: Composed, table: str, *, named: bool) -> PublishedRun | None:
    """Upstream's own preset, for the tasks of the DeepMind Control Suite; none for other environments."""
    name, kind = composed.value("env.name"), composed.value("env.task")
    if composed.value("env.backend") != "dm_control" or not isinstance(name, str) or not isinstance(kind, str):
        return None
    preset = preset_composition(table, PRESET)
    budget = torchrl_budget(preset.number, carries=_carries(table))
    assert budget is not None, "the table has all values"
    canonical = {key: composed.canonical(key) for key in ROLES.values()}
    expected = expectations(preset, ROLES, canonical)
    if not named:
        expected.pop("optimization.train_ratio", None)
    curve = partial(published_curve, f"dmc_{name}_{kind}", "dmc_proprio", "paper-2025")
    title, source = f"--config-name={PRESET}", str(composed.table.provenance)
    return PublishedRun(f"dmc_{name}_{kind}", title, source, budget, expected, load_curve=curve)
