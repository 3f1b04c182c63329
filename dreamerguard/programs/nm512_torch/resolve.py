"""Resolves the run of presets and options: every value with its layers, the keys and the problems."""

from __future__ import annotations

from collections.abc import Mapping

from dreamerguard.core.budget import Budget, Purpose
from dreamerguard.core.key import Key
from dreamerguard.core.machine import Machine
from dreamerguard.core.published import PublishedRun
from dreamerguard.core.run import ResolvedRun
from dreamerguard.core.setting import Preset, Role, Setting, is_debug
from dreamerguard.core.source import Span
from dreamerguard.core.values import as_number
from dreamerguard.programs.shared.checkout import PythonCheckout
from dreamerguard.programs.shared.closed_choices import refused_values
from dreamerguard.programs.shared.key_tables import load_table, make_keys
from dreamerguard.programs.shared.made_suites import makes_suite, suite_problems
from dreamerguard.programs.shared.missing_settings import missing_settings
from dreamerguard.programs.shared.negative_ratio import handled_below_zero
from dreamerguard.programs.shared.preset_file import (
    PresetFile,
    names_task,
    without_task,
)
from dreamerguard.programs.shared.python_call import is_open
from dreamerguard.programs.shared.refused_combinations import refused_combinations
from dreamerguard.programs.shared.task_names import judged_task, suite_of
from dreamerguard.programs.shared.yaml_numbers import text_numbers

from .another_loop import without_loop
from .flags import TorchArguments
from .handled_values import handled_values
from .keys import CONDITIONS, DEAD, RENAMES, ROLES
from .layers import TorchLayers
from .overwritten import with_overwritten, without_overwritten
from .problems import loader_problem, missing_module, unknown_preset, unsplit_task, value_problems
from .published import torch_budget, torch_reference, torch_replay_bytes
from .suite_branch import is_left_out, without_size
from .unapplied_repeat import unapplied_repeat
from .untrained_policy import untrained_policy
from .wrapped_actions import wrapped_actions

#: Preset -> suite of the tasks that it was made for.
_SUITES = {"dmc_proprio": "dmc", "dmc_vision": "dmc", "atari100k": "atari"} | {
    name: name for name in ("crafter", "minecraft", "memorymaze")
}


#: Roles of the settings that decide about the number of updates.
_SIZES: frozenset[Role] = frozenset({"frames", "train_ratio", "action_repeat", "batch_size", "batch_length"})


#: Share of the published length. A shorter run is also judged by its length; above it, a short length is a choice.
_SHORT = 0.2


def resolve_run(
    words: TorchArguments,
    file: PresetFile | None,
    anchor: Span,
    machine: Machine,
    checkout: PythonCheckout | None,
    *,
    whole: bool,
) -> ResolvedRun:
    table = load_table("nm512_torch")
    seen = file is not None and bool(file.blocks)
    draft = TorchLayers(table, seen)
    draft.problems += [loader_problem(problem) for problem in file.problems] if file is not None else []
    presets = _add_presets(draft, words, file if seen else None)
    draft.problems += words.problems
    draft.add_arguments(words.arguments)
    values = draft.current()
    task = judged_task(str(values.get("task") or ""), presets)
    complete = not words.open_presets and all(preset.known for preset in presets) and (bool(presets) or not whole)
    handled = handled_below_zero(checkout) if as_number(values.get("train_ratio")) < 0 else frozenset()
    budget = torch_budget(values) if complete and not handled else None
    settings = draft.settings()
    named = not whole or names_task(settings.get("task"), presets)
    own = (*file.blocks, *values) if file is not None and seen else ()
    familiar = all(preset.known for preset in presets)
    if familiar and seen and not words.open_presets:
        draft.problems += suite_problems(settings, "task", checkout, anchor, whole=whole)
    draft.problems += value_problems(settings, own, draft.problems, checkout, task_known=named and familiar)
    draft.problems += text_numbers(settings, file if seen else None, table.defaults, checkout)
    known = {"task", *(problem.key for problem in draft.problems)}
    draft.problems += refused_values(settings, checkout, known, whole=whole) if seen else ()
    known = {problem.key for problem in draft.problems}
    draft.problems += (
        refused_combinations(settings, checkout, known, whole=whole)
        if seen and familiar and not words.open_presets
        else ()
    )
    chosen = not whole or ("task" in settings and settings["task"].last.kind == "preset")
    if familiar and seen and not words.open_presets and chosen:
        draft.problems += unsplit_task(settings, draft.problems, checkout, anchor, whole=whole)
    if not whole and familiar and seen and not words.open_presets:
        if not makes_suite(settings, "task", checkout):
            draft.problems += missing_module(settings, checkout, anchor)
        draft.problems += missing_settings({*settings, *draft.sections}, checkout, anchor, file)
    if familiar and seen and not words.open_presets:
        suite = suite_of(task) if named or not presets else presets[-1].name
        draft.problems += unapplied_repeat(settings, suite, checkout, anchor)
        draft.problems += wrapped_actions(settings, suite, checkout, anchor, whole=whole)
        draft.problems += untrained_policy(settings, checkout, anchor) if presets else ()
    keys = without_size(_keys(draft, settings, checkout, whole=whole), suite_of(task), checkout if named else None)
    given = without_loop(without_overwritten(ROLES, keys), settings, checkout)
    roles = given if named else without_task(given)
    budget = budget if given.keys() >= _SIZES else None
    reference = torch_reference(values, task) if complete and named and _compares(task, presets) else None
    if is_left_out(settings, keys):
        roles = {role: key for role, key in roles.items() if role != "image_size"}
    return ResolvedRun(
        dialect="nm512_torch",
        anchor=anchor,
        settings=settings,
        roles=roles,
        keys=keys,
        renamed={old: new for old, new in RENAMES.items() if new.path in draft.chains},
        conditions=CONDITIONS,
        unknown=tuple(draft.unknown),
        problems=tuple(draft.problems),
        budget=budget,
        replay_bytes=torch_replay_bytes(values, budget),
        reference=reference,
        purpose=_purpose(budget, reference),
        machine=machine,
        upstream=table.title,
        presets=tuple(presets),
        constants=table.defaults,
        seen=seen,
        whole=whole,
        files=(file.source.name,) if file is not None else (),
        overrides=len(words.arguments),
        given=checkout.given() if checkout is not None else frozenset(),
        handled=handled,
        guarded=handled_values(checkout),
    )


