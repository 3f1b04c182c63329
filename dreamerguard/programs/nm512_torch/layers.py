"""The layers of a dreamerv3-torch run: defaults, presets by ``recursive_update``, options."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from dreamerguard.core.finding import Problem
from dreamerguard.core.setting import Layer, LayerKind, Setting, UnknownKey
from dreamerguard.core.source import Edit, Label, Span, Value
from dreamerguard.programs.shared.key_tables import Table
from dreamerguard.programs.shared.preset_values import Item
from dreamerguard.programs.shared.python_call import is_open

from .flags import Argument, convert_argument, find_option

#: Keys that the program reads although its defaults lack them (dreamerv3-torch at 6ef8646, ``dreamer.py:make_env``).
SUITE_KEYS = frozenset({"stickey", "lives", "noops", "resize", "actions", "break_speed", "num_actions"})

_BOOLEAN_WORDS = frozenset({"true", "false", "yes", "no", "on", "off"})


@dataclass
class TorchLayers:
    """The layers of a run during merging. Settings in groups have dotted keys: ``encoder.mlp_keys``."""

    table: Table
    seen: bool
    chains: dict[str, list[Layer]] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    unknown: list[UnknownKey] = field(default_factory=list)

    def settings(self) -> dict[str, Setting]:
        """Returns every key with its layers."""
        return {key: Setting(key, tuple(chain)) for key, chain in self.chains.items()}

    def current(self) -> dict[str, Value]:
        """Returns all current values."""
        return {key: chain[-1].value for key, chain in self.chains.items()}

    @property
    def sections(self) -> set[str]:
        """Names of the groups of settings."""
        return {key.partition(".")[0] for key in self.chains if "." in key}

    def add_shipped(self, block: str, place: Span | None = None) -> None:
        """Adds a block of the table, for a checkout that cannot be read; ``place`` is the argument that names it."""
        kind: LayerKind = "defaults" if block == "defaults" else "preset"
        values = self.table.defaults if block == "defaults" else self.table.presets[block]
        for key, value in values.items():
            if place is not None and key not in self.chains and key not in SUITE_KEYS:
                self.unknown.append(UnknownKey(key, value, place, None, upstream=True, fatal=False))
            self.chains.setdefault(key, []).append(Layer(kind, block, value, self.table.origin(block), upstream=True))

    def add_block(self, block: str, items: Mapping[str, Item]) -> None:
        """Adds a block of the checkout. Keys that the defaults lack are added too, as in the program, and reported."""
        kind: LayerKind = "defaults" if block == "defaults" else "preset"
        for key, item in items.items():
            if item.nested:
                continue
            if self._is_inside_value(key, item):
                continue
            shipped = self.table.ships(block, key, item.value)
            known = block == "defaults" or (key in self.chains and "." not in item.key_span.text)
            if not known and key not in SUITE_KEYS:
                self.unknown.append(
                    UnknownKey(key, item.value, item.span, item.key_span, upstream=shipped, fatal=False)
                )
            elif known and block != "defaults" and not _same_kind(self.chains[key][-1].value, item.value):
                text = f"{key} is {item.value!r}, but its default is {self.chains[key][-1].value!r}"
                self.problems.append(Problem("wrong-type", text, Label(item.span), key))
            span = None if shipped else item.value_span
            layer = Layer(kind, block, item.value, item.span, span, item.via, upstream=shipped)
            self.chains.setdefault(key, []).append(layer)

    def _is_inside_value(self, key: str, item: Item) -> bool:
        """Returns whether a block has a mapping where the layers below have a value, which the merge refuses."""
        group = next((group for group in _groups_of(key) if group in self.chains), "")
        if not group or "." in item.key_span.text:  # ``envs.amount: 8`` is one key, which the merge adds
            return False
        if not any(problem.rule == "wrong-type" and problem.key == group for problem in self.problems):
            value = self.chains[group][-1].value
            text = f"{group} is a mapping, but its default is {value!r}: the program stops when it merges the preset"
            self.problems.append(Problem("wrong-type", text, Label(item.span), group))
        return True

    def add_arguments(self, arguments: Iterable[Argument]) -> None:
        """Adds the options of the command line."""
        types = self.current()
        options = sorted({key.partition(".")[0] for key in types})
        for argument in arguments:
            key, problem = find_option(argument, options)
            self.problems += [problem] if problem is not None else []
            if key is not None:
                self._set(argument, key, types.get(key))
            elif problem is None and not is_open(argument.name):
                self.unknown.append(
                    UnknownKey(argument.name, argument.value, argument.span, argument.name_span, certain=self.seen)
                )

    def _set(self, argument: Argument, key: str, old: Value) -> None:
        if any(item.key == key for item in self.unknown) and not is_open(argument.value or "$"):
            given = convert_argument(old, argument.value or "", (), key).value
            self.unknown.append(UnknownKey(key, given, argument.span, argument.name_span, fatal=False))
        if argument.value is None:
            text = f"--{key} has no value; the program stops"
            self.problems.append(Problem("malformed-override", text, Label(argument.span), key))
            return
        if is_open(argument.value):
            value: Value = argument.value if isinstance(old, str | None) else None
            self._add(key, value, argument)
            return
        made = convert_argument(old, argument.value, self.sections, key)
        if made.outcome == "refused":
            self.problems.append(_refused(argument, key, old, made.why))
            return
        self._add(key, made.value, argument)

    def _add(self, key: str, value: Value, argument: Argument) -> None:
        layer = Layer("command line", "command line", value, argument.span, argument.value_span)
        self.chains.setdefault(key, []).append(layer)


def _groups_of(key: str) -> list[str]:
    """Returns the groups that a dotted key lies in: ``a`` and ``a.b`` of ``a.b.c``."""
    parts = key.split(".")
    return [".".join(parts[:count]) for count in range(1, len(parts))]


def _refused(argument: Argument, key: str, old: Value, why: str) -> Problem:
    meant = {"true": "True", "false": "False", "1": "True", "0": "False"}.get(str(argument.value).lower())
    fixable = isinstance(old, bool) and meant is not None and argument.value_span is not None
    edits = (Edit(argument.value_span, str(meant)),) if fixable and argument.value_span is not None else ()
    text = f"--{key}: {why}; the program stops"
    return Problem("wrong-type", text, Label(argument.span), key, edits=edits, fix=f"write {meant}" if edits else "")


def _same_kind(old: Value, new: Value) -> bool:
    """Returns whether a preset's value may replace a default: the program takes the type of the value that is last.

    Null, ``False`` and an empty text often stand for "not set", so any value may replace them, except the word for a
    boolean as text: it counts as true, whatever it says.
    """
    if isinstance(old, bool) or isinstance(new, bool):
        texts = [value.lower() for value in (old, new) if isinstance(value, str)]
        return not any(text in _BOOLEAN_WORDS for text in texts)
    if old in (None, "") or new in (None, ""):
        return True
    return isinstance(old, int | float) == isinstance(new, int | float)
