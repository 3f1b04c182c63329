"""Writes prediction videos while a run trains: one for each evaluation that begins, for tasks with images.

One video at a time: if the next one is due earlier, training waits, but not without end. The windows are read in the
thread of the run, with a separate random generator, so the training computes the same numbers with and without videos.
Prediction and writing happen in a thread. A video is for people only: one that fails, for example on a full disk, is
stated once and ends nothing.
"""

from __future__ import annotations

import threading
import time
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any

import jax

from dreamerguard.schema import RunConfig

from .background_evaluation import Snapshot
from .base.spec import AgentSpec
from .envs import Supervision
from .prediction_video import FOLDER, WINDOWS, Predictions
from .replay.buffer import ReplayBuffer
from .replay.ring import Windows
from .runtime.records import seed_directory

#: Videos of each image that a run writes at most; with more evaluations, every n-th has one.
MOST = 200
#: Seconds for which a run waits for a video.
_GRACE = 60.0
#: Seconds between two looks at the thread.
_LOOK = 0.05


class BackgroundPredictions:
    """Writes one video after the other.

    Args:
      config: the run.
      spec: the agent.
      directory: directory of the run.
      frames: environment frames of the whole run.
      supervision: the run; it gets a line about the first video of this start and the first failure.
    """

    def __init__(
        self, config: RunConfig, spec: AgentSpec, directory: Path, frames: int, supervision: Supervision
    ) -> None:
        self._config, self._supervision = config, supervision
        self._thread: threading.Thread | None = None
        self._notes: SimpleQueue[str] = SimpleQueue()
        self._folders = [
            seed_directory(directory, seed, config.seeds) for seed in range(config.seed, config.seed + config.seeds)
        ]
        self._nth = -(-frames // max(1, config.eval.every) // MOST)
        self._wanted = bool(config.eval.every) and config.eval.prediction_video
        if self._wanted and not spec.decoded_images:
            self._wanted = False
            supervision.say("no prediction videos: the agent reconstructs no image")
        self._predictions = Predictions(config, spec, lambda text: None)
        self._said = self._failed = False

    def begin(self, snapshot: Snapshot, replay: ReplayBuffer) -> None:
        """Begins the videos of all agents. Waits for those before; if they do not end, there are none.

        Args:
          snapshot: frames and parameters.
          replay: the replay, from which windows are read at once.
        """
        turn = snapshot.frames // self._config.eval.every if self._wanted else 0
        if not turn or turn % self._nth or not self._wait():
            return
        length, agents = self._predictions.length, range(self._config.seeds)
        drawn = [replay.look(agent, WINDOWS, length, snapshot.frames + agent) for agent in agents]
        windows = [one for one in drawn if one is not None]
        if len(windows) < len(drawn):
            return
        # A daemon: a disk that never answers cannot keep the process from ending.
        self._thread = threading.Thread(target=self._write, args=(snapshot, windows), name="predictions", daemon=True)
        self._thread.start()
        if not self._config.eval.background:
            self._wait()

    def pass_notes(self) -> None:
        """Passes on what the thread has to say. Called after every step."""
        if self._thread is None:
            return
        if not self._thread.is_alive():
            self._thread = None
        while True:
            try:
                self._supervision.say(self._notes.get_nowait())
            except Empty:
                return

    def close(self) -> None:
        """Waits for the videos that are being written, but not without end."""
        self._wait(stoppable=False)

    def _wait(self, *, stoppable: bool = True) -> bool:
        """Waits for the thread. Returns whether it has ended; if not, it takes too long or the run is to stop."""
        asked = time.monotonic()
        while self._thread is not None and time.monotonic() - asked < _GRACE:
            self._thread.join(_LOOK)
            self.pass_notes()
            if stoppable and self._supervision.stop():
                break
        return self._thread is None

    def _write(self, snapshot: Snapshot, windows: list[Windows]) -> None:
        several = len(windows) > 1
        try:
            for number, (folder, mine) in enumerate(zip(self._folders, windows, strict=True)):
                params: Any = snapshot.params
                if several:
                    params = jax.tree.map(lambda value, number=number: value[number], params)
                self._predictions.write(folder, snapshot.frames, params, mine, snapshot.frames + number)
        except Exception as error:  # whatever the disk, the device or a library says, the run goes on
            if not self._failed:
                self._notes.put(f"a prediction video cannot be written: {str(error).partition(chr(10))[0]}")
            self._failed = True
        else:
            if not self._said:
                where = self._folders[0] / FOLDER
                self._notes.put(f"prediction videos of the evaluations: {where}; eval.prediction_video=false: none")
            self._said = True
