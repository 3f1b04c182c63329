"""Tasks that the environments of a program have, to name misspelt ones and suites that the program cannot make.

A task that is near to no known one is not judged: forks add their own tasks under the names of known suites.
"""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable
from functools import cache

from dreamerguard.core.finding import Problem
from dreamerguard.core.setting import Setting
from dreamerguard.core.source import Label
from dreamerguard.util.hints import LONGEST, nearest

from .atari_roms import rom_names
from .python_call import is_open
from .task_names import suite_of

#: ``suite.ALL_TASKS`` of dm_control 1.0, and what danijar/dreamerv3 calls two of its domains.
_DMC = (
    "acrobot_swingup acrobot_swingup_sparse ball_in_cup_catch cartpole_balance cartpole_balance_sparse"
    " cartpole_swingup cartpole_swingup_sparse cartpole_two_poles cartpole_three_poles cheetah_run dog_stand dog_walk"
    " dog_trot dog_run dog_fetch finger_spin finger_turn_easy finger_turn_hard fish_upright fish_swim hopper_stand"
    " hopper_hop humanoid_stand humanoid_walk humanoid_run humanoid_run_pure_state humanoid_CMU_stand"
    " humanoid_CMU_walk humanoid_CMU_run lqr_lqr_2_1 lqr_lqr_6_2 manipulator_bring_ball manipulator_bring_peg"
    " manipulator_insert_ball manipulator_insert_peg pendulum_swingup point_mass_easy point_mass_hard quadruped_walk"
    " quadruped_run quadruped_escape quadruped_fetch reacher_easy reacher_hard stacker_stack_2 stacker_stack_4"
    " swimmer_swimmer6 swimmer_swimmer15 walker_stand walker_walk walker_run cup_catch pointmass_easy pointmass_hard"
)
#: Suites that some program makes, and the programs' own toy tasks.
_SUITES = frozenset(
    {"atari", "atari100k", "bsuite", "crafter", "dm", "dmc", "dmlab", "dummy", "gym", "isaaclab", "langroom", "loconav",
     "memmaze", "memorymaze", "metaworld", "minecraft", "pinpad", "procgen"}
)  # fmt: skip
#: A name that is less alike, or longer or shorter by more, is another task and not a misspelt one.
_NEAR, _FAR = 0.85, 2
#: A word that is less alike than this is another word.
_WORD = 0.6


def check_task(
    setting: Setting | None, suites: Collection[str], own: Iterable[str] = (), *, prefix: str = ""
) -> Problem | None:
    """The problem of a written task that the program cannot make; None if it can, or when nobody knows.

    Args:
      setting: the task.
      suites: suites that the program makes; empty if any may be.
      own: names in the checkout's files; a suite that they mention is the fork's own.
      prefix: what stands in front of the task's name in other programs: ``dmc_`` for ``walker_walk``.
    """
    if setting is None or not setting.chosen or setting.last.span is None:
        return None
    name = f"{prefix}{setting.value}"
    if not isinstance(setting.value, str) or is_open(name) or len(name) > LONGEST:
        return None
    found = _message(name, suites, own)
    if found is None:
        return None
    message, names = found
    names = tuple(item.removeprefix(prefix) for item in names)
    return Problem(
        "unknown-task", message.replace(name, setting.value), Label(setting.last.span), setting.key,
        help=", ".join(names), value=setting.value, place=setting.last.value_span,
    )  # fmt: skip


def is_own_task(task: str) -> bool:
    """Returns whether a task of dm_control's domains is a fork's own, so that nothing is published for it alone."""
    if suite_of(task) != "dmc" or "*" in task or is_open(task) or len(task) > LONGEST:
        return False
    known = _tasks("dmc")
    return task not in known and not _near(task, known)


def _message(name: str, suites: Collection[str], own: Iterable[str]) -> tuple[str, tuple[str, ...]] | None:
    suite = suite_of(name)
    preset = next((item for item in ("dmc_vision", "dmc_proprio") if name == item or name.startswith(f"{item}_")), None)
    if preset is not None:
        inner = f"dmc{name.removeprefix(preset)}"
        found = (inner,) if inner in _tasks("dmc") else _near(inner, _tasks("dmc"))
        return f"{preset} is a suite with its own preset, and no part of a task's name: {name}", found
    if any(suite in item.replace(".", "_").split("_") for item in own if suite not in suites):
        return None
    if suites and suite in _SUITES and suite not in suites:
        return f"the program makes no {suite} environments: {name}", ()
    if suite not in _SUITES:
        made = [item for item in ("dmc", "atari", "crafter") if not suites or item in suites]
        found = tuple(near for item in made for near in _near(name, _tasks(item)))
        return (f"there is no task {name}", found[:1]) if found else None
    known = _tasks(suite)
    if suite in ("atari", "atari100k") and name.replace("_", "").lower() in {item.replace("_", "") for item in known}:
        return None  # ALE's own spelling, such as MontezumaRevenge
    found = () if name in known else _near(name, known)
    return (f"there is no task {name}", found) if found else None


def _near(name: str, known: Collection[str]) -> tuple[str, ...]:
    close = nearest(name, known)
    alike = (item for item in close if abs(len(item) - len(name)) <= _FAR and _same_words(name, item))
    return tuple(item for item in alike if difflib.SequenceMatcher(None, name, item).ratio() >= _NEAR)


def _same_words(name: str, known: str) -> bool:
    """Returns whether every word of a name may be a misspelt word of another: ``subtle`` is not ``sparse``."""
    ours, theirs = name.split("_"), known.split("_")
    if len(ours) != len(theirs):
        return True
    return all(difflib.SequenceMatcher(None, *pair).ratio() >= _WORD for pair in zip(ours, theirs, strict=True))


@cache
def _tasks(suite: str) -> frozenset[str]:
    from dreamerguard.schema.tasks import load_suite, suite_names

    if suite == "dmc":
        return frozenset(f"dmc_{task}" for task in _DMC.split())
    if suite not in suite_names() or suite in ("bsuite", "loconav"):
        return frozenset()
    listed = load_suite(suite).tasks
    names = {*listed, *(alias for entry in listed.values() for alias in entry.aliases)}
    games = (*rom_names(), "james_bond") if suite.startswith("atari") else ()
    return frozenset(names | {f"{suite}_{game}" for game in games})
