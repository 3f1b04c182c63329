"""Turns the layers of a danijar/dreamerv3 run into the resolved run: defaults, presets in order, flags, checks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from dreamerguard.core.budget import Budget, Purpose
from dreamerguard.core.finding import Problem
from dreamerguard.core.machine import Machine
from dreamerguard.core.published import PublishedRun
from dreamerguard.core.run import ResolvedRun, Units
from dreamerguard.core.setting import Preset, Role, is_debug
from dreamerguard.core.source import Span, Value
from dreamerguard.core.values import as_number
from dreamerguard.programs.shared.atari_roms import unknown_rom
from dreamerguard.programs.shared.checkout import PythonCheckout
from dreamerguard.programs.shared.closed_choices import refused_values
from dreamerguard.programs.shared.key_tables import make_keys
from dreamerguard.programs.shared.known_tasks import check_task
from dreamerguard.programs.shared.limits import beyond_limits, role_limits
from dreamerguard.programs.shared.made_suites import makes_suite, suite_problems
from dreamerguard.programs.shared.negative_ratio import handled_below_zero
from dreamerguard.programs.shared.preset_file import PresetFile, names_task, without_task
from dreamerguard.programs.shared.python_call import PythonCall, is_open
from dreamerguard.programs.shared.refused_combinations import refused_combinations
from dreamerguard.programs.shared.task_names import judged_task, suite_of
from dreamerguard.programs.shared.unused_sections import unused_sections
from dreamerguard.programs.shared.yaml_numbers import text_numbers
from dreamerguard.sources.argv import Command

from .budget import ENDLESS, danijar_budget
from .constraints import broken_constraints
from .editions import EDITIONS, SUITES_MADE, Edition, edition_of_keys, edition_of_words
from .fixed_in_code import with_fixed
from .flags import Flags
from .guarded_intervals import guarded_intervals
from .idle_presets import without_idle
from .keys import LIMITS, conditions_for, renames_for
from .layers import DanijarLayers
from .lenient_update import as_added
from .optional_reads import optional_reads
from .preset_layers import add_presets
from .published import preset_reference, repeat_of
from .replay_memory import replay_bytes_of
from .scripts import interval_units, saves_last, script_trains
from .shrunk_presets import shrunk_presets
from .unread_settings import trains_nothing

#: Run scripts that play; a fork's script that trains from stored episodes has no environments.
_ONLINE = ("train", "train_eval", "train_save", "train_holdout", "parallel", "train_with_viz")
#: Share of the published length. A shorter run is also judged by its length; above it, a short length is a choice.
_SHORT = 0.2


def resolve_command(
    call: PythonCall,
    flags: Flags,
    file: PresetFile | None,
    command: Command,
    machine: Machine,
    chosen: str | None,
    checkout: PythonCheckout | None,
) -> ResolvedRun:
    """Returns the run of a command: the layers of its file and its flags, in the chosen or the recognised edition."""
    edition = EDITIONS[chosen] if chosen is not None else find_edition(call, flags, file)
    draft, flags = default_layers(edition, file), without_idle(flags, file, edition)
    return finish(draft, edition, flags, file, _anchor(flags, command), machine, checkout, whole=False)


def default_layers(edition: Edition, file: PresetFile | None) -> DanijarLayers:
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


def find_edition(call: PythonCall, flags: Flags, file: PresetFile | None) -> Edition:
    """Returns the edition of the preset file, or else the one that the command was written for."""
    found = edition_of_keys(file.defaults) if file is not None and file.blocks else None
    names = [flag.name for flag in flags.flags]
    return EDITIONS[found or edition_of_words(call.script, names, (word.text for word in flags.presets))]


def _loader(problem: Problem) -> Problem:
    """Adapts the message of a duplicate key, at which the program's YAML reader stops."""
    if problem.rule != "duplicate-key":
        return problem
    text = f"{problem.key} is set twice: the program's YAML reader refuses the whole file"
    return Problem(problem.rule, text, problem.label, problem.key, problem.secondary, problem.help)


