"""The steps from a command to a `ResolvedRun` that all hydra programs share."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache

from dreamerguard.core.budget import Budget
from dreamerguard.core.finding import Problem
from dreamerguard.core.key import Key, Kind, RenamedKey
from dreamerguard.core.machine import Machine
from dreamerguard.core.published import PublishedRun, PublishedValue
from dreamerguard.core.run import ResolvedRun, Units
from dreamerguard.core.setting import Preset, Role
from dreamerguard.core.source import Span, Value
from dreamerguard.programs.shared.closed_choices import refused_values
from dreamerguard.programs.shared.find_checkout import checkout_of
from dreamerguard.programs.shared.limits import beyond_limits, role_limits
from dreamerguard.programs.shared.made_suites import suite_problems
from dreamerguard.programs.shared.refused_combinations import refused_combinations
from dreamerguard.sources.argv import read_command

from .code import judge_added, judge_keys
from .compose import compose
from .composed import Composed
from .composition import Composition
from .overrides import read_override
from .table import TableStore, load_table_store


@cache
def preset_composition(table: str, primary: str, *words: str) -> Composition:
    """Returns the configuration that upstream's files and the given overrides compose to."""
    command = read_command(words)
    overrides = [item for word in command.words if (item := read_override(word)) is not None]
    return compose(load_table_store(table), primary, overrides, command.source.span(0))


def build_run(
    composed: Composed,
    *,
    dialect: str,
    roles: Mapping[Role, str],
    machine: Machine,
    budget: Budget | None,
    reference: PublishedRun | None,
    renamed: Mapping[str, RenamedKey],
    replay_bytes: float | None,
    units: Units = Units(),
    limits: tuple[Key, ...] = (),
    dead: Mapping[str, str] | None = None,
    task_problem: Problem | None = None,
) -> ResolvedRun:
    """Builds the resolved run for the rules.

    Args:
      limits: values with which nothing can train, beside those of the roles.
      dead: keys that change nothing, and why.
      task_problem: the problem with the task, if there is one.
    """
    composition = composed.composition
    canonical: dict[Role, str] = {role: composed.canonical(key) for role, key in roles.items()}
    unknown = tuple(replace(item, certain=item.certain and composed.whole) for item in composition.unknown)
    keys: Mapping[str, Key] = _keys(composed, dead or {})
    if composed.checkout is not None and composed.whole:
        keys = judge_keys(composition, composed.checkout, keys, set(canonical.values()))
        unknown = tuple(judge_added(list(unknown), composed.checkout, keys, renamed))
    problems = _problems(composed, canonical, limits, task_problem)
    problems += tuple(_judged_by_code(composed, canonical, problems))
    files = tuple(f"{composed.checkout.shown}/{name}.yaml" for name in composition.files) if composed.checkout else ()
    return ResolvedRun(
        dialect=dialect,
        anchor=composed.command.span,
        settings=composed.settings,
        roles=canonical,
        keys=keys,
        renamed={old: new for old, new in renamed.items() if composition.target(new.path) is not None},
        unknown=unknown,
        problems=problems,
        budget=budget,
        replay_bytes=replay_bytes,
        reference=reference,
        machine=machine,
        edition=composed.edition,
        upstream=str(composed.table.provenance),
        presets=tuple(_preset(item, composed.table) for item in composition.presets),
        files=files,
        overrides=len(composed.words.overrides),
        units=units,
        seen=composed.whole,
    )


def _problems(
    composed: Composed, roles: Mapping[Role, str], limits: tuple[Key, ...], task_problem: Problem | None
) -> tuple[Problem, ...]:
    """Returns the problems of reading, composing and the task, and those of values with which nothing can train."""
    problems = [*composed.words.problems, *composed.composition.problems]
    problems += [task_problem] if task_problem is not None else []
    named = (replace(limit, path=composed.canonical(limit.path)) for limit in limits)
    return (*problems, *beyond_limits(composed.settings, (*role_limits(roles), *named), problems))


def _judged_by_code(composed: Composed, roles: Mapping[Role, str], known: Sequence[Problem]) -> Iterator[Problem]:
    """Yields the problems of values that the checkout's own code refuses."""
    code = checkout_of(composed.checkout.folder) if composed.checkout is not None and composed.whole else None
    if code is None or composed.composition.blind:
        return
    task = roles["task"]
    yield from suite_problems(composed.settings, task, code, composed.command.span, whole=False)
    own = {key: item for key, item in composed.settings.items() if not key.startswith("hydra.")}
    refused = list(refused_values(own, code, {task, *(problem.key for problem in known)}, whole=False))
    yield from refused
    reported = {problem.key for problem in (*known, *refused)}
    yield from refused_combinations(own, code, reported, whole=False)


def _preset(preset: Preset, table: TableStore) -> Preset:
    group, _, option = preset.name.partition("=")
    return Preset(preset.name, preset.span, preset.known, table.load(f"{group}/{option}") is not None, preset.keys)


def _keys(composed: Composed, dead: Mapping[str, str]) -> dict[str, Key]:
    """Returns the keys of the files, if a rule needs them: to suggest a key, or to report a dead one.

    Keys that the command adds are left out, because they must not be suggested.
    """
    settings = composed.settings
    needed = composed.composition.unknown or any(path in settings and settings[path].chosen for path in dead)
    if not needed and not (composed.whole and composed.words.overrides):
        return {}
    return {
        path: Key(path, _kind(setting.value), setting.chain[0].value, dead=dead.get(path, ""))
        for path, setting in settings.items()
        if setting.chain[0].kind != "command line"
    }


def _kind(value: Value) -> Kind:
    if isinstance(value, bool):
        return "boolean"
    return "number" if isinstance(value, int | float) else "text"


def expectations(
    composition: Composition, roles: Mapping[Role, str], canonical: Mapping[str, str]
) -> dict[str, PublishedValue]:
    """Returns upstream's values of all keys with a role, under their names and the names that they refer to."""
    found: dict[str, PublishedValue] = {}
    settings = composition.settings()
    for role, key in roles.items():
        target = composition.target(key)
        setting = settings.get(target.key) if target is not None else None
        if setting is None or role == "task":
            continue
        origin = setting.last.origin
        assert not isinstance(origin, Span)
        for name in {key, setting.key, canonical.get(key, key)}:
            found[name] = PublishedValue(setting.value, origin)
    return found


def numbers(*values: float) -> bool:
    """Returns whether all values are known, so that none is NaN."""
    return all(value == value for value in values)