def _keys(
    draft: TorchLayers, settings: Mapping[str, Setting], checkout: PythonCheckout | None, *, whole: bool
) -> Mapping[str, Key]:
    """Returns the keys; a checkout says which of them, and of the unknown ones, its code reads."""
    keys: Mapping[str, Key] = make_keys({key: chain[0].value for key, chain in draft.chains.items()}, draft.table, DEAD)
    if checkout is None:
        return keys
    unread = [item.key for item in draft.unknown]
    keys = checkout.keys(keys, settings, unread, whole=whole, upstream=draft.table.defaults)
    keys = with_overwritten(keys, checkout)
    draft.unknown = checkout.unknown(draft.unknown, keys, RENAMES)
    return keys


def _compares(task: str, presets: list[Preset]) -> bool:
    """Returns whether a published run is comparable: no debugging, and no preset of another suite."""
    suites = [preset.suite for preset in presets if preset.suite]
    fits = not suites or suites[-1] == suite_of(task)
    return fits and not is_open(suite_of(task)) and not any(is_debug(preset.name) for preset in presets)


def _add_presets(draft: TorchLayers, words: TorchArguments, file: PresetFile | None) -> list[Preset]:
    shipped = draft.table.presets
    blocks: Mapping[str, object] = file.blocks if file is not None else shipped
    if file is not None:
        draft.add_block("defaults", file.defaults)
    else:
        draft.add_shipped("defaults")
    presets: list[Preset] = []
    for word in words.presets:
        name, known = word.text, word.text in blocks or word.text == "defaults"
        if name == "defaults" and not presets:
            continue  # applied first anyway
        before = {key: len(chain) for key, chain in draft.chains.items()}
        if known and file is not None:
            draft.add_block(name, file.defaults if name == "defaults" else file.blocks[name])
        elif known:
            draft.add_shipped(name, word.span)
        keys = tuple(key for key, chain in draft.chains.items() if len(chain) > before.get(key, 0))
        suite = _SUITES.get(name, "")
        presets.append(Preset(name, word.span, known, name in shipped or name == "defaults", keys, suite))
        if not known:
            draft.problems.append(unknown_preset(word, blocks, file, draft.table.title))
    return presets


def _purpose(budget: Budget | None, theirs: PublishedRun | None) -> Purpose:
    """Returns ``short`` if the length is a choice: shorter than the published one, but at least 20 % of it."""
    if budget is None or theirs is None:
        return "full"
    return "short" if _SHORT * theirs.budget.frames <= budget.frames < theirs.budget.frames else "full"
