"""How the processes of a run find each other, before anything is made.

Process 0 listens at the address that all were given; the others try to reach it until it does. Each says who it is and
how its run is configured. Process 0 checks that every number is there once and that all want the same run, and tells
all where JAX connects the devices.
"""

from __future__ import annotations

import json
import os
import socket
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from typing import Any

from ..base.share import Share
from .connection import Connection, ConnectionEnded
from .group import ProcessGroup
from .messages import ProcessMessage

#: Seconds for which a process waits for all others, and for which process 0 waits for a stranger's first message.
PATIENCE, _STRANGER = 300.0, 10.0
#: Bytes of the first message, and seconds between two tries to reach process 0.
_MOST, _AGAIN = 1 << 20, 0.2
_LOOPBACK = ("localhost", "127.0.0.1", "::1")
#: Kinds of connections.
_KINDS = ("control", "data")
_MOST_DIFFERENCES = 8

Say = Callable[[str], None]


class CannotJoin(Exception):
    """The processes did not find each other, or do not want the same. The message is for users."""


@dataclass(frozen=True, slots=True)
class Rendezvous:
    """Where the processes of a run meet.

    Attributes:
      host: host of process 0; port: its port.
      share: the number of this process, and of all.
    """

    host: str
    port: int
    share: Share

    @property
    def everywhere(self) -> bool:
        """Whether other machines may connect."""
        return self.host not in _LOOPBACK

    @property
    def name(self) -> str:
        """The address."""
        return f"{self.host}:{self.port}"


@dataclass
class Arrivals:
    """Who has connected to process 0.

    Attributes:
      sockets: connections by kind and number.
      names: host and process id by number.
    """

    sockets: dict[str, dict[int, Connection]] = field(default_factory=lambda: {kind: {} for kind in _KINDS})
    names: dict[int, str] = field(default_factory=dict)

    def missing(self, processes: int) -> list[int]:
        """Returns the numbers of the processes that have not connected."""
        return [n for n in range(1, processes) if any(n not in found for found in self.sockets.values())]


def join(place: Rendezvous, facts: Mapping[str, Any], say: Say, patience: float = PATIENCE) -> tuple[ProcessGroup, int]:
    """Waits until all processes have found each other.

    Args:
      place: where they meet.
      facts: what must be equal in all processes, by name: settings and versions.
      say: receives a line while this process waits.
      patience: seconds to wait.

    Returns:
      The group, and the port at which process 0 may start the service of jax.

    Raises:
      CannotJoin: a process is missing or there twice, or the processes want different runs.
    """
    return _lead(place, facts, say, patience) if place.share.leads else _follow(place, facts, say, patience)


def this_process() -> str:
    """Returns host and process id."""
    return f"{os.uname().nodename}, process id {os.getpid()}"


