"""Keeps the processes of a run at the same step: they stop, save and fail together.

Before every vector step, each process reports to process 0: the episodes that ended, whether it was asked to stop, and
what failed. Process 0 decides for all and answers: ``go``, ``finish``, or first ``save``. So a signal to one process
stops all after the same step, and everything that process 0 waits for, for example an evaluation, holds all.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any, Protocol

from .base.share import WHOLE, Share
from .events import AgentEpisode
from .failures import EnvironmentFailed, NumbersFailed, OutOfStep, PolicyDiverged, RunFailed
from .processes.group import ProcessGroup
from .processes.messages import ProcessMessage
from .run_state import RunState
from .shared_saves import SAVE, SentSaves

GO, FINISH, END = "go", "finish", "end"
#: Failures that end the run in all processes, by the name under which they are told, the special ones first.
_FAILURES: dict[str, type[RunFailed]] = {
    "diverged": PolicyDiverged,
    "numbers": NumbersFailed,
    "environment": EnvironmentFailed,
}


class Lockstep(Protocol):
    """One process among those of a run.

    Attributes:
      share: the share of this process.
    """

    share: Share

    def ended(self, asked: Callable[[], bool]) -> bool:
        """Returns whether the run ends before its next vector step, for all processes.

        Args:
          asked: whether this process wants it to.

        Raises:
          RunFailed: another process has failed.
          ProcessLost: another process has ended.
        """

    def leave_loop(self, failed: RunFailed | None = None) -> None:
        """Tells the others that this process has left the loop by itself, because it was to stop or has failed."""


class Alone:
    """The only process of its run."""

    share = WHOLE

    def ended(self, asked: Callable[[], bool]) -> bool:
        """See `Lockstep`."""
        return asked()

    def leave_loop(self, failed: RunFailed | None = None) -> None:
        """Does nothing."""


class Leading:
    """Process 0.

    Args:
      group: the processes.
      state: the run, as this process has it.
      episode: writes an episode of another process.
      save: begins a save if one is due.
    """

    def __init__(
        self,
        group: ProcessGroup,
        state: RunState,
        episode: Callable[[AgentEpisode], None],
        save: Callable[[], None],
    ) -> None:
        self.share, self._group, self._state, self._episode, self._save = group.share, group, state, episode, save
        self._finishing = self._collected = False

    def ended(self, asked: Callable[[], bool]) -> bool:
        """See `Lockstep`. Waits for the reports of the others, and begins a save if one is due."""
        wanted = asked()
        reports = self._collect()
        for number, report in enumerate(reports, 1):
            if (failure := report.get("failure")) is not None:
                self._tell_finish(failure | {"process": number})
                raise _failure(failure, number, self._group)
        if wanted or any(report["stop"] for report in reports):
            self._tell_finish(None)
            return True
        self._save()
        self._group.tell(ProcessMessage({"do": GO}))
        self._collected = False
        return False

    def leave_loop(self, failed: RunFailed | None = None) -> None:
        """See `Lockstep`."""
        if not self._finishing:
            self._collect()
            self._tell_finish(None if failed is None else _described(failed) | {"process": 0})
        if isinstance(failed, PolicyDiverged):
            self._group.part()

    def end(self) -> None:
        """Tells the others that the run is saved."""
        self._group.tell(ProcessMessage({"do": END}))
        self._group.part()

    def _collect(self) -> list[Mapping[str, Any]]:
        """Returns what the others report at this step, once, and writes their episodes."""
        if self._collected:
            return []
        reports = [message.numbers for message in self._group.hear_all()]
        counters = self._state.counters
        for number, report in enumerate(reports, 1):
            if (report["steps"], report["updates"]) != (counters.vector_steps, counters.updates):
                raise OutOfStep(
                    f"process {number} is at vector step {report['steps']} and update {report['updates']}, process 0 at"
                    f" {counters.vector_steps} and {counters.updates}: please report this"
                )
            for episode in report["episodes"]:
                self._episode(AgentEpisode(**episode))
        self._collected = True
        return reports

    def _tell_finish(self, failure: Mapping[str, Any] | None) -> None:
        self._finishing = True
        self._group.tell(ProcessMessage({"do": FINISH, "failure": failure}))


class Following:
    """A process other than process 0.

    Args:
      group: the processes.
      state: the run, as this process has it.
      episodes: takes the episodes that have ended since the last report.
      saves: this process's part of the saves.
    """

    def __init__(
        self, group: ProcessGroup, state: RunState, episodes: Callable[[], list[AgentEpisode]], saves: SentSaves
    ) -> None:
        self.share, self._group, self._state, self._episodes, self._saves = group.share, group, state, episodes, saves
        self._finishing = False

    def ended(self, asked: Callable[[], bool]) -> bool:
        """See `Lockstep`. Does what process 0 says."""
        self._report(stop=asked())
        return self._obey()

    def leave_loop(self, failed: RunFailed | None = None) -> None:
        """See `Lockstep`."""
        if not self._finishing:
            self._report(stop=True, failure=None if failed is None else _described(failed))
            self._obey(own=True)
        if isinstance(failed, PolicyDiverged):
            self._group.part()

    def serve(self) -> None:
        """Takes part in saves until process 0 says that the run is saved."""
        self._saves.finish()
        while (message := self._group.hear().numbers)["do"] != END:
            if message["do"] == SAVE:
                self._saves.begin(message["save"])
                self._saves.finish()
        self._group.part()

    def _report(self, *, stop: bool, failure: Mapping[str, Any] | None = None) -> None:
        counters = self._state.counters
        numbers: dict[str, Any] = {"steps": counters.vector_steps, "updates": counters.updates, "stop": stop}
        numbers |= {"episodes": [asdict(episode) for episode in self._episodes()], "failure": failure}
        self._group.tell(ProcessMessage(numbers))

    def _obey(self, *, own: bool = False) -> bool:
        """Takes part in saves until process 0 says how to go on. ``own``: this process has failed itself."""
        while (message := self._group.hear().numbers)["do"] != GO:
            if message["do"] == SAVE:
                self._saves.begin(message["save"])
                continue
            self._finishing = True
            if (failure := message.get("failure")) is not None and not own:
                raise _failure(failure, failure["process"], self._group)
            return True
        return False


def _described(failed: RunFailed) -> dict[str, Any]:
    kind = next((name for name, kind in _FAILURES.items() if isinstance(failed, kind)), "environment")
    return {"kind": kind, "text": str(failed)}


def _failure(told: Mapping[str, Any], number: int, group: ProcessGroup) -> RunFailed:
    made = _FAILURES.get(told["kind"], EnvironmentFailed)
    return made(f"process {number} ({group.names[number]}): {told['text']}")
