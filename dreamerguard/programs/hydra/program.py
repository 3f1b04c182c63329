"""The steps from a command to a `ResolvedRun` that all hydra programs share."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache

from dreamerguard.core.budget import Budget
from dreamerguard.core.finding import Problem, Severity
from dreamerguard.core.key import Key, Kind, RenamedKey
from dreamerguard.core.machine import Machine
from dreamerguard.core.published import PublishedRun, PublishedValue
from dreamerguard.core.run import ResolvedRun, Units
from dreamerguard.core.setting import Preset, Role, Setting
from dreamerguard.core.source import Span, Value
from dreamerguard.programs.shared.closed_choices import refused_values
from dreamerguard.programs.shared.find_checkout import checkout_of
from dreamerguard.programs.shared.limits import beyond_limits, role_limits
from dreamerguard.programs.shared.made_suites import suite_problems
from dreamerguard.programs.shared.refused_combinations import refused_combinations
from dreamerguard.sources.argv import Command, read_command
from dreamerguard.sources.commands.launch import Launch
from dreamerguard.util.check_cache import cached_per_check
from dreamerguard.util.fast_dataclass import dataclass

from .code import judge_added, judge_keys
from .command import Checkout, HydraArguments, primary_of, read_hydra_arguments
from .compose import compose
from .composition import Composition
from .defaults import Defaults, Unsupported
from .exact import compose_exactly
from .overrides import read_override
from .root_files import misplaced_files
from .store import ConfigFile, FolderStore, Store
from .table import TableStore, load_table_store


class Overlay:
    """A store with a checkout's files before upstream's, for repositories that only add some files."""

    def __init__(self, own: Store, shipped: Store) -> None:
        self.own = own
        self.shipped = shipped

    def load(self, path: str) -> ConfigFile | None:
        return self.own.load(path) or self.shipped.load(path)

    def options(self, group: str) -> tuple[str, ...]:
        return tuple(sorted({*self.own.options(group), *self.shipped.options(group)}))


@dataclass(frozen=True, slots=True)
class Composed:
    """A command's configuration, before it is put in common units."""

    command: Command
    words: HydraArguments
    composition: Composition
    settings: Mapping[str, Setting]
    table: TableStore
    checkout: Checkout | None
    whole: bool

    def value(self, key: str) -> Value:
        """Returns the final value of a key; None if it has no value or the value is unknown."""
        return self.composition.value(key)

    def number(self, key: str) -> float:
        """Returns the final value of a key as a number; NaN if it is not a number."""
        return self.composition.number(key)

    def canonical(self, key: str) -> str:
        """Returns the key that a key refers to, or the key itself if it has no target."""
        target = self.composition.target(key)
        return target.key if target is not None else key

    @property
    def edition(self) -> str:
        """Files that the command was resolved with, for people."""
        if self.checkout is None:
            return f"{self.table.provenance} (shipped table; no checkout was found)"
        return f"{self.checkout.shown} of the checkout, compared with {self.table.provenance}"


@cached_per_check
def folder_store(checkout: Checkout, table: str, primary: str) -> tuple[Store, bool]:
    """Returns the files of a checkout, with upstream's for missing ones, and whether the checkout is complete."""
    shipped, primary = load_table_store(table), primary_of(checkout, primary)
    own: Store = FolderStore(checkout.folder, checkout.shown, shipped)
    whole = checkout.complete and _has_all(own, primary)
    store = own if whole else Overlay(own, shipped)
    for addition in checkout.additions:
        store = Overlay(FolderStore(addition.folder, addition.shown, shipped), store)
    return store, whole


def _has_all(store: Store, primary: str) -> bool:
    """Returns whether a folder has every file that its defaults lists name, so that it is not a partial copy."""
    defaults = Defaults(store, {})
    try:
        defaults.expand(primary)
    except Unsupported:
        return True
    return all(missing.name is None for missing in defaults.missing)


def compose_command(command: Command, launch: Launch, table: str, primary: str, checkout: Checkout | None) -> Composed:
    """Composes the configuration of a command, from a checkout or from the shipped table.

    Raises:
      NeedsHydra: only hydra can compose it, and hydra is not installed or there is no checkout.
    """
    words = read_hydra_arguments(launch.arguments)
    shipped = load_table_store(table)
    store, whole = folder_store(checkout, table, primary) if checkout is not None else (shipped, False)
    name = (words.config_name or primary_of(checkout, primary)).removesuffix(".yaml")
    try:
        composition = compose(store, name, words.overrides, launch.place.span, sure=whole)
    except Unsupported as reason:
        folder = checkout.folder if checkout is not None else None
        composition = compose_exactly(folder, name, words.overrides, launch.place.span, str(reason))
    if checkout is not None and whole and not composition.blind:
        found = misplaced_files(composition, store, name, checkout)
        alone = command.source.name.endswith((".yaml", ".yml"))  # `check` says it where it stands
        composition.problems += (item if alone else replace(item, severity=Severity.INFO) for item in found)
    return Composed(command, words, composition, composition.settings(), shipped, checkout, whole)


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