def free_port(everywhere: bool = False) -> int:
    """Returns a port that is free now."""
    with socket.create_server(("" if everywhere else "127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
    return port


def _lead(place: Rendezvous, facts: Mapping[str, Any], say: Say, patience: float) -> tuple[ProcessGroup, int]:
    processes = place.share.processes
    arrivals, until = Arrivals(), time.monotonic() + patience
    say(f"waiting for {processes - 1} more process{'' if processes == 2 else 'es'} at {place.name}")
    with _server(place) as server:
        while missing := arrivals.missing(processes):
            server.settimeout(max(until - time.monotonic(), 0.01))
            try:
                accepted, _ = server.accept()
            except TimeoutError:
                numbers = ", ".join(map(str, missing))
                text = f"of {processes} processes, these did not come to {place.name} in {patience:.0f} s: {numbers}"
                raise _refused(arrivals, text) from None
            if wrong := _admit(Connection(accepted), arrivals, processes, facts):
                raise _refused(arrivals, wrong)
    names = [this_process(), *(arrivals.names[number] for number in range(1, processes))]
    port = free_port(place.everywhere)
    for number, connection in arrivals.sockets["control"].items():
        try:
            connection.send(ProcessMessage({"names": names, "port": port}))
        except ConnectionEnded:
            raise _refused(arrivals, f"process {number} ({names[number]}) ended") from None
    return ProcessGroup(place.share, names, *(arrivals.sockets[kind] for kind in _KINDS)), port


def _server(place: Rendezvous) -> socket.socket:
    try:
        if place.everywhere:
            dual = socket.has_dualstack_ipv6()
            family = socket.AF_INET6 if dual else socket.AF_INET
            return socket.create_server(("", place.port), family=family, dualstack_ipv6=dual)
        return socket.create_server(("127.0.0.1", place.port))
    except OSError as error:
        raise CannotJoin(
            f"process 0 cannot listen at {place.name}: {error.strerror or error}; choose another port"
        ) from error


def _admit(connection: Connection, arrivals: Arrivals, processes: int, facts: Mapping[str, Any]) -> str:
    """Takes a connection. Returns why the processes cannot train together; a stranger's connection is dropped."""
    try:
        connection.wait_at_most(_STRANGER)
        said = connection.receive(_MOST).numbers
        number, kind, name = said["process"], said["kind"], str(said["name"])[:200]
        known = kind in _KINDS and isinstance(number, int)
    except (ConnectionEnded, TimeoutError, KeyError):
        connection.close()
        return ""
    if not known:
        connection.close()
        return ""
    connection.wait_at_most(None)
    if not 0 < number < processes or said.get("processes") != processes:
        wrong = f"{name} is process {number} of {said.get('processes')}, but this is the run of {processes} processes"
    elif number in arrivals.sockets[kind]:
        wrong = f"two processes have the number {number}: {arrivals.names[number]}, and {name}"
    else:
        wrong = _different(number, name, facts, said.get("facts"))
    with suppress(ConnectionEnded):
        connection.send(ProcessMessage({"refused": wrong} if wrong else {"taken": True}))
    if wrong:
        connection.close()
    else:
        arrivals.sockets[kind][number], arrivals.names[number] = connection, name
    return wrong


def _different(number: int, name: str, mine: Mapping[str, Any], theirs: Any) -> str:
    theirs, mine = theirs if isinstance(theirs, dict) else {}, json.loads(json.dumps(dict(mine)))
    keys = [key for key in sorted(mine.keys() | theirs.keys()) if mine.get(key) != theirs.get(key)]
    if not keys:
        return ""
    lines = [f"  {key}: {mine.get(key)} in process 0, {theirs.get(key)} there" for key in keys[:_MOST_DIFFERENCES]]
    return f"process {number} ({name}) would train another run; give all processes the same settings:\n" + "\n".join(
        lines
    )


def _refused(arrivals: Arrivals, text: str) -> CannotJoin:
    """Tells those who have come why there is no run, and ends their connections."""
    for connection in arrivals.sockets["control"].values():
        with suppress(ConnectionEnded):
            connection.send(ProcessMessage({"refused": text}))
    for found in arrivals.sockets.values():
        for connection in found.values():
            connection.close()
    return CannotJoin(text)


def _follow(place: Rendezvous, facts: Mapping[str, Any], say: Say, patience: float) -> tuple[ProcessGroup, int]:
    until = time.monotonic() + patience
    say(f"looking for process 0 at {place.name}")
    with ExitStack() as failing:
        control = _connected(place, "control", facts, until, patience)
        failing.callback(control.close)
        try:
            data = _connected(place, "data", facts, time.monotonic() + _STRANGER, _STRANGER)
        except CannotJoin:
            _answer(place, control, _STRANGER)  # if process 0 has refused another one, it says so here
            raise
        failing.callback(data.close)
        answer = _answer(place, control, max(until - time.monotonic(), 0.0) + _STRANGER)
        failing.pop_all()
    return ProcessGroup(place.share, answer["names"], {0: control}, {0: data}), int(answer["port"])


def _connected(place: Rendezvous, kind: str, facts: Mapping[str, Any], until: float, patience: float) -> Connection:
    """Connects with process 0, which takes the connection or refuses this process."""
    connection = Connection(_reach(place, until, patience))
    hello = {"process": place.share.process, "processes": place.share.processes, "kind": kind}
    try:
        with suppress(ConnectionEnded):  # the answer says why
            connection.send(ProcessMessage({**hello, "name": this_process(), "facts": dict(facts)}))
        _answer(place, connection, _STRANGER)
    except CannotJoin:
        connection.close()
        raise
    return connection


def _answer(place: Rendezvous, control: Connection, seconds: float) -> Mapping[str, Any]:
    """Waits for what process 0 says: that this connection is taken, and later that all have come."""
    try:
        control.wait_at_most(seconds)
        answer = control.receive(_MOST).numbers
        control.wait_at_most(None)
    except (ConnectionEnded, TimeoutError):
        raise CannotJoin(f"process 0 at {place.name} ended, or is not process 0 of this run") from None
    if "refused" in answer:
        raise CannotJoin(str(answer["refused"]))
    return answer


def _reach(place: Rendezvous, until: float, patience: float) -> socket.socket:
    while True:
        try:
            reached = socket.create_connection((place.host, place.port), timeout=5.0)
            reached.settimeout(None)
            return reached
        except OSError as error:
            if time.monotonic() >= until:
                reason = error.strerror or error
                raise CannotJoin(f"process 0 was not reached at {place.name} in {patience:.0f} s: {reason}") from error
            time.sleep(_AGAIN)
