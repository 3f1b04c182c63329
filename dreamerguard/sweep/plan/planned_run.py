"""A run of a plan: its command, what lint says about it, and what it costs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from dreamerguard.sweep.states import shown_combination

#: What lint says about a run: nothing that counts, findings, findings that refuse it, or it could not be checked.
Checked = Literal["sound", "findings", "refused", "unchecked"]


@dataclass(frozen=True, slots=True)
class RunCost:
    """What a run takes; None: not known.

    Attributes:
      updates: gradient updates.
      hours: time on the clock, estimated from a similar run.
      gpu_hours: hours times GPUs.
      disk: least bytes on the disk.
    """

    updates: float | None = None
    hours: float | None = None
    gpu_hours: float | None = None
    disk: float | None = None


@dataclass(frozen=True, slots=True)
class PlannedRun:
    """One run.

    Attributes:
      name: its name, and the name of its folder.
      task: the task as the sweep file names it.
      suite: the suite that lint resolved; None if unknown.
      seed: its seed.
      combination: varied setting -> value as text.
      words: its command, as a person would type it.
      frames: its length in environment frames; None if unknown.
      checked: what lint says.
      findings: rule names of the findings that count, the most severe first.
      why: why lint refuses it, or could not check it; empty otherwise.
      cost: what it takes.
    """

    name: str
    task: str
    suite: str | None
    seed: int
    combination: Mapping[str, str]
    words: tuple[str, ...]
    frames: float | None = None
    checked: Checked = "sound"
    findings: tuple[str, ...] = ()
    why: str = ""
    cost: RunCost = field(default_factory=RunCost)

    @property
    def shown(self) -> str:
        """The combination for people; empty if nothing varies."""
        return shown_combination(self.combination)
