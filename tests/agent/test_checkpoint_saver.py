"""Saving in the background: when it happens, and what a failing disk does to a run."""

from __future__ import annotations

import errno
import os
import resource
import shutil
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dreamerguard_agent.checkpoints.chunks import ChunkCopy, ChunkLayout, ChunkTable
from dreamerguard_agent.checkpoints.draft import ReplayPlan
from dreamerguard_agent.checkpoints.errors import NotSaved
from dreamerguard_agent.checkpoints.folder import Checkpoints, newest_sound, steps_in
from dreamerguard_agent.checkpoints.save_job import Content
from dreamerguard_agent.checkpoints.saver import BackgroundSaver

from .test_checkpoint_files import NUMBERS, limited, names


class Clock:
    """Time that passes only when a test says so."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


class Rows:
    """A replay of six chunks; copies as many as it is allowed to."""

    def __init__(self) -> None:
        layout = ChunkLayout(2, 6, 2, {"x": ("float32", (1000,))})
        self.plan, self.epoch = ReplayPlan({"records": ChunkTable.empty(layout, 3)}, 6, None), 1
        self.left = list(np.ndindex(2, 3))
        self.stopped = False

    def start(self, put: Callable[[ChunkCopy], None], full: Callable[[], bool]) -> None:
        self.put = put

    def copy(self, enough: Callable[[], bool]) -> bool:
        while self.left:
            self.put(ChunkCopy("records", *self.left.pop(0), {"x": np.ones((2, 1000), np.float32)}))
            if enough():
                return False
        return True

    def stop(self) -> None:
        self.stopped = True


class Saving:
    """A saver with everything it says."""

    def __init__(self, directory: Path, every: float = 100.0, max_unsaved: float = 1000.0) -> None:
        self.clock, self.said, self.saved = Clock(), list[str](), list[int]()
        self.checkpoints = Checkpoints(directory, keep=2)
        self.saver = BackgroundSaver(
            self.checkpoints,
            every=every,
            max_unsaved=max_unsaved,
            say=self.said.append,
            saved=self.saved.append,
            clock=self.clock,
        )

    def until(self, reached: Callable[[], bool]) -> None:
        """Trains until something has happened."""
        while not reached():
            self.saver.advance()
            time.sleep(0.001)

    def save(self, step: int, replay: Any = None) -> None:
        """Saves and waits for the end, be it good or bad."""
        self.saver.begin(content(step, replay))
        self.until(lambda: self.saver._job is None)


def content(step: int, replay: Any = None) -> Content:
    return Content(step, 2 * step, NUMBERS, {"learner": {"params/a": np.arange(30_000.0)}}, replay)


def test_a_save_is_due_after_its_interval_and_one_at_a_time(tmp_path: Path) -> None:
    saving = Saving(tmp_path / "c")
    assert not saving.saver.due
    saving.clock.now = 100
    assert saving.saver.due
    replay = Rows()
    saving.saver.begin(content(1, replay))
    saving.clock.now = 500
    assert not saving.saver.due  # in flight: the thread waits for the replay's chunks
    saving.until(lambda: saving.saved == [2])
    assert replay.stopped and not replay.left
    assert steps_in(tmp_path / "c") == [1]
    assert not saving.saver.due
    saving.clock.now = 600
    assert saving.saver.due
    assert saving.said == []


def test_logs_that_cannot_be_synced_count_as_a_failed_save(tmp_path: Path) -> None:
    saving, synced = Saving(tmp_path / "c"), list[Path]()

    def sync() -> None:
        synced.append(tmp_path)
        if len(synced) == 1:
            raise OSError(errno.ENOSPC, "No space left on device", "scores.jsonl")

    saving.saver.begin(replace(content(1), sync=sync))
    saving.until(lambda: saving.saver._job is None)
    assert "was not saved: No space left on device (scores.jsonl)" in saving.said[0]
    assert steps_in(tmp_path / "c") == []
    saving.saver.begin(replace(content(2), sync=sync))
    saving.until(lambda: saving.saver._job is None)
    assert steps_in(tmp_path / "c") == [2] and saving.saved == [4]


def test_chunks_are_copied_bit_by_bit(tmp_path: Path) -> None:
    saving, replay = Saving(tmp_path / "c"), Rows()

    def tick() -> bool:
        saving.clock.now += 0.06  # longer than a pause may last
        return False

    replay_copy = replay.copy
    replay.copy = lambda enough: replay_copy(lambda: tick() or enough())  # type: ignore[method-assign]
    saving.saver.begin(content(1, replay))
    for left in (5, 4, 3):
        saving.saver.advance()
        assert len(replay.left) == left


def test_a_failing_save_is_reported_once_and_tried_again(tmp_path: Path) -> None:
    saving = Saving(tmp_path / "c")
    saving.save(1)
    with limited(resource.RLIMIT_FSIZE, 50_000):
        for now, step in ((100, 2), (105, 3), (115, 4)):
            saving.clock.now = now
            assert saving.saver.due
            saving.save(step, Rows())
            assert names(tmp_path / "c") == {"1"}
            saving.clock.now = now + 4
            assert not saving.saver.due
    (line,) = saving.said
    assert line.startswith("warning: the checkpoint at 4 frames was not saved: File too large")
    assert "it stops if that fails for 1,000 s (checkpoint.max_unsaved)" in line
    saving.clock.now = 135
    assert saving.saver.due
    saving.save(5)
    assert saving.said[1:] == ["checkpoints are saved again: 10 frames"]
    assert saving.saved == [2, 10]
    assert steps_in(tmp_path / "c") == [5, 1]


def test_a_run_that_cannot_be_saved_for_too_long_stops(tmp_path: Path) -> None:
    saving = Saving(tmp_path / "c", max_unsaved=20)
    saving.save(7)
    with limited(resource.RLIMIT_FSIZE, 50_000):
        saving.clock.now = 100
        saving.save(8)
        saving.clock.now = 119
        saving.save(9)
        saving.clock.now = 120
        assert saving.saver.due
        with pytest.raises(
            NotSaved, match=r"could not be saved: File too large.*7 agent steps.*run the same command again"
        ):
            saving.save(10)
    assert newest_sound(tmp_path / "c")[0] is not None


def test_a_removed_folder_is_a_failed_save_until_it_is_made_again(tmp_path: Path) -> None:
    saving = Saving(tmp_path / "c")
    saving.save(1)
    (tmp_path / "c").rename(tmp_path / "away")
    saving.clock.now = 100
    saving.save(2)
    assert "was not saved: the folder was removed or replaced" in saving.said[0]
    assert not (tmp_path / "c").exists()
    assert str(saving.checkpoints.put_back()).endswith("was removed or replaced by another process: it is made again")
    assert saving.checkpoints.put_back() is None
    saving.clock.now = 200
    saving.save(3)
    assert saving.said[1:] == ["checkpoints are saved again: 6 frames"]
    assert steps_in(tmp_path / "c") == [3]


def test_content_that_cannot_be_made_counts_as_a_failed_save(tmp_path: Path) -> None:
    def fail() -> Content:
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE), "run/tensorboard")

    saving = Saving(tmp_path / "c", max_unsaved=20)
    saving.clock.now = 100
    saving.saver.start(fail)
    (line,) = saving.said
    assert line.startswith("warning: a checkpoint was not saved: Too many open files (run/tensorboard). Older")
    assert not saving.saver.due
    with pytest.raises(NotSaved, match="Too many open files"):
        saving.saver.finish(5, fail, lambda: True)
    saving.saver.finish(5, lambda: content(5), lambda: True)
    assert steps_in(tmp_path / "c") == [5]


@pytest.mark.parametrize("what", ["folder", "link", "file"])
def test_what_replaces_the_folder_is_set_aside(tmp_path: Path, what: str) -> None:
    saving, outside = Saving(tmp_path / "c"), tmp_path / "outside"
    (tmp_path / "c").rename(outside)
    {
        "folder": lambda: (tmp_path / "c" / "700").mkdir(parents=True),
        "link": lambda: (tmp_path / "c").symlink_to(outside),
        "file": lambda: (tmp_path / "c").write_text("text"),
    }[what]()
    assert str(saving.checkpoints.put_back()).endswith("what was found there is now in before-1/")
    saving.save(1)
    assert steps_in(tmp_path / "c") == [1]
    assert (tmp_path / "before-1/c").is_symlink() == (what == "link")
    assert steps_in(tmp_path / "before-1/c") == ([700] if what == "folder" else [])
    assert not list(outside.iterdir())


def test_a_last_checkpoint_that_was_removed_is_saved_again(tmp_path: Path) -> None:
    saving = Saving(tmp_path / "c")
    saving.save(4)
    shutil.rmtree(tmp_path / "c" / "4")
    saving.saver.finish(4, lambda: content(4), lambda: False)
    assert steps_in(tmp_path / "c") == [4]


def test_the_end_of_a_run_waits_for_the_save_in_flight(tmp_path: Path) -> None:
    saving = Saving(tmp_path / "c")
    saving.saver.begin(content(1, Rows()))
    saving.saver.finish(2, lambda: content(2), lambda: False)
    assert saving.saved == [2, 4]
    saving.saver.finish(2, lambda: pytest.fail("saved twice"), lambda: False)


def test_the_end_of_a_run_is_not_lost_on_a_full_disk(tmp_path: Path) -> None:
    """A run that has reached its length waits for room; one that was asked to stop says that it is not saved."""
    saving = Saving(tmp_path / "c")
    with limited(resource.RLIMIT_FSIZE, 50_000), pytest.raises(NotSaved, match="there is no checkpoint"):
        saving.saver.finish(3, lambda: content(3), lambda: True)
    tries: list[int] = []

    def make() -> Content:
        tries.append(1)
        saving.clock.now += 50
        return content(3)

    def room() -> bool:
        saving.clock.now += 50
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        return False

    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    with limited(resource.RLIMIT_FSIZE, 50_000):
        saving.saver.finish(3, make, room)
    assert len(tries) == 2
    assert saving.saved == [6]


def test_an_abandoned_save_leaves_nothing(tmp_path: Path) -> None:
    saving, replay = Saving(tmp_path / "c"), Rows()
    saving.saver.begin(content(1, replay))
    saving.saver.abandon()
    assert replay.stopped
    assert names(tmp_path / "c") == set()
