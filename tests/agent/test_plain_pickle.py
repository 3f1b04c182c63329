"""Checkpoints of danijar/dreamerv3: their numbers are read, and nothing that they name is ever run."""

from __future__ import annotations

import datetime
import os
import pickle
from pathlib import Path
from typing import Any

import elements
import ml_dtypes
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dreamerguard_agent.checkpoints.elements_folder import find_elements, read_elements
from dreamerguard_agent.checkpoints.errors import NoSoundCheckpoint
from dreamerguard_agent.checkpoints.plain_arrays import NotPlain
from dreamerguard_agent.checkpoints.plain_pickle import MOST_OPCODES, read_plain


class Saved:
    """A part of a checkpoint, as `elements.Checkpoint` wants it."""

    def __init__(self, data: Any) -> None:
        self._data = data

    def save(self) -> Any:
        return self._data

    def load(self, data: Any) -> None:
        raise AssertionError("the tests only save")


def write_elements(directory: Path, agent: Any) -> None:
    """Writes a checkpoint with the library that the reference uses."""
    checkpoint = elements.Checkpoint(directory)
    checkpoint.step = elements.Counter(7)
    checkpoint.agent = Saved(agent)
    checkpoint.save()


def agent_data() -> dict[str, Any]:
    frozen = np.arange(3, dtype=np.float32)
    frozen.flags.writeable = False
    params = {
        "dyn/w": np.arange(6, dtype=np.float32).reshape(2, 3),
        "dyn/b": frozen,
        "enc/half": np.arange(4).astype(ml_dtypes.bfloat16),
        "pol/f": np.asfortranarray(np.arange(6, dtype=np.float64).reshape(2, 3)),
        "opt/step": np.asarray(5, np.int32),
        "opt/big": np.arange(3, dtype=">i8"),
        "retnorm/lo": np.float32(-1.5),
        "empty": np.zeros((0, 4), np.float32),
    }
    return {"params": params, "counters": {"updates": 12, "batches": 12, "actions": 1 << 40}}


def test_a_checkpoint_of_elements_is_read(tmp_path: Path) -> None:
    write_elements(tmp_path / "ckpt", agent_data())
    folder = find_elements(tmp_path)
    assert folder is not None and folder.parent == tmp_path / "ckpt"
    assert find_elements(tmp_path / "ckpt") == find_elements(folder) == folder
    params, updates = read_elements(folder)
    assert updates == 12
    assert params.keys() == agent_data()["params"].keys()
    for path, value in agent_data()["params"].items():
        np.testing.assert_array_equal(params[path], value)
        assert params[path].dtype == np.asarray(value).dtype.newbyteorder("=")


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_every_protocol_of_binary_pickles_is_read_or_refused(tmp_path: Path, protocol: int) -> None:
    path = tmp_path / "a.pkl"
    data = {"a": [1, -5, 1 << 60, 2.5, True, None, "x" * 300], "b": {"c": ("y", b"z")}}
    path.write_bytes(pickle.dumps(data, protocol=protocol))
    if protocol == 2:  # bytes are a call of codecs.encode there
        with pytest.raises(NotPlain, match=r"_codecs\.encode"):
            read_plain(path)
    else:
        assert read_plain(path) == data


class Calls:
    """Calls a function when it is unpickled."""

    def __init__(self, function: Any, *arguments: Any) -> None:
        self._what = function, arguments

    def __reduce__(self) -> Any:
        return self._what


@pytest.mark.parametrize("protocol", [0, 1, 2, 3, 4, 5])
@pytest.mark.parametrize("where", ["top", "params", "array"])
def test_functions_are_refused_and_never_called(tmp_path: Path, protocol: int, where: str) -> None:
    mark = tmp_path / "called"
    call = Calls(os.system, f"touch {mark}")
    hostile: Any = {"top": call, "params": {"params": call}, "array": {"params": {"dyn/w": call}}}[where]
    folder = tmp_path / "x"
    folder.mkdir()
    (folder / "done").touch()
    (folder / "agent.pkl").write_bytes(pickle.dumps(hostile, protocol=protocol))
    with pytest.raises(NoSoundCheckpoint, match="nothing in it was run"):
        read_elements(folder)
    assert not mark.exists()


@pytest.mark.parametrize(
    "value", [datetime.date(2020, 1, 1), np.array(["a"]), np.array([None]), np.array([1 + 2j]), {1, 2}, Saved(1), int]
)
def test_other_objects_are_refused(tmp_path: Path, value: Any) -> None:
    (tmp_path / "a.pkl").write_bytes(pickle.dumps({"params": {"x": value}}))
    try:
        assert not isinstance(read_plain(tmp_path / "a.pkl")["params"]["x"], type(value))
    except NotPlain as error:
        assert "was run" in str(error)


def test_sizes_that_a_file_states_are_not_believed(tmp_path: Path) -> None:
    path = tmp_path / "a.pkl"
    for text in (b"\x80\x04\x8e" + (1 << 62).to_bytes(8, "little"), b"\x80\x04(" + b"0" * 10, b"c" + b"a" * 5000):
        path.write_bytes(text)
        with pytest.raises(NotPlain):
            read_plain(path)
    path.write_bytes(b"\x80\x04]" + b"N" * MOST_OPCODES + b"e.")
    with pytest.raises(NotPlain, match="opcodes"):
        read_plain(path)


def test_an_array_that_does_not_fit_its_bytes_is_refused(tmp_path: Path) -> None:
    whole = pickle.dumps(np.arange(3, dtype=np.float32), protocol=4)
    (tmp_path / "a.pkl").write_bytes(whole.replace(b"K\x03\x85", b"K\x04\x85"))
    with pytest.raises(NotPlain, match="shape"):
        read_plain(tmp_path / "a.pkl")


@settings(deadline=None, max_examples=300)
@given(st.data())
def test_damage_is_named(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    whole = bytearray(pickle.dumps(agent_data(), protocol=data.draw(st.sampled_from([4, 5]))))
    for _ in range(data.draw(st.integers(1, 4))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    path = tmp_path_factory.getbasetemp() / "damaged.pkl"
    path.write_bytes(whole[: data.draw(st.integers(0, len(whole)))])
    try:
        read_plain(path)
    except NotPlain as error:
        assert str(path) in str(error)


@pytest.mark.parametrize("name", ["../other", "", "..", "/etc"])
def test_latest_names_a_folder_beside_it(tmp_path: Path, name: str) -> None:
    (tmp_path / "latest").write_text(name)
    with pytest.raises(NoSoundCheckpoint, match="does not name a folder"):
        find_elements(tmp_path)


def test_an_unfinished_checkpoint_is_refused(tmp_path: Path) -> None:
    write_elements(tmp_path, agent_data())
    folder = find_elements(tmp_path)
    assert folder is not None
    (folder / "done").unlink()
    with pytest.raises(NoSoundCheckpoint, match="not a complete checkpoint"):
        find_elements(tmp_path)
