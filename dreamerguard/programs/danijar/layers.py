"""The layers of a danijar/dreamerv3 run (defaults, presets in their order, flags), and the problems of merging them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from dreamerguard.core.finding import Problem
from dreamerguard.core.key import Key, RenamedKey
from dreamerguard.core.setting import Layer, LayerKind, Setting, UnknownKey
from dreamerguard.core.source import Edit, Label, Span, Value
from dreamerguard.programs.shared.key_tables import Table
from dreamerguard.programs.shared.preset_values import (
    Converted,
    Item,
    convert_flag,
    convert_yaml,
    default_problem,
    is_pattern,
)
from dreamerguard.sources.argv import UNKNOWN
from dreamerguard.util.patterns import Pattern, PatternError

from .bracketed_lists import bracketed_list
from .flags import Flag


@dataclass
class DanijarLayers:
    """The layers of a run during merging.

    Attributes:
      table: upstream's keys and presets.
      seen: whether the presets of the checkout were read.
      settings: every key with its layers so far; only the defaults add keys.
      problems: errors that stop the program, and silent conversions.
      unknown: keys that the program lacks.
      keys: facts about the keys of the defaults.
      renamed: old key -> key of the defaults.
      matched: pattern -> keys that it matches, and those of them of which it matches only the beginning.
    """

    table: Table
    seen: bool
    settings: dict[str, Setting] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    unknown: list[UnknownKey] = field(default_factory=list)
    keys: Mapping[str, Key] = field(default_factory=dict)
    renamed: Mapping[str, RenamedKey] = field(default_factory=dict)
    matched: dict[str, tuple[list[str], list[str]]] = field(default_factory=dict)

    def copy(self) -> DanijarLayers:
        """Returns a copy that can change independently."""
        return replace(self, settings=self.settings.copy(), problems=self.problems.copy(), unknown=self.unknown.copy())

    def value(self, key: str) -> Value:
        """Returns the current value of a key; None if the key does not exist."""
        setting = self.settings.get(key)
        return setting.value if setting is not None else None

    def add(self, key: str, layer: Layer) -> None:
        """Adds a layer over the existing layers of a key."""
        self.settings[key] = Setting(key, (*self.settings[key].chain, layer))

    def add_shipped(self, block: str) -> None:
        """Adds a block of the table, for a checkout that cannot be read."""
        origin = self.table.origin(block)
        if block == "defaults" and not self.settings:
            for key, value in self.table.defaults.items():
                self.settings[key] = Setting(key, (Layer("defaults", "defaults", value, origin, upstream=True),))
            return
        values = self.table.defaults if block == "defaults" else self.table.presets[block]
        for key, value in apply_plain(self.current(), values).items():
            self.add(key, Layer("preset", block, value, origin, upstream=True))

    def current(self) -> dict[str, Value]:
        """Returns all current values."""
        return {key: setting.chain[-1].value for key, setting in self.settings.items()}

    def add_defaults(self, items: Mapping[str, Item]) -> None:
        """Adds the defaults of the checkout."""
        for key, item in items.items():
            if item.nested or is_pattern(key):
                continue
            self.settings[key] = Setting(key, (self._layer("defaults", item, item.value),))
            why = default_problem(item.value)
            if why:
                self.problems.append(Problem("wrong-type", f"{key}: {why}", Label(item.span), key))

    def add_preset(self, name: str, items: Mapping[str, Item]) -> list[str]:
        """Adds a preset of the checkout. Returns the keys that it set."""
        touched: list[str] = []
        for key, item in items.items():
            keys = self._matches(name, item) if is_pattern(key) else [key] if key in self.settings else []
            if not keys:
                self._unknown(name, item)
            for target in keys:
                self._set(name, target, item)
            touched += keys
        return touched

    def _matches(self, block: str, item: Item) -> list[str]:
        try:
            if item.key not in self.matched:
                self.matched[item.key] = _match(item.key, self.settings)
            keys, wider = self.matched[item.key]
        except PatternError as error:
            text = f"{item.key} is not a valid regular expression: {error}"
            self.problems.append(Problem("invalid-pattern", text, Label(item.key_span), item.key))
            return []
        if wider and len(wider) < len(keys) and not self.table.ships(block, item.key, item.value):
            self.problems.append(_too_wide(item, wider))
        return keys

    def _unknown(self, block: str, item: Item) -> None:
        if any(problem.key == item.key and problem.rule == "invalid-pattern" for problem in self.problems):
            return
        shipped = self.table.ships(block, item.key, item.value)
        self.unknown.append(UnknownKey(item.key, item.value, item.span, item.key_span, upstream=shipped))

    def _set(self, block: str, key: str, item: Item) -> None:
        made = convert_yaml(self.value(key), item.value)
        if item.nested or made.outcome == "refused":
            self.problems.append(self._refused(key, item, made))
            return
        if made.outcome == "changed" and not self.table.ships(block, item.key, item.value):
            text = f"{key}: {made.why}"
            self.problems.append(Problem("silent-conversion", text, Label(item.span), key))
        self.add(key, self._layer(block, item, made.value))

    def _refused(self, key: str, item: Item, made: Converted) -> Problem:
        through = f" (through {item.key})" if item.key != key else ""
        why = "a list of lists or mappings does not fit" if item.nested else made.why
        return Problem("wrong-type", f"{key}{through}: {why}; the program stops", Label(item.span), key)

    def _layer(self, block: str, item: Item, value: Value) -> Layer:
        shipped = self.table.ships(block, item.key, item.value)
        kind: LayerKind = "defaults" if block == "defaults" else "preset"
        span = None if shipped or is_pattern(item.key) else item.value_span
        return Layer(kind, block, value, item.span, span, item.via, upstream=shipped)

    def add_flags(self, flags: Iterable[Flag]) -> None:
        """Adds the flags of the command line; the program converts them to the type of the value after the presets."""
        types: Mapping[str, Value] | None = None
        for flag in flags:
            types = self.current() if types is None else types
            self._add_flag(flag, types)

    def _add_flag(self, flag: Flag, types: Mapping[str, Value]) -> None:
        name = flag.name
        if not flag.values:
            text = f"--{name} has no value; the program stops"
            self.problems.append(Problem("malformed-override", text, Label(flag.span), name))
            return
        if name.endswith("+") and name[:-1] in types:
            self._append(flag, name[:-1], types)
            return
        keys = [name] if name in types else self._full_matches(name, types)
        if not keys and UNKNOWN not in name:
            self._unknown_flag(flag, types)
        for key in keys:
            self._set_flag(flag, key, types[key])

    def _full_matches(self, name: str, types: Mapping[str, Value]) -> list[str]:
        if not is_pattern(name):
            return []
        try:
            pattern = Pattern(name)
            return [key for key in types if pattern.fullmatch(key)]
        except PatternError:
            return []

    def _append(self, flag: Flag, key: str, types: Mapping[str, Value]) -> None:
        if not isinstance(types[key], tuple):
            text = f"--{flag.name} appends to a list, but {key} is not a list; the program stops"
            self.problems.append(Problem("wrong-type", text, Label(flag.span), key))
            return
        made = convert_flag(types[key], flag.values)
        if made.outcome == "refused":
            self.problems.append(_refused_flag(flag, key, types[key], made, None))
            return
        last = self.settings[key].last
        before = last.value if last.kind == "command line" else types[key]
        assert isinstance(before, tuple) and isinstance(made.value, tuple)
        self.add(key, Layer("command line", "command line", (*before, *made.value), flag.span))

    def _set_flag(self, flag: Flag, key: str, old: Value) -> None:
        place = flag.spans[0] if len(flag.spans) == 1 else None
        if flag.open:
            value: Value = flag.values[0] if isinstance(old, str) else None
            self.add(key, Layer("command line", "command line", value, flag.span, place))
            return
        made = convert_flag(old, flag.values)
        if made.outcome == "refused":
            self.problems.append(_refused_flag(flag, key, old, made, place))
            return
        self.problems += bracketed_list(flag, key, old)
        self.add(key, Layer("command line", "command line", made.value, flag.span, place))

    def _unknown_flag(self, flag: Flag, types: Mapping[str, Value]) -> None:
        sections = {key.rpartition(".")[0] for key in types}
        if flag.name in sections:
            text = f"--{flag.name} is a group of settings, not a value; the program stops"
            self.problems.append(Problem("wrong-type", text, Label(flag.span), flag.name))
            return
        start = flag.head.start + max(flag.head.text.find(flag.name), 0)
        span = flag.head.source.span(start, start + len(flag.name))
        value = flag.values[0] if len(flag.values) == 1 else flag.values
        self.unknown.append(UnknownKey(flag.name, value, flag.span, span, certain=self.seen))


def _too_wide(item: Item, wider: list[str]) -> Problem:
    some = ", ".join(wider[:3]) + (", ..." if len(wider) > 3 else "")
    text = f"{item.key} also sets {some}: the pattern of a preset only needs to match the beginning of a key"
    return Problem("wide-pattern", text, Label(item.span), item.key, help=f"end the pattern with $: {item.key}$")


def _refused_flag(flag: Flag, key: str, old: Value, made: Converted, place: Span | None) -> Problem:
    text = f"--{key}: {made.why}; the program stops"
    meant = _meant(old, flag.values[0]) if len(flag.values) == 1 else None
    edits = (Edit(place, meant),) if meant is not None and place is not None else ()
    return Problem("wrong-type", text, Label(flag.span), key, edits=edits, fix=f"write {meant}" if edits else "")


def _meant(old: Value, word: str) -> str | None:
    """Returns the value that a refused argument probably means (``False`` for ``false``, ``0`` for ``[0]``) or None."""
    bare = word.strip("[]()").replace(" ", "") if isinstance(old, tuple) else word
    truth = {"true": "True", "yes": "True", "on": "True", "1": "True", "false": "False", "no": "False", "0": "False"}
    candidate = truth.get(word.lower()) if isinstance(old, bool) else bare
    if candidate is None or candidate == word:
        return None
    return candidate if convert_flag(old, [candidate]).outcome == "kept" else None


def _match(text: str, settings: Iterable[str]) -> tuple[list[str], list[str]]:
    pattern = Pattern(text)
    keys = pattern.matching(settings)
    return keys, [key for key in keys if not pattern.fullmatch(key)]


def apply_plain(values: Mapping[str, Value], preset: Mapping[str, Value]) -> dict[str, Value]:
    """Returns the values that a shipped preset changes."""
    changed: dict[str, Value] = {}
    for key, new in preset.items():
        keys = Pattern(key).matching(values) if is_pattern(key) else [key]
        for target in keys:
            if target in values:
                made = convert_yaml(values[target], new)
                if made.outcome != "refused":
                    changed[target] = made.value
    return changed
