"""Checkpoints on disk: nothing unsound is used, no stranger's number is believed, a failing save loses nothing."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import resource
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import jax.numpy as jnp
import numpy as np
import pytest

from benchmarks.trust.damaged_checkpoints import count_outcomes, fingerprint, make_checkpoints
from dreamerguard_agent.checkpoints import draft
from dreamerguard_agent.checkpoints.checkpoint import Checkpoint
from dreamerguard_agent.checkpoints.errors import Damaged, DoesNotMatch, NoSoundCheckpoint, OtherFormat
from dreamerguard_agent.checkpoints.folder import Checkpoints, newest_sound, steps_in
from dreamerguard_agent.evaluate import read_newest

NUMBERS: dict[str, Any] = {
    "frames": 8, "vector_steps": 4, "updates": 2, "starts": 1, "evaluations": 0,
    "ratio": {"first": 2, "done": 2, "numerator": 1, "denominator": 2}, "logs": {"scores": 5},
}  # fmt: skip
TREE = {"params": {"a/kernel": np.arange(6, dtype=np.float32).reshape(2, 3), "b": np.zeros((0, 2), np.int32)}}


def save(directory: Path, *steps: int, keep: int = 2, size: int = 6) -> Checkpoints:
    checkpoints = Checkpoints(directory, keep)
    for step in steps:
        checkpoints.save(step, NUMBERS, {"learner": {"params/a": np.arange(size, dtype=np.float32) + step}})
    return checkpoints


def opened(directory: Path) -> tuple[Checkpoint | None, list[str]]:
    said: list[str] = []
    return Checkpoints(directory, 2).open_newest(said.append, frames_per_step=2), said


def names(directory: Path) -> set[str]:
    return {path.name for path in directory.iterdir()}


def test_every_type_and_shape_comes_back(tmp_path: Path) -> None:
    kinds = ["bool", "int8", "uint16", "int64", "float16", "float32", "float64", jnp.bfloat16]
    arrays = {f"x/{i}": np.arange(5).astype(kind) for i, kind in enumerate(kinds)}
    arrays |= {"scalar": np.float32(3)[...], "none": np.zeros((0, 4), np.int32), "T": np.arange(6).reshape(2, 3).T}
    Checkpoints(tmp_path / "c").save(1, NUMBERS, {"learner": arrays})
    found, damaged = newest_sound(tmp_path / "c")
    assert found is not None and not damaged
    assert found.numbers == NUMBERS
    for name, value in found.part("learner").items():
        assert value.dtype == arrays[name].dtype
        np.testing.assert_array_equal(value, arrays[name], err_msg=name)


def test_only_the_newest_are_kept(tmp_path: Path) -> None:
    save(tmp_path / "c", 9, 10, 100)
    assert steps_in(tmp_path / "c") == [100, 10]
    assert names(tmp_path / "c") == {"100", "10"}


def test_no_damage_is_taken_for_sound(tmp_path: Path) -> None:
    """The small form of ``python -m benchmarks.trust.damaged_checkpoints``."""
    make_checkpoints(tmp_path / "c", 1 << 14)
    counts = count_outcomes(tmp_path / "c", flips=24, zeroed=6)
    outcomes = {outcome for _, outcome in counts}
    assert outcomes <= {"previous", "same values"}, counts
    assert counts["deleted", "previous"] >= 6


def test_a_damaged_newest_checkpoint_is_set_aside_with_a_message(tmp_path: Path) -> None:
    save(tmp_path / "c", 10, 30)
    (tmp_path / "c" / "30" / "learner.bin").write_bytes(b"short")
    found, said = opened(tmp_path / "c")
    assert found is not None and found.step == 10
    assert names(tmp_path / "c") == {"10", "damaged-30"}
    assert (tmp_path / "c" / "damaged-30" / "learner.bin").read_bytes() == b"short"
    (line,) = said
    assert "checkpoint 30 is damaged (learner.bin: 5 bytes" in line
    assert "checkpoint 10, and 40 frames are repeated" in line
    save(tmp_path / "c", 30)
    (tmp_path / "c" / "30" / "manifest.json").unlink()
    assert opened(tmp_path / "c")[0] is not None
    assert names(tmp_path / "c") == {"10", "damaged-30", "damaged-30-2"}


def test_a_reader_changes_nothing(tmp_path: Path) -> None:
    save(tmp_path / "c", 10, 30)
    (tmp_path / "c" / "30" / "learner.bin").unlink()
    (tmp_path / "c" / f"saving-40-{'0' * 16}").mkdir()
    before = sorted(tmp_path.rglob("*"))
    found, damaged = newest_sound(tmp_path / "c")
    assert found is not None and found.step == 10
    assert damaged == {30: "learner.bin: no such file or directory"}
    assert sorted(tmp_path.rglob("*")) == before


def test_a_reader_takes_the_next_checkpoint_if_a_trainer_removes_one_while_it_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    checkpoints = save(tmp_path / "c", 10)
    restore, steps = Checkpoint.restore, iter((20, 30))

    def late(found: Checkpoint, part: str, like: Any) -> Any:
        if step := next(steps, None):
            shutil.rmtree(found.folder)
            checkpoints.save(step, NUMBERS, {"learner": {"params/a": np.full(6, step, np.float32)}})
        return restore(found, part, like)

    monkeypatch.setattr(Checkpoint, "restore", late)
    found, damaged, learner = read_newest(tmp_path / "c", {"params": {"a": np.zeros(6, np.float32)}})
    assert (found.step, damaged, learner["params"]["a"].tolist()) == (30, {}, [30] * 6)


def test_without_a_sound_checkpoint_nothing_is_changed(tmp_path: Path) -> None:
    save(tmp_path / "c", 10, 30)
    for step in ("10", "30"):
        (tmp_path / "c" / step / "manifest.json").write_text("{")
    with pytest.raises(NoSoundCheckpoint, match=r"(?s)no checkpoint in .* can be used.*30: .*10: .*another --logdir"):
        opened(tmp_path / "c")
    assert names(tmp_path / "c") == {"10", "30"}


def test_a_checkpoint_that_may_not_be_read_is_neither_damaged_nor_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save(tmp_path / "c", 10, 30)
    exists, iterdir = Path.exists, Path.iterdir

    def refuse(path: Path, forbidden: Path) -> None:
        if path == forbidden or forbidden in path.parents:
            raise PermissionError(errno.EACCES, "Permission denied", str(path))

    with monkeypatch.context() as patch:
        forbidden = tmp_path / "c" / "30"
        patch.setattr(Path, "exists", lambda path: refuse(path, forbidden) or exists(path))
        with pytest.raises(NoSoundCheckpoint, match=r"30 cannot be read: Permission denied\. Nothing was changed"):
            newest_sound(tmp_path / "c")
    with monkeypatch.context() as patch:
        patch.setattr(Path, "iterdir", lambda path: refuse(path, tmp_path / "c") or iterdir(path))
        with pytest.raises(NoSoundCheckpoint, match=r"c cannot be read: Permission denied"):
            Checkpoints(tmp_path / "c")
        with pytest.raises(NoSoundCheckpoint, match=r"c cannot be read: Permission denied"):
            newest_sound(tmp_path / "c")
    assert names(tmp_path / "c") == {"10", "30"}


def test_the_rest_of_killed_saves_is_cleared_and_nothing_else(tmp_path: Path) -> None:
    save(tmp_path / "c", 10)
    mine = [f"saving-20-{'a' * 16}", f"removing-5-{'0' * 16}", "20.orbax-checkpoint-tmp", "20.orbax-checkpoint-tmp-17"]
    other = ["saving-20", "saving-x-aaaaaaaaaaaaaaaa", "notes", "damaged-3", "20.tmp", "007"]
    for name in (*mine, *other):
        (tmp_path / "c" / name / "inside").mkdir(parents=True)
    (tmp_path / "kept" / "inside").mkdir(parents=True)
    (tmp_path / "c" / f"saving-9-{'b' * 16}").symlink_to(tmp_path / "kept")
    assert opened(tmp_path / "c")[0] is not None
    assert names(tmp_path / "c") == {"10", *other, f"saving-9-{'b' * 16}"}
    assert (tmp_path / "kept" / "inside").is_dir()


@pytest.mark.parametrize("entry", ["_CHECKPOINT_METADATA", "learner"])
def test_a_checkpoint_of_the_first_version_is_refused_by_name(tmp_path: Path, entry: str) -> None:
    (tmp_path / "c" / "300" / entry).mkdir(parents=True)
    with pytest.raises(OtherFormat, match=r"300 was written by dreamerguard 0\.1\.0 with orbax"):
        opened(tmp_path / "c")
    assert names(tmp_path / "c") == {"300"}


def test_another_shape_is_named_by_parameter(tmp_path: Path) -> None:
    from dreamerguard_agent.checkpoints.names import flatten

    Checkpoints(tmp_path / "c").save(1, NUMBERS, {"learner": flatten(TREE)})
    found, _ = newest_sound(tmp_path / "c")
    assert found is not None
    for name, value in flatten(found.restore("learner", TREE)).items():
        np.testing.assert_array_equal(value, flatten(TREE)[name])
    like = {"params": {"a/kernel": np.zeros((2, 4), np.float32), "c": np.zeros(1)}}
    with pytest.raises(DoesNotMatch) as raised:
        found.restore("learner", like)
    text = str(raised.value)
    assert "params/a/kernel: [2, 3] in the checkpoint, [2, 4] in this run" in text
    assert "params/b: not in this run" in text
    assert "params/c: not in the checkpoint" in text
    with pytest.raises(DoesNotMatch, match="int32 in the checkpoint, float32 in this run"):
        found.restore("learner", {"params": TREE["params"] | {"b": np.zeros((0, 2), np.float32)}})
    half = found.restore("learner", {"params": TREE["params"] | {"a/kernel": np.zeros((2, 3), np.float16)}})
    assert half["params"]["a/kernel"].dtype == np.float16


def test_sizes_of_the_logs_of_several_seeds_come_back(tmp_path: Path) -> None:
    events = {"events.out.tfevents.1795896267.vm.2808.dreamerguard": 4096}
    sizes = {str(seed): {"scores": 5, "metrics": 0, "tensorboard": events} for seed in range(2)}
    Checkpoints(tmp_path / "c").save(1, NUMBERS | {"logs": sizes}, {"learner": {}})
    found, damaged = newest_sound(tmp_path / "c")
    assert found is not None and not damaged
    assert found.numbers["logs"] == sizes


Change = Callable[[dict[str, Any]], object]
LIES: dict[str, Change] = {
    "huge log": lambda m: m["numbers"]["logs"].update(scores=2**70),
    "negative log": lambda m: m["numbers"]["logs"].update(scores=-5),
    "negative event file": lambda m: m["numbers"]["logs"].update({"1": {"tensorboard": {"a": -1}}}),
    "logs too deep": lambda m: m["numbers"]["logs"].update({"1": {"tensorboard": {"a": {"b": 1}}}}),
    "frames as text": lambda m: m["numbers"].update(frames="8"),
    "frames as truth": lambda m: m["numbers"].update(frames=True),
    "no counters": lambda m: m.update(numbers={}),
    "more steps than can be": lambda m: m["numbers"].update(vector_steps=2**40),
    "evaluations as text": lambda m: m["numbers"].update(played="8"),
    "episodes before the first": lambda m: m["numbers"].update(episodes={"first": -1, "from": 0}),
    "episodes without a place": lambda m: m["numbers"].update(episodes={"first": 0}),
    "zero denominator": lambda m: m["numbers"]["ratio"].update(denominator=0),
    "huge shape": lambda m: m["arrays"]["learner/params/a"].update(shape=[2**50, 2**50]),
    "shape beyond the file": lambda m: m["arrays"]["learner/params/a"].update(shape=[2**40]),
    "negative shape": lambda m: m["arrays"]["learner/params/a"].update(shape=[-1]),
    "many axes": lambda m: m["arrays"]["learner/params/a"].update(shape=[1] * 1000),
    "offset beyond the file": lambda m: m["arrays"]["learner/params/a"].update(offset=2**50),
    "negative offset": lambda m: m["arrays"]["learner/params/a"].update(offset=-64),
    "objects": lambda m: m["arrays"]["learner/params/a"].update(dtype="object"),
    "file elsewhere": lambda m: m["arrays"]["learner/params/a"].update(file="../../outside.bin"),
    "absolute file": lambda m: m["arrays"]["learner/params/a"].update(file="/etc/passwd"),
    "pack elsewhere": lambda m: m.update(packs=["../x.bin"]),
    "chunks without tables": lambda m: m.update(chunks={"records": {
        "streams": 2**30, "rows": 2**30, "chunk": 1, "stored": 2**30, "arrays": {"x": ["float32", [2**20]]}}}),
    "control characters": lambda m: m["arrays"].update({"learner/\x1b[2J": m["arrays"]["learner/params/a"]}),
    "arrays as a list": lambda m: m.update(arrays=[]),
}  # fmt: skip


def rewrite(folder: Path, text: bytes) -> None:
    """Changes a manifest as a stranger would: with a right checksum."""
    (folder / "manifest.json").write_bytes(text)
    (folder / "manifest.sha256").write_text(f"{hashlib.sha256(text).hexdigest()}  manifest.json\n")


@contextmanager
def limited(kind: int, most: int) -> Iterator[None]:
    before = resource.getrlimit(kind)
    resource.setrlimit(kind, (most, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(kind, before)


@pytest.mark.parametrize("lie", LIES)
def test_numbers_of_a_stranger_are_not_believed(tmp_path: Path, lie: str) -> None:
    save(tmp_path / "c", 10, 30)
    path = tmp_path / "c" / "30" / "manifest.json"
    manifest = json.loads(path.read_text())
    LIES[lie](manifest)
    rewrite(path.parent, json.dumps(manifest).encode())
    found, damaged = newest_sound(tmp_path / "c")
    assert found is not None and found.step == 10
    assert len(damaged[30]) < 300 and damaged[30].isprintable()


@pytest.mark.parametrize("text", [b"[" * 100_000, b"\xff\xfe", b"null", b'{"format": NaN}', b"", b'{"format": 1}'])
def test_a_manifest_that_is_no_manifest_is_damaged(tmp_path: Path, text: bytes) -> None:
    save(tmp_path / "c", 10)
    rewrite(tmp_path / "c" / "10", text)
    with pytest.raises(Damaged, match=r"manifest\.json"):
        Checkpoint.open(tmp_path / "c" / "10")


def test_a_later_format_is_refused_by_name_and_not_set_aside(tmp_path: Path) -> None:
    save(tmp_path / "c", 10, 30)
    rewrite(tmp_path / "c" / "30", b'{"format": 2, "dreamerguard": "9.1.0"}')
    with pytest.raises(OtherFormat, match=r"30 was written by dreamerguard 9\.1\.0 in checkpoint format 2"):
        opened(tmp_path / "c")


def test_links_and_pipes_in_a_checkpoint_are_not_opened(tmp_path: Path) -> None:
    save(tmp_path / "c", 10, 30)
    folder = tmp_path / "c" / "30"
    (tmp_path / "outside.bin").write_bytes((folder / "learner.bin").read_bytes())
    (folder / "learner.bin").unlink()
    (folder / "learner.bin").symlink_to(tmp_path / "outside.bin")
    assert newest_sound(tmp_path / "c")[1] == {30: "learner.bin: is a link"}
    (folder / "learner.bin").unlink()
    os.mkfifo(folder / "learner.bin")
    assert newest_sound(tmp_path / "c")[1] == {30: "learner.bin: not a regular file"}
    folder.rename(tmp_path / "away")
    folder.symlink_to(tmp_path / "away")
    assert newest_sound(tmp_path / "c")[1] == {30: "not a folder"}
    (tmp_path / "d").symlink_to(tmp_path / "c")
    with pytest.raises(NoSoundCheckpoint, match="is a link"):
        Checkpoints(tmp_path / "d")


def test_a_full_disk_leaves_the_older_checkpoint_and_no_rest(tmp_path: Path) -> None:
    """The limit of file sizes stops the writing inside a file, as a full disk or a quota does."""
    checkpoints = save(tmp_path / "c", 10)
    with limited(resource.RLIMIT_FSIZE, 50_000), pytest.raises(OSError, match="File too large"):
        checkpoints.save(20, NUMBERS, {"learner": {"x": np.zeros(100_000, np.float32)}})
    assert names(tmp_path / "c") == {"10"}
    found, damaged = newest_sound(tmp_path / "c")
    assert found is not None and not damaged


def test_bytes_that_change_on_their_way_to_the_disk_are_noticed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    checkpoints = save(tmp_path / "c", 10)
    write = os.write

    def flip(file: int, data: Any) -> int:
        changed = bytearray(data)
        if len(changed) > 1000:
            changed[500] ^= 1
        return write(file, bytes(changed))

    monkeypatch.setattr(os, "write", flip)
    with pytest.raises(OSError, match=r"read back from learner\.bin differ from those written"):
        checkpoints.save(20, NUMBERS, {"learner": {"x": np.zeros(1000, np.float32)}})
    assert names(tmp_path / "c") == {"10"}


def test_a_removed_folder_is_not_made_again(tmp_path: Path) -> None:
    checkpoints = save(tmp_path / "c", 10)
    (tmp_path / "c").rename(tmp_path / "away")
    with pytest.raises(OSError, match="the folder was removed or replaced"):
        checkpoints.save(20, NUMBERS, {})
    assert not (tmp_path / "c").exists()
    (tmp_path / "c").mkdir()
    with pytest.raises(OSError, match="the folder was removed or replaced"):
        checkpoints.save(20, NUMBERS, {})


def test_a_kill_during_a_save_loses_nothing() -> None:
    command = [sys.executable, "-m", "benchmarks.trust.killed_saves", "--kills", "6"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=Path(__file__).parents[2])
    assert "right: 6 of 6" in done.stdout


def packs(directory: Path, step: int) -> dict[str, int]:
    return {path.name: path.stat().st_ino for path in (directory / str(step)).glob("replay-*.bin")}


def test_unchanged_chunks_are_shared_but_never_between_the_two_newest(tmp_path: Path) -> None:
    make_checkpoints(tmp_path / "c", 1 << 14, count=5)
    newest, previous = packs(tmp_path / "c", 500), packs(tmp_path / "c", 400)
    assert any(name.startswith("replay-300-") for name in newest)  # from the checkpoint before the previous one
    assert not set(newest.values()) & set(previous.values())


def test_packs_are_copied_where_there_are_no_hard_links(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_checkpoints(tmp_path / "linked", 1 << 14, count=5)

    def refuse(*_: Any, **__: Any) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(draft.os, "link", refuse)
    make_checkpoints(tmp_path / "copied", 1 << 14, count=5)
    with_links, without = (newest_sound(tmp_path / name)[0] for name in ("linked", "copied"))
    assert with_links is not None and without is not None
    assert fingerprint(with_links) == fingerprint(without)


def test_packs_stay_few_and_mostly_used(tmp_path: Path) -> None:
    make_checkpoints(tmp_path / "c", 1 << 14, count=90)
    found, _ = newest_sound(tmp_path / "c")
    assert found is not None
    assert len(found.packs) <= 33
    whole = sum((found.folder / name).stat().st_size for name in found.packs)
    assert whole < 2.5 * (1 << 14)
