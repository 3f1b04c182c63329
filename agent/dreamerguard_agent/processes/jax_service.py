"""Connects the devices of all processes by ``jax.distributed``.

JAX ends a process with a stack trace as soon as its connection to process 0 ends, before Python can say why. So every
other process reaches process 0 through `KeptOpen`, which keeps the connection open when the other side ends: the end of
a process is noticed by its `ProcessGroup`.
"""

from __future__ import annotations

import os
import socket
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress

import jax
import numpy as np

from ..base.share import Share

#: Seconds without a sign of life after which JAX gives up a process; the connections of the group notice it earlier.
_HEARTBEAT = 600
#: Seconds for which a process that ends waits for the others to end too.
_SHUTDOWN = 20
_BUFFER = 1 << 16


class KeptOpen:
    """Forwards connections to another address, and keeps them open when the other side ends.

    Args:
      host: the other host; port: its port.

    Attributes:
      address: where to connect to instead, ``HOST:PORT``.
    """

    def __init__(self, host: str, port: int) -> None:
        self._to = host, port
        self._server = socket.create_server(("127.0.0.1", 0))
        self._kept: list[socket.socket] = []
        self.address = f"127.0.0.1:{self._server.getsockname()[1]}"
        threading.Thread(target=self._accept, name="jax service", daemon=True).start()

    def _accept(self) -> None:
        while True:
            inner, _ = self._server.accept()
            self._kept.append(inner)
            try:
                outer = socket.create_connection(self._to)
            except OSError:
                continue
            self._kept.append(outer)
            for source, target in ((inner, outer), (outer, inner)):
                threading.Thread(target=_pump, args=(source, target), name="jax service", daemon=True).start()


def _pump(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(_BUFFER):
            target.sendall(data)


def connect_devices(share: Share, host: str, port: int, *, everywhere: bool, local: Sequence[int] | None) -> None:
    """Connects the devices of this process with those of the others. Call it before jax is asked for devices.

    Args:
      share: the number of this process, and of all.
      host: host of process 0.
      port: a free port there, for jax.
      everywhere: whether process 0 accepts connections from other machines.
      local: numbers of the accelerators that this process uses; None for all.
    """
    jax.config.update("jax_enable_preemption_service", False)  # it takes SIGTERM away from the run, and stops nothing
    address = f"127.0.0.1:{port}" if share.leads else KeptOpen(host, port).address
    jax.distributed.initialize(
        address,
        share.processes,
        share.process,
        local_device_ids=local,
        cluster_detection_method="deactivate",
        coordinator_bind_address=f"{'[::]' if everywhere else '127.0.0.1'}:{port}",
        heartbeat_timeout_seconds=_HEARTBEAT,
        shutdown_timeout_seconds=_SHUTDOWN,
    )


def disconnect_devices() -> None:
    """Ends the service of jax, in all processes at the same time; nothing is computed any more."""
    jax.distributed.shutdown()


def check_devices(devices: Sequence[jax.Device]) -> None:
    """Adds numbers on all devices, so that a connection that does not work is noticed before a compilation.

    On a CPU the first computation of all processes prints to the standard output, from C++; that is dropped.
    """
    mesh = jax.sharding.Mesh(np.asarray(devices), ("batch",))
    parts, everywhere = (
        jax.sharding.NamedSharding(mesh, spec)
        for spec in (jax.sharding.PartitionSpec("batch"), jax.sharding.PartitionSpec())
    )
    local = [device for device in devices if device.process_index == jax.process_index()]
    ones = [jax.device_put(np.ones(1, np.float32), device) for device in local]
    whole = jax.make_array_from_single_device_arrays((len(devices),), parts, ones)
    with _without_output():
        total = jax.device_get(jax.jit(lambda values: values.sum(), out_shardings=everywhere)(whole))
    assert float(total) == len(devices)


@contextmanager
def _without_output() -> Iterator[None]:
    sys.stdout.flush()
    kept, nowhere = os.dup(1), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 1)
        yield
    finally:
        os.dup2(kept, 1)
        os.close(kept)
        os.close(nowhere)
