"""A resolved run: every final value with its layers, and its budget in units common to all training programs.

Rules read nothing else, so they work for every training program. A rule asks for a setting by its role; the training
program maps each role to one of its keys.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import field
from typing import Any, Literal

from dreamerguard.util.fast_dataclass import dataclass

from .budget import Budget, Purpose, update_share
from .environment import Probe
from .finding import Fix, Problem
from .key import Condition, Key, RenamedKey
from .machine import UNKNOWN, Machine
from .published import PublishedRun, PublishedValue
from .setting import Preset, Role, Setting, UnknownKey
from .source import Edit, Origin, Source, Span, Value, apply_edits


@dataclass(frozen=True, slots=True)
class Units:
    """The units of the training program's settings.

    Attributes:
      length: unit of the setting with the role ``frames``.
      ratio: unit of ``train_ratio``, per agent step: replayed agent steps, or gradient updates.
      stepped: intervals that this program counts in steps, where others count seconds.
      timed: intervals that its code is seen to count in seconds.
      saves_last: whether its code is seen to save once more behind the training loop.
    """

    length: Literal["frames", "agent steps"] = "frames"
    ratio: Literal["steps", "updates"] = "steps"
    stepped: frozenset[str] = frozenset()
    timed: frozenset[str] = frozenset()
    saves_last: bool = False


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Shares of the reference's updates: below ``warn`` the guard warns, below ``refuse`` it refuses to train."""

    warn: float = 0.6
    refuse: float = 0.25


def nothing() -> None:
    """Returns None, as a placeholder for a value that is not known."""


@dataclass(frozen=True, slots=True)
class ResolvedRun:
    """A resolved run, the only input of the rules.

    Attributes:
      dialect: name of the training program.
      anchor: place of a finding that no setting of the user causes.
      settings: key of the training program -> final value with its layers.
      roles: role -> key.
      keys: all keys of the training program.
      renamed: aliases and former names -> key.
      conditions: keys that have an effect only while another key has certain values.
      unknown: keys that the user wrote and the training program does not have.
      problems: problems found while reading and resolving.
      budget: budget of this run; None if values are missing.
      replay_bytes: least bytes of the full replay buffer; None if unknown.
      reference: published run of the task; None if nothing is published.
      suites: valid suite names.
      widths: size name -> settings that it sets, the smallest size first.
      load_config: builds the configuration of the bundled trainer; returns None if it is invalid, and for all other
        training programs.
      edition: edition of the program, if it has several.
      upstream: repository and commit of the program that the keys belong to.
      presets: presets that the command applies, in order.
      constants: upstream's defaults.
      seen: whether the keys and presets of the checkout were read; otherwise upstream's are used instead.
      whole: whether a preset file is checked, and not a command.
      trains: whether the run trains an agent; otherwise it has no budget to judge.
      other: algorithm that the run trains instead of DreamerV3; only its syntax and keys are checked then.
      units: units of its settings.
      open: whether the shell may add arguments to the command, so that no setting can be reported as missing.
      unread: which words of the command are unknown and why, one sentence each.
      files: names of the files that were read.
      sources: texts of those files; their comments may hold suppressions.
      overrides: number of overrides in the command.
      given: keys to which the code of the program gives a value if the configuration has none.
      handled: roles with values below zero that the checkout's own code has a branch for.
      guarded: settings whose usual fault the checkout's own code handles, such as an interval of zero.
      unlisted: keys of a sweep with values that cannot be listed.
      resumed: stored configuration that replaces the command's on resuming; empty if it is not known.
      endless: what ends an episode of a task without a time limit, with its source; None for other tasks.
      probe: result of the environment probe, if it was requested.
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
    unread: tuple[str, ...] = ()
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
    given: frozenset[str] = frozenset()
    handled: frozenset[Role] = frozenset()
    guarded: frozenset[str] = frozenset()
    unlisted: tuple[str, ...] = ()
    resumed: str = ""
    endless: tuple[str, Origin] | None = None
    probe: Probe | None = None

    @property
    def config(self) -> Any:
        """The validated `dreamerguard.RunConfig` of the bundled trainer, built on first use; otherwise None."""
        return self.load_config()

    def setting(self, role: Role) -> Setting | None:
        """Returns the setting of a role; None if the training program has no such key or the key has no value."""
        key = self.roles.get(role)
        return self.settings.get(key) if key is not None else None

    def chosen(self, role: Role) -> Setting | None:
        """Returns the setting of a role if the user wrote it; otherwise None."""
        setting = self.setting(role)
        return setting if setting is not None and setting.chosen else None

    def expected(self, role: Role) -> PublishedValue | None:
        """Returns the published value of a role; None if nothing is published."""
        key = self.roles.get(role)
        return self.reference.expected.get(key) if self.reference is not None and key is not None else None

    def place(self, setting: Setting | None) -> Span:
        """Returns the span where the user wrote a setting, or the anchor of the run."""
        span = setting.last.span if setting is not None and setting.chosen else None
        return span if span is not None else self.anchor

    def in_file(self, span: Span) -> bool:
        """Returns whether a place is in a file that the command uses, and not in the command itself."""
        return not self.whole and span.source.name != self.anchor.source.name

    @property
    def update_share(self) -> float | None:
        """Gradient updates of the run as a share of the reference's, counted according to the run's purpose."""
        if self.budget is None or self.reference is None:
            return None
        return update_share(self.budget, self.reference.budget, self.purpose)

    def correct(self, setting: Setting, text: str, message: str, *, safe: bool = False) -> Fix | None:
        """Returns a fix that changes the value of a written setting; None if its place cannot be edited."""
        span = setting.last.value_span
        return fix(Edit(span, text), message, safe=safe) if span is not None else None


def fix(edit: Edit, message: str, *, safe: bool) -> Fix:
    """Returns a fix with one edit, and with the corrected command line if the edit changes one."""
    source = edit.span.source
    command = apply_edits(source.text, [edit]) if source.kind == "command line" else None
    return Fix(message, (edit,), safe, command)
