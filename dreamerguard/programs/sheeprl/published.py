"""What is published for a sheeprl run: upstream's experiment of its suite, its values and curve; a task's name."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from functools import partial

from dreamerguard.core.budget import Budget
from dreamerguard.core.finding import Problem
from dreamerguard.core.published import PublishedCurve, PublishedRun
from dreamerguard.core.setting import Role
from dreamerguard.core.source import Value
from dreamerguard.programs.hydra.composed import Composed
from dreamerguard.programs.hydra.composition import Composition
from dreamerguard.programs.hydra.program import expectations, numbers, preset_composition
from dreamerguard.programs.shared.known_tasks import check_task
from dreamerguard.programs.shared.published_task import published_curve

from .budget import sheeprl_budget
from .keys import OLD_RATIO, PRIMARY, ROLES, TABLE

#: Part of the wrapper's target -> suite, and the experiment that upstream tuned for it.
_SUITES = {
    "DMCWrapper": ("dmc", "dreamer_v3_dmc_walker_walk"),
    "CrafterWrapper": ("crafter", "dreamer_v3_XL_crafter"),
    "AtariPreprocessing": ("atari", "dreamer_v3"),
}
_GENERAL = "dreamer_v3"
_SMALL_ATARI, _SMALL_STEPS = "dreamer_v3_100k_ms_pacman", 200_000


def task_problem(composed: Composed) -> Problem | None:
    dmc = (_suite(composed.value) or ("",))[0] == "dmc"
    domain, task = composed.value("env.wrapper.domain_name"), composed.settings.get("env.wrapper.task_name")
    return check_task(task, (), prefix=f"dmc_{domain}_") if dmc and isinstance(domain, str) else None


def _suite(value: Callable[[str], Value]) -> tuple[str, str] | None:
    target = value("env.wrapper._target_")
    found = (suite for name, suite in _SUITES.items() if isinstance(target, str) and name in target)
    return next(found, None)


def published_run(composed: Composed, roles: dict[Role, str], run: Budget) -> PublishedRun | None:
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
