"""Finds the sweep of a hydra command: ``-m``, ``hydra.mode=MULTIRUN``, and ``hydra.sweeper.params``.

The parameters of the sweeper come first, so that an argument replaces the parameter of the same key, as hydra 1.3 does
(``basic_sweeper.py``).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from dreamerguard.core.source import Span
from dreamerguard.sources.argv import FROM_SWEEP, UNKNOWN, Command, SweepAxis, Word
from dreamerguard.sources.commands.launch import Launch
from dreamerguard.util.check_cache import cached_per_check

from .command import Checkout, HydraArguments, mentions, primary_of, read_hydra_arguments
from .compose import compose
from .composed import folder_store
from .composition import Composition
from .defaults import Unsupported
from .overrides import HydraOverride, Malformed, read_override
from .store import Store
from .sweep_values import sweep_values
from .table import load_table_store
from .tree import Leaf, Tree, find

_PARAMETERS = "hydra.sweeper.params"
_MAX_PARAMETERS = 50


def with_sweep(command: Command, launch: Launch, table: str, primary: str, checkout: Checkout | None) -> Command:
    """Returns the command with one axis for each argument that a sweep varies; unchanged if it is no sweep."""
    arguments = read_hydra_arguments(launch.arguments)
    composition = _configured(arguments, launch, table, primary, checkout)
    if not (arguments.multirun or (composition is not None and composition.value("hydra.mode") == "MULTIRUN")):
        return command
    given = [*_from_files(composition), *_from_words(arguments.overrides)][:_MAX_PARAMETERS]
    if not given and not any(item.sweep for item in arguments.overrides):
        return command
    first = len(command.words) - len(launch.arguments)
    words = (*command.words[:first], *given, *command.words[first:])
    placed = tuple(replace(word, index=index) for index, word in enumerate(words))
    store = folder_store(checkout, table, primary)[0] if checkout is not None else load_table_store(table)
    axes = tuple(_axes(placed, first, store))
    base = {axis.index: axis.choices[0][0] for axis in axes if len(axis.choices) == 1}
    written = tuple(base.get(word.index, word) for word in placed)
    kept = tuple(axis for axis in axes if len(axis.choices) > 1)
    return replace(command, words=written, axes=(*command.axes, *kept))


@cached_per_check
def _has_sweeper(checkout: Checkout) -> bool:
    return mentions(checkout.folder, r"MULTIRUN|sweeper")


def _configured(
    arguments: HydraArguments, launch: Launch, table: str, primary: str, checkout: Checkout | None
) -> Composition | None:
    """Returns the composed files, if some file may set the mode or parameters of the sweeper."""
    if checkout is None or not _has_sweeper(checkout):
        return None
    store, whole = folder_store(checkout, table, primary)
    name = (arguments.config_name or primary_of(checkout, primary)).removesuffix(".yaml")
    try:
        return compose(store, name, arguments.overrides, launch.place.span, sure=whole)
    except Unsupported:
        return None


def _from_files(composition: Composition | None) -> Iterator[Word]:
    branch = find(composition.root, _PARAMETERS.split(".")) if composition is not None else None
    for key, leaf in branch.children.items() if isinstance(branch, Tree) else ():
        last = leaf.chain[-1] if isinstance(leaf, Leaf) else None
        place = (last.value_span or last.span) if last is not None else None
        if last is not None and place is not None and not isinstance(last.value, tuple):
            yield _parameter(key, "null" if last.value is None else str(last.value), place)


def _from_words(overrides: Sequence[HydraOverride]) -> Iterator[Word]:
    """Yields ``key=value`` for each member of ``hydra.sweeper.params={key: value}``."""
    for item in overrides:
        for key, value in (item.members or ()) if item.key == _PARAMETERS else ():
            known = isinstance(value, str | int | float)
            yield _parameter(key, str(value) if known else UNKNOWN, item.span)


def _parameter(key: str, value: str, place: Span) -> Word:
    return Word(f"{key}={UNKNOWN if '$' in value else value}", place, 0, FROM_SWEEP)


def _axes(words: Sequence[Word], first: int, store: Store) -> Iterator[SweepAxis]:
    """Yields the axes; of several arguments with one key, only the last varies, because hydra drops the others."""
    read: dict[str, tuple[int, HydraOverride]] = {}
    replaced: list[tuple[int, HydraOverride]] = []
    for index in range(first, len(words)):
        try:
            item = read_override(words[index])
        except Malformed:
            continue
        if item is not None and item.text is not None:
            element = f"{item.kind} {item.element}"
            replaced += [read[element]] if element in read else []
            read[element] = (index, item)
    for index, item in (*read.values(), *replaced):
        if item.sweep and not item.key.startswith(("hydra.", "hydra/")):
            axis = _axis(index, item, store)
            dropped = (index, item) in replaced
            yield replace(axis, choices=axis.choices[:1], labels=axis.labels[:1]) if dropped else axis


def _axis(index: int, item: HydraOverride, store: Store) -> SweepAxis:
    text = item.text or ""
    values = sweep_values(text, store.options(item.key))
    before = item.word.text[: len(item.word.text) - len(text)]
    if values is None:
        unknown = Word(f"{before}{UNKNOWN}", item.word.span, index, FROM_SWEEP)
        return SweepAxis(index, item.key, ((unknown,),), (text,))
    choices: list[tuple[Word, ...]] = []
    for value in values:
        place = item.word.part(len(before) + value.start, len(before) + value.end) if value.end else None
        choices.append((Word(f"{before}{value.text}", place or item.word.span, index),))
    return SweepAxis(index, item.key, tuple(choices), tuple(value.text for value in values))
