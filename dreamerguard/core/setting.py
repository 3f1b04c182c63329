"""A setting of a run: its final value and the layers that gave it; presets and unknown keys."""

from __future__ import annotations

import re
from typing import Literal

from dreamerguard.util.fast_dataclass import dataclass

from .source import Label, Origin, Span, Value
from .values import as_number

LayerKind = Literal["schema", "suite", "task", "size", "defaults", "preset", "file", "command line"]


#: The meaning of a setting, independent of the name of its key.
Role = Literal[
    "task", "suite", "edition", "size", "purpose", "frames", "train_ratio", "envs", "action_repeat", "image_size",
    "capacity", "batch_size", "batch_length", "deter", "platform",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Layer:
    """One place that gives a setting a value.

    Attributes:
      kind: kind of the place.
      name: name for people: ``size12m``, ``run.yaml``, ``dmc_proprio, edition paper-2025``.
      value: the value in the type that the program will see.
      origin: span of the text that the user wrote, or the source of a built-in value.
      value_span: span of the value, if it can be replaced.
      via: YAML merge or anchor that brought the value in.
      upstream: whether the upstream program ships this value in this place, so that the user did not choose it.
    """

    kind: LayerKind
    name: str
    value: Value
    origin: Span | Origin
    value_span: Span | None = None
    via: Span | None = None
    upstream: bool = False

    @property
    def span(self) -> Span | None:
        """Span of the text that the user wrote; None for built-in values."""
        return self.origin if isinstance(self.origin, Span) else None


@dataclass(frozen=True, slots=True)
class Setting:
    """A final value and the layers that gave it, the weakest first."""

    key: str
    chain: tuple[Layer, ...]

    @property
    def last(self) -> Layer:
        """The layer that takes effect."""
        return self.chain[-1]

    @property
    def value(self) -> Value:
        """The final value."""
        return self.chain[-1].value

    @property
    def chosen(self) -> bool:
        """Whether the user wrote it."""
        return self.last.span is not None and not self.last.upstream

    @property
    def number(self) -> float:
        """The value as a number; NaN if it is not a number, infinite if no float can hold it."""
        return as_number(self.value)


@dataclass(frozen=True, slots=True)
class UnknownKey:
    """A key that the program does not have."""

    key: str
    value: Value
    span: Span
    key_span: Span | None
    #: Whether the upstream program ships it.
    upstream: bool = False
    #: Whether the program stops because of the key; otherwise it ignores the key silently.
    fatal: bool = True
    #: Whether the program certainly lacks the key; false if the keys of a fork cannot be read.
    certain: bool = True
    #: What shows that nothing reads it, where the checkout's own code was read.
    evidence: str = ""


@dataclass(frozen=True, slots=True)
class Preset:
    """A preset that the command applies.

    Attributes:
      name: its name.
      span: the argument that names it.
      known: whether it was found.
      upstream: whether the upstream program ships a preset of this name.
      keys: final keys that it sets.
      suite: the suite that upstream made it for; empty if it is for any suite.
    """

    name: str
    span: Span
    known: bool
    upstream: bool
    keys: tuple[str, ...] = ()
    suite: str = ""


def earlier(setting: Setting) -> tuple[Label, ...]:
    """Returns labels for the YAML merge that the value came through, and for the earlier values that it overrides."""
    merged = [Label(setting.last.via, "merged here")] if setting.last.via is not None else []
    spans = [layer.span for layer in setting.chain[:-1] if layer.span is not None]
    overridden = [
        Label(span, f"{setting.key} was set {'again here' if i else 'here first'}") for i, span in enumerate(spans)
    ]
    return (*merged, *overridden)


def is_debug(preset: str) -> bool:
    """Returns whether a preset is for trying the program out, as its name says: ``debug_small``, ``mydebug``."""
    return re.search(r"(?<!no)(?<!no[_-])debug|(?:^|[_.-])smoke(?:[_.-]|$)", preset.lower()) is not None
