"""Chooses windows of the replay to train on. Plain NumPy: the sampler holds numbers and no data.

A window is `window` consecutive records of one stream (one of context and T trained). The rules are those of
danijar/dreamerv3 (`embodied/core/replay.py`, `selectors.py`), draw for draw:

- a window can be drawn as soon as its last record is stored;
- at most `capacity` windows are listed, over all streams; the oldest leaves first, and the last of the list takes its
  place, because a uniform draw is an index into that list;
- every `window`-th window of a stream also enters the *online queue*, which is drained before any uniform
  draw, so that all experience is trained on once, soon. The first one begins at the stream's second record.

The ring is an addition: a stream keeps its last `rows` records. With streams in lockstep,
`rows_per_stream(capacity, streams, window)` rows hold every listed window. Where one stream runs ahead and would
overwrite a listed window, windows leave early, still the oldest first.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from ..checkpoints.errors import DoesNotMatch

Indices = npt.NDArray[np.int32]


def rows_per_stream(capacity: int, streams: int, window: int) -> int:
    """Computes the records that each of `streams` streams in lockstep must keep for `capacity` whole windows.

    After every vector step a stream lists at most ⌈capacity / streams⌉ windows, which begin one record apart.
    """
    return -(-capacity // streams) + window - 1


class WindowSampler:
    """Lists windows as records arrive and draws from them. Every operation is O(1) in the length of the list.

    Args:
      streams: streams of records, one per environment.
      capacity: maximum number of listed windows.
      window: records of a window, context included.
      rows: records that the ring keeps of each stream, at least `window`.
      seed: seed of the uniform draws.
      online: whether new windows are queued.

    Raises:
      ValueError: the numbers do not allow a single window.
    """

    def __init__(
        self,
        streams: int,
        capacity: int,
        window: int,
        rows: int,
        seed: int | np.random.SeedSequence = 0,
        online: bool = True,
    ) -> None:
        if min(streams, capacity, window) < 1 or rows < window:
            raise ValueError(
                f"{streams} streams of {rows} rows and {capacity} windows of {window} rows: there must be at least one"
                " stream and one window, and a stream must keep at least as many rows as a window"
            )
        self._settings = (streams, capacity, window, rows)
        self._online = online
        self._counts = [0] * streams
        self._evicted = [0] * streams
        self._queue: deque[tuple[int, int]] = deque()
        self._generator = np.random.default_rng(seed)
        # A window has a number that only rises, and lives in slot number % capacity: in order of age, slots are a ring.
        self._oldest = 0
        self._next = 0
        self._stream = np.zeros(capacity, np.int32)  # by slot
        self._start = np.zeros(capacity, np.int32)  # by slot
        self._place = np.zeros(capacity, np.int32)  # by slot: its place in the list
        self._list = np.zeros(capacity, np.int32)  # by place: its slot

    def __len__(self) -> int:
        """Number of windows that can be drawn."""
        return self._next - self._oldest

    @property
    def counts(self) -> Indices:
        """Records stored so far in every stream, [streams]."""
        return np.asarray(self._counts, np.int32)

    @property
    def capacity(self) -> int:
        """Maximum number of windows that can be drawn."""
        return self._settings[1]

    @property
    def queued(self) -> int:
        """Number of windows in the online queue."""
        return len(self._queue)

    def add(self, stream: int) -> None:
        """Registers one more stored record of `stream`."""
        _, capacity, window, rows = self._settings
        before = self._counts[stream]
        self._counts[stream] = before + 1
        while self._evicted[stream] < before + 1 - rows:
            self._evict()
        start = before + 1 - window
        if start < 0:
            return
        if len(self) == capacity:
            self._evict()
        self._insert(stream, start)
        if self._online and before % window == 0:
            while self._queue and not self._intact(*self._queue[0]):
                self._queue.popleft()
            self._queue.append((stream, start))

    def add_all(self) -> None:
        """Registers one more record in every stream, in order of streams: one vector step."""
        for stream in range(len(self._counts)):
            self.add(stream)

    def draw(self, updates: int, batch: int, online: bool = True) -> Indices:
        """Draws windows for `updates` gradient updates.

        Args:
          updates: number of updates, K.
          batch: windows in one update, B.
          online: whether to drain the online queue first; reports and evaluation pass false.

        Returns:
          [K, B, 2]: stream, and number of the window's first record in that stream, counted from its very first.

        Raises:
          ValueError: no stream has a complete window yet.
        """
        drawn = np.empty((updates * batch, 2), np.int32)
        filled = 0
        while online and self._queue and filled < len(drawn):
            stream, start = self._queue.popleft()
            if self._intact(stream, start):
                drawn[filled] = stream, start
                filled += 1
        if filled < len(drawn):
            if not len(self):
                raise ValueError(f"nothing to draw: no stream has {self._settings[2]} records yet")
            slots = self._list[self._generator.integers(0, len(self), len(drawn) - filled)]
            drawn[filled:, 0] = self._stream[slots]
            drawn[filled:, 1] = self._start[slots]
        return drawn.reshape(updates, batch, 2)

    def listed(self, places: npt.NDArray[Any] | slice = slice(None)) -> Indices:
        """Returns the windows that can be drawn, all or those at some places, [n, 2] as in `draw`, in list order."""
        slots = self._list[: len(self)][places]
        return np.stack([self._stream[slots], self._start[slots]], -1)

    def state(self) -> dict[str, npt.NDArray[Any]]:
        """Returns the state from which a resumed run draws the same windows, as 32-bit integers."""
        generator: Any = self._generator.bit_generator.state
        words = [generator["state"][key] >> shift & 0xFFFFFFFF for key in ("state", "inc") for shift in (0, 32, 64, 96)]
        return {
            "settings": np.asarray(self._settings, np.int32),
            "counts": self.counts,
            "evicted": np.asarray(self._evicted, np.int32),
            "queue": np.asarray(self._queue, np.int32).reshape(-1, 2),
            "windows": np.stack([self._by_age(self._stream), self._by_age(self._start)], -1),
            "places": self._by_age(self._place),
            "generator": np.asarray([*words, generator["has_uint32"], generator["uinteger"]], np.uint32),
        }

    def load(self, state: Mapping[str, npt.NDArray[Any]]) -> None:
        """Restores a `state`. A longer run may have more room: nothing has left a shorter list that was never full.

        Raises:
          DoesNotMatch: the state has other streams or windows, does not fit, or is not valid.
        """
        self._check(state)
        self._counts = state["counts"].tolist()
        self._evicted = state["evicted"].tolist()
        self._queue = deque((int(stream), int(start)) for stream, start in state["queue"])
        self._oldest, self._next = 0, len(state["windows"])
        self._stream[: self._next] = state["windows"][:, 0]
        self._start[: self._next] = state["windows"][:, 1]
        self._place[: self._next] = state["places"]
        self._list[state["places"]] = np.arange(self._next)
        words = [int(word) for word in state["generator"]]
        wide = [sum(word << 32 * i for i, word in enumerate(words[at : at + 4])) for at in (0, 4)]
        self._generator.bit_generator.state = {
            "bit_generator": "PCG64",
            "state": {"state": wide[0], "inc": wide[1]},
            "has_uint32": words[8],
            "uinteger": words[9],
        }

    def _check(self, state: Mapping[str, npt.NDArray[Any]]) -> None:
        """Checks a state, which may be untrusted, before anything is changed."""
        streams, capacity, window, _ = self._settings
        shapes = {key: value.shape for key, value in state.items()}
        count, queued = (shapes.get(key, (0,))[0] for key in ("windows", "queue"))
        wanted = {"settings": (4,), "counts": (streams,), "evicted": (streams,), "queue": (queued, 2)}
        wanted |= {"windows": (count, 2), "places": (count,), "generator": (10,)}
        kinds = {value.dtype.name for key, value in state.items() if key != "generator"}
        if shapes.get("settings") == (4,):
            self._check_settings(tuple(state["settings"].tolist()), int(state["evicted"].max(initial=0)))
        if shapes != wanted or kinds != {"int32"} or state["generator"].dtype != np.uint32:
            raise DoesNotMatch("the checkpoint's sampler has other arrays than this version stores")
        both = np.concatenate([state["windows"], state["queue"]])
        valid = (both[:, 0] >= 0) & (both[:, 0] < streams)
        ends = state["counts"][np.where(valid, both[:, 0], 0)] - window
        valid &= (both[:, 1] >= 0) & (both[:, 1] <= ends)
        ordered = np.array_equal(np.sort(state["places"]), np.arange(count))
        if not (valid.all() and ordered and count <= capacity and state["counts"].min() >= 0):
            raise DoesNotMatch("the checkpoint's sampler lists windows that its replay does not hold")

    def _check_settings(self, stored: tuple[int, ...], evicted: int) -> None:
        streams, capacity, window, rows = self._settings
        longer = stored[1] <= capacity and stored[3] <= rows and not evicted
        if stored != self._settings and not (stored[0] == streams and stored[2] == window and longer):
            raise DoesNotMatch(
                f"the checkpoint's replay has (streams, capacity, window, rows) = {stored},"
                f" this run {self._settings}: keep run.envs and replay.* to resume"
            )

    def _by_age(self, slots: Indices) -> Indices:
        """Copies the values of the listed windows, the oldest first."""
        start, count = self._oldest % self._settings[1], len(self)
        return np.concatenate([slots[start : start + count], slots[: max(0, start + count - len(slots))]])

    def _intact(self, stream: int, start: int) -> bool:
        return start >= self._counts[stream] - self._settings[3]

    def _insert(self, stream: int, start: int) -> None:
        slot, place = self._next % self._settings[1], len(self)
        self._stream[slot], self._start[slot] = stream, start
        self._place[slot], self._list[place] = place, slot
        self._next += 1

    def _evict(self) -> None:
        slot, last = self._oldest % self._settings[1], len(self) - 1
        place, moved = self._place[slot], self._list[last]
        self._list[place], self._place[moved] = moved, place
        self._evicted[self._stream[slot]] += 1
        self._oldest += 1
