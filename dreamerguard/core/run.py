"""A run after resolution: every final value with its history, and the same facts in units common to all dialects.

Rules read nothing else, so they hold for every dialect. A rule asks for a setting by its role; the dialect says which
of its own keys plays that role.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import field
from typing import Any, Literal

from dreamerguard.util.fast_dataclass import dataclass

from .budget import Budget, Purpose, update_share
from .environment import Probe
from .key import Condition, Key, RenamedKey
from .machine import UNKNOWN, Machine
from .model import Edit, Fix, Label, Origin, Problem, Score, Source, Span, Value, apply_edits

LayerKind = Literal["schema", "suite", "task", "size", "defaults", "preset", "file", "command line"]

#: What a setting is for, whatever its key is called.
Role = Literal[
    "task", "suite", "edition", "size", "purpose", "frames", "train_ratio", "envs", "action_repeat", "image_size",
    "capacity", "batch_size", "batch_length", "deter", "platform",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Layer:
    """One place that gives a setting a value.

    Attributes:
      kind: which kind of place.
      name: for people: ``size12m``, ``run.yaml``, ``dmc_proprio, edition paper-2025``.
      value: the value in the type that the program will see.
      origin: where: a span of what the user wrote, or the source of a built-in value.
      value_span: the characters of the value, where they can be replaced.
      via: the merge or anchor through which it came.
      upstream: whether the upstream program ships this value in this place, so that it is nobody's choice.
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
        """Where the user wrote it; none for built-in values."""
        return self.origin if isinstance(self.origin, Span) else None


@dataclass(frozen=True, slots=True)
class Setting:
    """A final value and the layers that gave it, the weakest first."""

    key: str
    chain: tuple[Layer, ...]

    @property
    def last(self) -> Layer:
        """The layer that won."""
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
        """The value as a number, NaN when it is none."""
        value = self.value
        return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else float("nan")


@dataclass(frozen=True, slots=True)
class UnknownKey:
    """A key that the program does not have."""

    key: str
    value: Value
    span: Span
    key_span: Span | None
    #: Whether the upstream program ships it.
    upstream: bool = False
    #: Whether the program stops because of it; otherwise it goes unnoticed.
    fatal: bool = True
    #: How sure it is that the program lacks it: low where a fork's own keys cannot be seen.
    certain: bool = True


@dataclass(frozen=True, slots=True)
class Preset:
    """A named group of settings that the command applies, in the order of application.

    Attributes:
      name: its name.
      span: the word that asks for it.
      known: whether it was found.
      upstream: whether the upstream program ships one of this name.
      keys: final keys that it sets.
      suite: the suite whose tasks it was made for, where upstream made it for one.
    """

    name: str
    span: Span
    known: bool
    upstream: bool
    keys: tuple[str, ...] = ()
    suite: str = ""


@dataclass(frozen=True, slots=True)
class PublishedValue:
    """A published value of a key, in the dialect's own unit."""

    value: Value
    origin: Origin
    note: str = ""


@dataclass(frozen=True, slots=True)
class PublishedCurve:
    """Published scores of one task, and the budget of the agent that reached them.

    Attributes:
      frames: environment frames that the curve covers.
      score_at: score of the published seeds at a number of frames; none before the first stored point.
      final: score at the end.
      seeds: published seeds.
      budget: what the agent behind the curve spent; its edition may be another one than the run follows.
      origin: who published it.
    """

    frames: float
    score_at: Callable[[float], Score | None]
    final: Score
    seeds: int
    budget: Budget
    origin: Origin


@dataclass(frozen=True, slots=True)
class PublishedRun:
    """What is published about the task, in the edition that the run follows."""

    task: str
    suite: str
    edition: str
    budget: Budget
    expected: Mapping[str, PublishedValue]
    #: Other editions: name -> expected values.
    others: Mapping[str, Mapping[str, PublishedValue]] = field(default_factory=dict)
    #: Published time of a run, for people, with its source.
    gpu_time: tuple[str, Origin] | None = None
    #: Gives the published scores, which are large and only needed once something is wrong.
    load_curve: Callable[[], PublishedCurve | None] = lambda: None


@dataclass(frozen=True, slots=True)
class Units:
    """What the program's own settings count.

    Attributes:
      length: unit of the setting with the role ``frames``.
      ratio: unit of ``train_ratio``, per agent step: replayed agent steps, or gradient updates.
    """

    length: Literal["frames", "agent steps"] = "frames"
    ratio: Literal["steps", "updates"] = "steps"


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Shares of the reference's updates below which the guard warns, and refuses to train."""

    warn: float = 0.6
    refuse: float = 0.25


def nothing() -> None:
    """Stands for what is not known."""