def finish(
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
    """Adds presets and flags to the layers, and returns the resolved run; ``whole``: a preset without a command."""
    presets = add_presets(draft, edition.name, flags, file)
    draft.problems += flags.problems
    draft.add_flags(flags.flags)
    values = draft.current()
    task = judged_task(str(values.get("task") or ""), presets)
    complete = not flags.open_presets and all(preset.known for preset in presets) and _has_ratio(values)
    complete = complete and (bool(presets) or not whole)  # the defaults alone do not make a run
    script = str(values.get(edition.script, "train"))
    trains = script_trains(script) and not (script not in _ONLINE and trains_nothing(checkout, script))
    budget = danijar_budget(edition.name, values.get, repeat_of(values, task)) if complete and trains else None
    named = not whole or names_task(draft.settings.get("task"), presets)
    reference = _reference(edition, values, task, presets, budget) if complete and named and trains else None
    roles = _roles(edition, values, task)
    familiar = all(preset.known for preset in presets)
    if familiar and draft.seen and not flags.open_presets:
        unmade = draft.table.title if suite_of(str(values.get("task") or "")) in edition.unmade else ""
        found = suite_problems(draft.settings, "task", checkout, anchor, whole=whole)
        draft.problems += [replace(problem, upstream=unmade) for problem in found]
    _check_values(draft, edition, file, roles, checkout, familiar=named and familiar)
    draft.problems += broken_constraints(draft.settings, checkout)
    draft.problems += shrunk_presets(draft.settings, presets, edition, draft.table)
    draft.problems += text_numbers(draft.settings, file, draft.table.defaults, checkout, ("defaults",))
    if checkout is not None:
        known = {"task", *(problem.key for problem in draft.problems)}
        draft.problems += refused_values(draft.settings, checkout, known, whole=whole) if draft.seen else ()
        known = {problem.key for problem in draft.problems}
        together = refused_combinations(draft.settings, checkout, known, whole=whole)
        draft.problems += together if draft.seen and familiar and not flags.open_presets else ()
        draft.keys = checkout.keys(draft.keys, draft.settings, (), whole=whole, upstream=draft.table.defaults)
        unused = unused_sections(draft.settings, checkout) if whole and draft.seen else {}
        draft.keys = {**draft.keys, **{key: replace(draft.keys[key], dead=why) for key, why in unused.items()}}
        draft.keys = with_fixed(draft.keys, draft.settings, roles, checkout)
        added = as_added(draft.unknown, checkout, file.source.name if file is not None else "")
        draft.unknown = checkout.unknown(added, draft.keys)
    stepped, timed = interval_units(draft.settings, edition.script, checkout)
    return ResolvedRun(
        dialect="danijar",
        anchor=anchor,
        settings=draft.settings,
        roles=roles if named else without_task(roles),
        keys=draft.keys,
        renamed=draft.renamed,
        conditions=conditions_for(draft.settings, checkout),
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
        units=Units(
            length="agent steps",
            stepped=stepped,
            timed=timed,
            saves_last=saves_last(draft.settings, edition.script, checkout),
        ),
        whole=whole,
        trains=trains,
        files=(file.source.name,) if file is not None else (),
        overrides=len(flags.flags),
        given=(checkout.given() if checkout is not None else frozenset())
        | optional_reads(draft.settings, edition.script, checkout),
        handled=handled_below_zero(checkout) if as_number(values.get("run.train_ratio")) < 0 else frozenset(),
        guarded=guarded_intervals(draft.settings, edition.script, checkout),
    )


def _reference(
    edition: Edition, values: Mapping[str, Value], task: str, presets: list[Preset], budget: Budget | None
) -> PublishedRun | None:
    """Returns the published run to compare with; None if the suite is unknown or no published run is comparable."""
    if is_open(suite_of(task)) or _sidelined(edition, values, task, presets):
        return None
    return preset_reference(edition.name, values, task, tuple(preset.name for preset in presets), budget)


def _check_values(
    draft: DanijarLayers,
    edition: Edition,
    file: PresetFile | None,
    roles: Mapping[Role, str],
    checkout: PythonCheckout | None,
    *,
    familiar: bool,
) -> None:
    """Adds the problems of a task that the program cannot make, and of values with which nothing can train."""
    own = (*file.blocks, *draft.settings) if file is not None else ()
    if familiar and not any(problem.rule == "unknown-task" for problem in draft.problems):
        made = () if makes_suite(draft.settings, "task", checkout) else SUITES_MADE
        task = draft.settings.get("task")
        problem = check_task(task, made, own) or unknown_rom(task, checkout)
        draft.problems += [problem] if problem is not None else []
    online = str(draft.current().get(edition.script, "train")) in _ONLINE
    limited: dict[Role, str] = {role: key for role, key in roles.items() if online or role != "envs"}
    draft.problems += beyond_limits(draft.settings, (*role_limits(limited), *LIMITS), draft.problems)


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
    debugs = any(is_debug(preset.name) for preset in presets)
    return debugs or not script_trains(str(values.get(edition.script, "train")))


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
    return command.span
