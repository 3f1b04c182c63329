"""Eclectic-Sheep/sheeprl: ``sheeprl exp=dreamer_v3 env=atari env.id=PongNoFrameskip-v4``, configured by hydra.

``algo.total_steps`` counts policy steps of all environments and ranks, ``algo.replay_ratio`` gradient updates per
policy step. Every rank makes the same updates on its own batch: with W ranks the optimiser makes ``replay_ratio / W``
updates per policy step on a batch W times as large (https://github.com/Eclectic-Sheep/sheeprl at 33b6366,
``sheeprl/algos/dreamer_v3/dreamer_v3.py`` and ``Ratio`` in ``sheeprl/utils/utils.py``).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path, PurePosixPath

from dreamerguard.core.machine import Machine
from dreamerguard.core.run import ResolvedRun, Units
from dreamerguard.core.setting import Role
from dreamerguard.programs.hydra.command import Checkout, find_config_folder, folder_above
from dreamerguard.programs.hydra.composed import Composed, compose_command
from dreamerguard.programs.hydra.program import build_run
from dreamerguard.programs.hydra.sweep import with_sweep
from dreamerguard.programs.interface import FileCommand, Program
from dreamerguard.programs.shared.stored_run import read_stored, stored_beside
from dreamerguard.sources.argv import UNKNOWN, Command, read_command
from dreamerguard.sources.commands.launch import Launch, read_launch

from .budget import replay_bytes, sheeprl_budget
from .evaluation import NAMES as EVALUATIONS
from .evaluation import OTHERS, resolve_evaluation
from .keys import DEAD, LIMITS, OLD_RATIO, PRIMARY, RENAMED, ROLES, TABLE
from .own_files import STACKS, lacks_shipped, missing_values, stacks_nothing
from .published import published_run, task_problem
from .resume import RESUME, resume_problems, with_stored

#: Keys that every stored configuration has.
_STORED = {"algo.name", "algo.total_steps", "env.id", "env.num_envs", "buffer.size"}


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
            reference=published_run(composed, roles, budget) if budget is not None else None,
            renamed={key: item for key, item in RENAMED.items() if composed.composition.target(key) is None},
            replay_bytes=replay_bytes(composed),
            units=Units(length="agent steps", ratio="updates"),
            limits=LIMITS,
            task_problem=task_problem(composed),
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