@dataclass(frozen=True, slots=True)
class ResolvedRun:
    """Everything that a rule may know.

    Attributes:
      dialect: name of the dialect.
      anchor: where a finding points when no setting of the user is to blame.
      settings: final values by the dialect's own key.
      roles: role -> key.
      keys: all keys of the dialect.
      renamed: habits and former names -> key.
      conditions: which keys only have an effect while another has certain values.
      unknown: keys that the user wrote and the dialect does not have.
      problems: what reading and resolving ran into.
      budget: this run in common units; none when values are missing.
      replay_bytes: least bytes of the full replay; none when not known.
      reference: the task's published run; none when nothing is published.
      suites: names that the suite could be.
      widths: size name -> settings that it sets, the smallest size first.
      load_config: builds the native configuration; gives none when it is invalid or for other dialects.
      edition: of the program, where it has several.
      upstream: repository and commit of the program that the keys belong to.
      presets: named groups that the command applies, in order.
      constants: upstream's defaults.
      seen: whether the program's own keys and presets were read; otherwise upstream's stand in for them.
      whole: whether a file of presets is checked, and not a command.
      trains: whether the run trains an agent; otherwise it has no budget to judge.
      other: algorithm that the run trains instead of DreamerV3; only how it is written is checked then.
      units: what its settings count.
      open: whether the shell may add words to the command, so that nothing can be called missing.
      files: files that were read.
      sources: their texts, in which comments may accept findings.
      overrides: words of the command that set something.
      probe: what the environment is like, where it was asked for.
    """

    dialect: str
    anchor: Span
    settings: Mapping[str, Setting]
    roles: Mapping[Role, str]
    keys: Mapping[str, Key]
    renamed: Mapping[str, RenamedKey] = field(default_factory=dict)
    conditions: tuple[Condition, ...] = ()
    unknown: tuple[UnknownKey, ...] = ()
    problems: tuple[Problem, ...] = ()
    budget: Budget | None = None
    replay_bytes: float | None = None
    reference: PublishedRun | None = None
    widths: Mapping[str, Mapping[str, Value]] = field(default_factory=dict)
    suites: tuple[str, ...] = ()
    purpose: Purpose = "full"
    thresholds: Thresholds = Thresholds()
    units: Units = Units()
    open: bool = False
    machine: Machine = UNKNOWN
    load_config: Callable[[], Any] = nothing
    edition: str = ""
    upstream: str = ""
    presets: tuple[Preset, ...] = ()
    constants: Mapping[str, Value] = field(default_factory=dict)
    seen: bool = True
    whole: bool = False
    trains: bool = True
    other: str = ""
    files: tuple[str, ...] = ()
    sources: tuple[Source, ...] = ()
    overrides: int = 0
    probe: Probe | None = None

    @property
    def config(self) -> Any:
        """The validated `dreamerguard.RunConfig` of the bundled trainer, built when first used; else None."""
        return self.load_config()

    def setting(self, role: Role) -> Setting | None:
        """The setting that plays a role; none when the dialect has no such key or it has no value."""
        key = self.roles.get(role)
        return self.settings.get(key) if key is not None else None

    def chosen(self, role: Role) -> Setting | None:
        """The same, if the user wrote it."""
        setting = self.setting(role)
        return setting if setting is not None and setting.chosen else None

    def expected(self, role: Role) -> PublishedValue | None:
        """The published value of a role."""
        key = self.roles.get(role)
        return self.reference.expected.get(key) if self.reference is not None and key is not None else None

    def place(self, setting: Setting | None) -> Span:
        """Where the user wrote a setting, or the place that stands for the whole run."""
        span = setting.last.span if setting is not None and setting.chosen else None
        return span if span is not None else self.anchor

    @property
    def update_share(self) -> float | None:
        """This run's gradient updates as a share of the reference's, as its purpose counts them."""
        if self.budget is None or self.reference is None:
            return None
        return update_share(self.budget, self.reference.budget, self.purpose)

    def correct(self, setting: Setting, text: str, message: str, *, safe: bool = False) -> Fix | None:
        """A fix that gives a written setting another value; none where its place cannot be edited."""
        span = setting.last.value_span
        return fix(Edit(span, text), message, safe=safe) if span is not None else None


def fix(edit: Edit, message: str, *, safe: bool) -> Fix:
    """A fix of one edit, with the corrected command line if that is what it edits."""
    source = edit.span.source
    command = apply_edits(source.text, [edit]) if source.kind == "command line" else None
    return Fix(message, (edit,), safe, command)


def earlier(setting: Setting) -> tuple[Label, ...]:
    """Labels for what else brought the value about: the merge that it came through, and what it overrides."""
    merged = [Label(setting.last.via, "merged here")] if setting.last.via is not None else []
    overridden = [
        Label(layer.span, f"{setting.key} was set here first") for layer in setting.chain[:-1] if layer.span is not None
    ]
    return (*merged, *overridden)
