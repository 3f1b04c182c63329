"""The published run of a task from upstream's presets, in the edition of the run: the reference for the user's run."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache, partial

from dreamerguard.core.budget import Budget
from dreamerguard.core.published import PublishedCurve, PublishedRun, PublishedValue
from dreamerguard.core.source import Origin, Value
from dreamerguard.core.values import as_number
from dreamerguard.programs.shared.key_tables import Table, load_table
from dreamerguard.programs.shared.published_task import published_curve, published_frames
from dreamerguard.programs.shared.python_call import is_open
from dreamerguard.programs.shared.task_names import is_known_task, suite_of
from dreamerguard.schema.published_editions import Edition as PublishedEdition

from .budget import ENDLESS, danijar_budget
from .editions import EDITIONS
from .layers import apply_plain

#: Train ratios of the paper's tables that its code never had.
_PAPER_RATIOS = {"atari100k": 128.0}
_PAPER = Origin(
    "Mastering diverse control tasks through world models, Nature 640 (2025)",
    "https://doi.org/10.1038/s41586-025-08744-2",
    "benchmark overview",
)
_BRIEF = "atari100k"
#: Frames below the length of every published run.
_BRIEFEST = 1e5
#: Suites with a preset of the same name.
_SAME = ("atari", "atari100k", "crafter", "minecraft", "dmlab", "procgen", "bsuite", "loconav", "memmaze")
_PUBLISHED: dict[str, PublishedEdition] = {"2023": "paper-2023", "2024": "paper-2025", "2025": "head"}


def repeat_of(get: Mapping[str, Value], task: str) -> float:
    """Returns the action repeat by which the logger multiplies steps: ``env.<suite>.repeat``, or 1."""
    value = as_number(get.get(f"env.{suite_of(task)}.repeat"))
    return value if value > 0 else 1.0


def preset_of(edition: str, values: Mapping[str, Value], task: str, asked: tuple[str, ...]) -> str | None:
    """Returns the preset that was made for a task and its kind of observation; None without one."""
    suite = suite_of(task)
    if suite == "dmc" and not (is_known_task(task) or is_open(task)):
        return None
    if suite == "dmc":
        return "dmc_proprio" if _proprio(edition, values) else "dmc_vision"
    if suite == "atari" and "atari100k" in asked:
        return "atari100k"  # only the 2025 edition has tasks with that prefix, and not all of its forks
    return suite if suite in _SAME and suite in EDITIONS[edition].load().presets else None


def _proprio(edition: str, values: Mapping[str, Value]) -> bool:
    if edition == "2023":
        return values.get("encoder.cnn_keys") == "$^"
    return values.get("env.dmc.image") is False


def preset_values(table: Table, preset: str) -> dict[str, Value]:
    """Returns every value of the program with one preset."""
    return dict(_preset_values(table.name, preset))


@cache
def _preset_values(name: str, preset: str) -> Mapping[str, Value]:
    table = load_table(name)
    values = dict(table.defaults)
    return values | apply_plain(values, table.presets[preset])


def preset_reference(
    edition: str, values: Mapping[str, Value], task: str, asked: tuple[str, ...], run: Budget | None
) -> PublishedRun | None:
    """Returns the run of upstream's preset for the task; None if there is no such preset.

    For a preset without a length, the length of the user's run is used, or the paper's if the run is shorter than any.
    """
    table = EDITIONS[edition].load()
    preset = preset_of(edition, values, task, asked)
    if preset is None or preset not in table.presets:
        return None
    theirs = preset_values(table, preset)
    repeat = repeat_of(theirs, task)
    budget = danijar_budget(edition, theirs.get, repeat)
    if budget is None:
        return None
    endless = as_number(theirs.get("run.steps")) >= ENDLESS
    if endless and run is not None:
        frames = (
            run.frames
            if run.frames >= _BRIEFEST
            else max(run.frames, published_frames(task, preset, _PUBLISHED[edition]))
        )
        budget = danijar_budget(edition, (theirs | {"run.steps": frames / repeat}).get, repeat)
    origin = table.origin(preset)
    keys = [*EDITIONS[edition].roles.values(), f"env.{suite_of(task)}.repeat"]
    expected = {key: PublishedValue(theirs[key], origin) for key in keys if key in theirs and key != "task"}
    if endless:
        expected.pop("run.steps", None)
    assert budget is not None
    return PublishedRun(
        f"{suite_of(task)} tasks" if is_open(task) else task,
        preset,
        edition,
        budget,
        expected,
        brief=_brief(edition, preset),
        others={name: _others(name, preset, task) for name in EDITIONS if name != edition} | _paper(preset),
        load_curve=partial(load_curve, task, preset, edition),
    )


def _brief(edition: str, preset: str) -> tuple[str, Budget] | None:
    """Returns the short benchmark of Atari's games for a run of the long one."""
    table = EDITIONS[edition].load()
    if preset != "atari" or _BRIEF not in table.presets:
        return None
    values = preset_values(table, _BRIEF)
    budget = danijar_budget(edition, values.get, repeat_of(values, str(values.get("task"))))
    return (_BRIEF, budget) if budget is not None else None


def _paper(preset: str) -> dict[str, dict[str, PublishedValue]]:
    """Returns the train ratio of the paper where no code of that time has it."""
    ratio = _PAPER_RATIOS.get(preset)
    return {"paper-2025": {"run.train_ratio": PublishedValue(ratio, _PAPER)}} if ratio is not None else {}


def _others(edition: str, preset: str, task: str) -> dict[str, PublishedValue]:
    """Returns train ratio and action repeat of another edition's preset of the same name; all have both keys."""
    table = EDITIONS[edition].load()
    if preset not in table.presets:
        return {}
    values, origin = preset_values(table, preset), table.origin(preset)
    keys = ("run.train_ratio", f"env.{suite_of(task)}.repeat")
    return {key: PublishedValue(values[key], origin) for key in keys if key in values}


def load_curve(task: str, preset: str, edition: str) -> PublishedCurve | None:
    """Loads the published scores of the task, with the budget of the published agent; None if nothing is published."""
    name = task.replace("atari_", "atari100k_", 1) if preset == "atari100k" else task
    return published_curve(name, preset, _PUBLISHED[edition])
