"""Saves of a run that several processes train: process 0 writes one checkpoint, the others send it their part.

At a save, every process stands at the same step. The others send sampler, running episodes and which of their pieces of
the replay have changed; process 0 plans the checkpoint and says which pieces it misses. Those are copied and sent while
training goes on, as process 0 copies its own. The checkpoint is the one that a single process would write.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np

from .checkpoints.array_file import Array
from .checkpoints.chunks import ChunkCopy
from .checkpoints.draft import ReplayPlan
from .checkpoints.save_job import Content, ReplayCopy, SaveJob
from .failures import OutOfStep
from .joined_episodes import join_episodes
from .processes.connection import Connection
from .processes.group import ProcessGroup
from .processes.messages import ProcessMessage
from .processes.piece_feed import PieceFeed, send_pieces
from .replay.buffer import replay_size
from .replay.ring_copy import missing, plan_copy
from .replay.sampler_parts import join_states
from .run_state import Experience, RunState
from .runtime.same_state import state_sum

#: Seconds between two looks at pieces that are being sent.
_LOOK = 0.05
#: What process 0 tells the others to do; see `lockstep`.
SAVE = "save"


class Offer(NamedTuple):
    """What a process says of itself at a save.

    Attributes:
      numbers: counters of its episodes, or nothing if they cannot be stored; a sum over its learner state.
      arrays: sampler, episodes and changes, by part and name.
    """

    numbers: Mapping[str, Any]
    arrays: Mapping[str, Array]

    @classmethod
    def of(cls, state: RunState) -> Offer:
        """Reads the present state of this process."""
        stored = state.episodes.stored()
        arrays = {f"sampler/{name}": value for name, value in state.replay.sampler_arrays().items()}
        arrays |= {f"changed/{name}": value for name, value in state.replay.chunks.changed.items()}
        arrays |= {f"episodes/{name}": value for name, value in (stored[1] if stored else {}).items()}
        numbers = {"episodes": stored[0] if stored else None, "sum": state_sum(state.learner)}
        return cls(numbers, arrays)

    def part(self, name: str) -> dict[str, Array]:
        """Returns the arrays of a part, without its name."""
        prefix = f"{name}/"
        return {key.removeprefix(prefix): value for key, value in self.arrays.items() if key.startswith(prefix)}


class JoinedCopy:
    """The copy of the replay of all processes; see `checkpoints.save_job.ReplayCopy`.

    Args:
      own: the copy of this process's part.
      plan: the tables of the checkpoint.
      feed: receives the pieces of the others.
    """

    def __init__(self, own: ReplayCopy, plan: ReplayPlan, feed: PieceFeed) -> None:
        self._own, self._feed, self.plan, self.epoch = own, feed, plan, own.epoch

    def start(self, put: Callable[[ChunkCopy], None], full: Callable[[], bool]) -> None:
        """Sets where the pieces of all processes go."""
        self._own.start(put, full)
        self._feed.start(put, full)

    def copy(self, enough: Callable[[], bool]) -> bool:
        """Copies pieces of this process. Returns whether those of all processes are there."""
        return self._own.copy(enough) and self._feed.ended

    def stop(self) -> None:
        """Ends the copy."""
        self._own.stop()
        self._feed.stop()


class JoinedExperience:
    """Gathers the experience of all processes for a checkpoint, in process 0.

    Args:
      group: the processes.
      state: the run, as this process has it.
    """

    def __init__(self, group: ProcessGroup, state: RunState) -> None:
        self._group, self._state, self._save = group, state, 0
        layout = state.replay.chunks.whole["records"]
        shares = [group.share.of(number) for number in range(group.share.processes)]
        self._streams = [share.rows(layout.streams) for share in shares]
        self._feed = PieceFeed(group.data, {number: rows for number, rows in enumerate(self._streams) if number})

    def __call__(self, shared: Any) -> Experience:
        """Returns the experience of all processes at this step.

        Args:
          shared: the earlier checkpoint with which unchanged pieces are shared, or None.

        Raises:
          ProcessLost: a process has ended.
          OutOfStep: the processes have learned different things.
        """
        self._save += 1
        self._group.tell(ProcessMessage({"do": SAVE, "save": self._save}))
        offers = [Offer.of(self._state), *(Offer(said.numbers, said.arrays) for said in self._group.hear_all())]
        check_same(offers, self._group)
        replay, config = self._state.replay, self._state.config
        changed = {
            name: np.concatenate([offer.part("changed")[name] for offer in offers]) for name in replay.chunks.whole
        }
        plan = plan_copy(replay.chunks.whole, changed, replay.stored, shared)
        due = missing(plan)
        for number, rows in enumerate(self._streams):
            if number:
                self._group.tell(ProcessMessage({}, {name: value[rows] for name, value in due.items()}), number)
        self._feed.begin(self._save)
        own = replay.copy_planned(plan, {name: value[self._streams[0]] for name, value in due.items()})
        capacity = replay_size(config, self._state.counters.total).capacity
        sampler = join_states([offer.part("sampler") for offer in offers], capacity)
        return Experience(sampler, _episodes(offers), JoinedCopy(own, plan, self._feed))


def check_same(offers: list[Offer], group: ProcessGroup) -> None:
    """Checks that all processes have the same learner state.

    Raises:
      OutOfStep: they have not.
    """
    for number, offer in enumerate(offers):
        if offer.numbers["sum"] != offers[0].numbers["sum"]:
            raise OutOfStep(
                f"process {number} ({group.names[number]}) has other parameters than process 0. Nothing was saved here;"
                " the last checkpoint stays. Use machines and devices of one kind, and report this if they are"
            )


def _episodes(offers: list[Offer]) -> tuple[dict[str, int], dict[str, Array]] | None:
    stored = [offer.part("episodes") if offer.numbers["episodes"] else None for offer in offers]
    joined = join_episodes(stored)
    return None if joined is None else (dict(offers[0].numbers["episodes"]), joined)


class SentSaves:
    """Sends this process's part of the checkpoints to process 0.

    Args:
      group: the processes.
      state: the run, as this process has it.
    """

    def __init__(self, group: ProcessGroup, state: RunState) -> None:
        self._group, self._state = group, state
        self._job: SaveJob | None = None

    def begin(self, save: int) -> None:
        """Offers this process's part of a save, and begins to copy the pieces that process 0 misses.

        Raises:
          ProcessLost: process 0 has ended.
        """
        self.abandon()
        offer, replay = Offer.of(self._state), self._state.replay
        self._group.tell(ProcessMessage(offer.numbers, offer.arrays))
        due = self._group.hear().arrays
        copy = replay.copy_planned(
            ReplayPlan({}, replay.stored, None), {name: value.copy() for name, value in due.items()}
        )
        first = self._group.share.rows(replay.chunks.whole["records"].streams).start
        counters = self._state.counters
        sent = SentPieces(self._group.data[0], save, first)
        self._job = SaveJob(sent, Content(counters.steps, counters.frames, {}, {}, copy))

    def advance(self, enough: Callable[[], bool]) -> None:
        """Copies some pieces, until ``enough()`` is true."""
        if self._job is not None:
            self._job.copy(enough)

    def finish(self) -> None:
        """Copies the rest of a save in flight and waits until it is sent."""
        while self._job is not None and not self._job.ended:
            self._job.wait(_LOOK)

    def abandon(self) -> None:
        """Ends a save in flight: process 0 has begun another one, or the run ends."""
        if self._job is not None:
            self._job.abandon()
            self._job = None


class SentPieces:
    """Takes the place of the checkpoints in a `SaveJob`: sends the pieces instead of writing them.

    Args:
      connection: to process 0.
      save: number of the save.
      first: number of this process's first stream among those of all.
    """

    def __init__(self, connection: Connection, save: int, first: int) -> None:
        self._connection, self._save, self._first = connection, save, first

    def save(
        self,
        step: int,
        numbers: Mapping[str, Any],
        parts: Mapping[str, Any],
        plan: ReplayPlan | None,
        pieces: Iterable[ChunkCopy],
        epoch: int,
    ) -> None:
        """Sends all pieces.

        Raises:
          ConnectionEnded: process 0 has ended.
        """
        send_pieces(self._connection, self._save, self._moved(pieces))

    def _moved(self, pieces: Iterable[ChunkCopy]) -> Iterator[ChunkCopy]:
        for piece in pieces:
            yield piece._replace(stream=piece.stream + self._first)
