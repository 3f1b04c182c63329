"""How processes find each other, what they tell each other, and that the end of one is noticed."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest

from dreamerguard_agent.base.share import Share
from dreamerguard_agent.checkpoints.chunks import ChunkCopy
from dreamerguard_agent.processes.connection import Connection
from dreamerguard_agent.processes.group import LOST, ProcessGroup, ProcessLost
from dreamerguard_agent.processes.jax_service import KeptOpen
from dreamerguard_agent.processes.joining import CannotJoin, Rendezvous, free_port, join
from dreamerguard_agent.processes.messages import ProcessMessage, Unreadable
from dreamerguard_agent.processes.piece_feed import PieceFeed, send_pieces

FACTS = {"task": "dmc_walker_walk", "image_mults": (2, 3)}


def silent(text: str) -> None:
    """Says nothing."""


def join_all(
    processes: int, numbers: list[int], facts: dict[int, Any] | None = None, patience: float = 20.0
) -> list[Any]:
    """Lets processes with these numbers join; returns groups, or why a process could not."""
    port = free_port()

    def one(number: int) -> Any:
        try:
            mine = (facts or {}).get(number, FACTS)
            return join(Rendezvous("localhost", port, Share(number, processes)), mine, silent, patience)[0]
        except CannotJoin as error:
            return str(error)

    with ThreadPoolExecutor(len(numbers)) as pool:
        return list(pool.map(one, numbers))


@pytest.fixture
def three() -> Iterator[list[ProcessGroup]]:
    groups = join_all(3, [0, 1, 2])
    assert all(isinstance(group, ProcessGroup) for group in groups), groups
    yield groups
    for group in groups:
        group.part()
        close(group)


def close(group: ProcessGroup) -> None:
    """Ends the connections of a group as the end of its process does."""
    for connections in (group._control, group.data):
        for connection in connections.values():
            connection.close()


def test_a_message_arrives_as_it_was() -> None:
    arrays = {"a": np.arange(6, dtype=np.int32).reshape(2, 3), "none": np.zeros((0, 2), bool), "one": np.float64(2.5)}
    data = b"".join(ProcessMessage({"x": [1, "ü", None]}, {k: np.asarray(v) for k, v in arrays.items()}).encoded())
    read = ProcessMessage.decoded(data)
    assert read.numbers == {"x": [1, "ü", None]}
    for name, value in arrays.items():
        assert read.arrays[name].shape == np.shape(value)
        np.testing.assert_array_equal(read.arrays[name], value)


@pytest.mark.parametrize(
    "data",
    [
        b"", b"\0" * 8, b"\0" * 7 + b"\2[]", b"\0" * 7 + b"\2{}", b"\xff" * 30,
        b"".join(ProcessMessage({}, {"a": np.zeros(3)}).encoded())[:-1], b"".join(ProcessMessage({}).encoded()) + b"x",
        (head := b'{"numbers": {}, "arrays": {"a": ["object", 1]}}') and len(head).to_bytes(8, "big") + head,
        (head := b'{"numbers": {}, "arrays": {"a": ["int8", -1]}}') and len(head).to_bytes(8, "big") + head,
    ],
)  # fmt: skip
def test_other_bytes_are_no_message(data: bytes) -> None:
    with pytest.raises(Unreadable):
        ProcessMessage.decoded(data)


def test_processes_find_each_other_and_talk(three: list[ProcessGroup]) -> None:
    first, second, third = three
    assert len(set(first.names)) == 1
    assert first.names == second.names == third.names
    second.tell(ProcessMessage({"from": 1}))
    third.tell(ProcessMessage({"from": 2}))
    assert [message.numbers["from"] for message in first.hear_all()] == [1, 2]
    first.tell(ProcessMessage({"do": "go"}))
    first.tell(ProcessMessage({"do": "more"}), 2)
    assert second.hear().numbers == {"do": "go"}
    assert [third.hear().numbers["do"] for _ in range(2)] == ["go", "more"]


def test_all_notice_the_end_of_one(three: list[ProcessGroup]) -> None:
    first, second, third = three
    close(second)
    with pytest.raises(ProcessLost, match=r"process 1 of 3 .* was lost") as lost:
        first.hear_all()
    assert lost.value.code == LOST
    with pytest.raises(ProcessLost, match="process 1 of 3"):
        third.hear()


def test_all_hear_why_one_ended(three: list[ProcessGroup]) -> None:
    first, second, third = three
    third.leave("its disk is full", 73)
    for group in (first, second):
        with pytest.raises(ProcessLost, match="its disk is full") as lost:
            group.hear_all()
        assert lost.value.code == 73


def test_a_failed_computation_is_reported_as_the_end_of_the_process(three: list[ProcessGroup]) -> None:
    first, second, _ = three
    close(second)
    with pytest.raises(ProcessLost), first.failures():
        raise ValueError("UNKNOWN: Gloo all-reduce failed: Connection closed by peer")
    with pytest.raises(TypeError), first.failures():
        raise TypeError("a bug stays a bug")


def test_the_end_of_a_process_after_the_run_is_no_loss(three: list[ProcessGroup]) -> None:
    first, second, _ = three
    first.part()
    close(second)
    assert first._lost is None


def test_a_missing_process_is_named() -> None:
    found = join_all(3, [0, 2], patience=1.0)
    assert "these did not come" in found[0] and found[0].endswith(": 1"), found
    assert found[1] == found[0]


def test_a_number_that_two_have_is_named() -> None:
    found = join_all(3, [0, 1, 1], patience=5.0)
    assert all("two processes have the number 1" in text for text in found[:1]), found


def test_another_run_is_refused_with_the_difference() -> None:
    found = join_all(2, [0, 1], {1: {**FACTS, "task": "dmc_walker_run"}})
    for text in found:
        assert "task: dmc_walker_walk in process 0, dmc_walker_run there" in text
        assert "image_mults" not in text


def test_another_number_of_processes_is_refused() -> None:
    port, said = free_port(), []

    def follow() -> None:
        with pytest.raises(CannotJoin) as refused:
            join(Rendezvous("localhost", port, Share(1, 4)), FACTS, silent, 10.0)
        said.append(str(refused.value))

    thread = threading.Thread(target=follow)
    thread.start()
    with pytest.raises(CannotJoin, match="process 1 of 4, but this is the run of 2 processes"):
        join(Rendezvous("localhost", port, Share(0, 2)), FACTS, silent, 10.0)
    thread.join()
    assert said


def test_a_stranger_does_not_disturb() -> None:
    port = free_port()
    place = Rendezvous("localhost", port, Share(0, 2))
    with ThreadPoolExecutor(2) as pool:
        leading = pool.submit(join, place, FACTS, silent, 20.0)
        while True:
            try:
                stranger = socket.create_connection(("127.0.0.1", port))
                break
            except ConnectionRefusedError:
                continue
        stranger.sendall(b"GET / HTTP/1.1\r\n\r\n" + b"x" * 100)
        following = pool.submit(join, Rendezvous("localhost", port, Share(1, 2)), FACTS, silent, 20.0)
        groups = leading.result()[0], following.result()[0]
    stranger.close()
    assert [group.share.process for group in groups] == [0, 1]
    for group in groups:
        group.part()
        close(group)


def test_a_port_in_use_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        place = Rendezvous("localhost", taken.getsockname()[1], Share(0, 2))
        with pytest.raises(CannotJoin, match=r"cannot listen at localhost:\d+: Address already in use"):
            join(place, FACTS, silent, 1.0)


def test_a_connection_is_kept_open_when_the_other_side_ends() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        kept = KeptOpen("127.0.0.1", server.getsockname()[1])
        host, _, port = kept.address.rpartition(":")
        inner = socket.create_connection((host, int(port)))
        outer, _ = server.accept()
        inner.sendall(b"there")
        assert outer.recv(10) == b"there"
        outer.sendall(b"back")
        assert inner.recv(10) == b"back"
        outer.close()
    inner.settimeout(0.3)
    with pytest.raises(TimeoutError):
        inner.recv(1)
    inner.close()


def piece(stream: int, number: int) -> ChunkCopy:
    return ChunkCopy("records", stream, number, {"reward": np.full(4, 10 * stream + number, np.float32)})


def wait(ready: Callable[[], bool]) -> None:
    """Waits for another thread."""
    done = threading.Event()
    while not ready():
        done.wait(0.005)


def test_pieces_of_an_earlier_save_are_dropped() -> None:
    here, there = socket.socketpair()
    sent, feed = Connection(there), PieceFeed({1: Connection(here)}, {1: slice(2, 4)})
    taken: list[ChunkCopy] = []
    feed.begin(1)
    feed.start(taken.append, lambda: False)
    sent.send(ProcessMessage({"save": 1, "group": "records", "stream": 2, "number": 0}, piece(2, 0).arrays))
    wait(lambda: len(taken) == 1)
    feed.stop()
    feed.begin(2)
    feed.start(taken.append, lambda: False)
    send_pieces(sent, 1, [piece(2, 1), piece(3, 0)])
    assert not feed.ended
    send_pieces(sent, 2, [piece(2, 5), piece(9, 0)])
    wait(lambda: feed.ended)
    assert [(item.stream, item.number) for item in taken] == [(2, 0), (2, 5)], "stream 9 is of another process"
    np.testing.assert_array_equal(taken[1].arrays["reward"], 25)
    sent.close()
    here.close()
