"""Composes the configuration of a command, from the files of a checkout or from the shipped table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from dreamerguard.core.finding import Severity
from dreamerguard.core.setting import Setting
from dreamerguard.core.source import Value
from dreamerguard.sources.argv import Command
from dreamerguard.sources.commands.launch import Launch
from dreamerguard.util.check_cache import cached_per_check
from dreamerguard.util.fast_dataclass import dataclass

from .absent_groups import absent_groups
from .command import Checkout, HydraArguments, primary_of, read_hydra_arguments
from .compose import compose
from .composition import Composition
from .defaults import Defaults, Unsupported
from .exact import compose_exactly
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
    if checkout is not None and checkout.complete and not whole:
        composition.problems += absent_groups(checkout, shipped, name, launch)
    return Composed(command, words, composition, composition.settings(), shipped, checkout, whole)
