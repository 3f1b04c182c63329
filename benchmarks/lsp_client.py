"""A small client of the Language Server Protocol over the standard streams of a server process, for measurements."""

from __future__ import annotations

import json
import subprocess
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from queue import Empty, Queue
from typing import Any


class LspClient:
    """Starts a server and speaks with it.

    Args:
      command: starts the server.
      folder: the workspace.
      seconds: how long to wait for a message at most.
    """

    def __init__(self, command: Sequence[str], folder: Path, seconds: float = 60.0) -> None:
        self.seconds = seconds
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=folder)
        self._received: Queue[tuple[float, dict[str, Any]]] = Queue()
        self._number = 0
        threading.Thread(target=self._read, daemon=True).start()
        capabilities = {"textDocument": {"publishDiagnostics": {"versionSupport": True, "relatedInformation": True}}}
        uri = folder.resolve().as_uri()
        self.initialized = self.request(
            "initialize",
            {
                "processId": None,
                "rootUri": uri,
                "workspaceFolders": [{"uri": uri, "name": folder.name}],
                "capabilities": capabilities,
            },
        )
        self.notify("initialized", {})

    def _read(self) -> None:
        stream = self.process.stdout
        assert stream is not None
        while True:
            length = 0
            while (line := stream.readline()).strip():
                name, _, value = line.partition(b":")
                length = int(value) if name.lower() == b"content-length" else length
            if not line:
                return
            data = stream.read(length)
            self._received.put((time.perf_counter(), json.loads(data)))

    def _send(self, message: dict[str, Any]) -> float:
        data = json.dumps({"jsonrpc": "2.0", **message}).encode()
        stream = self.process.stdin
        assert stream is not None
        start = time.perf_counter()
        stream.write(b"Content-Length: %d\r\n\r\n" % len(data) + data)
        stream.flush()
        return start

    def notify(self, method: str, params: Any) -> float:
        """Sends a notification. Returns the time at which it was sent, of `time.perf_counter`."""
        return self._send({"method": method, "params": params})

    def request(self, method: str, params: Any) -> Any:
        """Sends a request and returns its result."""
        self._number += 1
        number = self._number
        self._send({"id": number, "method": method, "params": params})
        _, message = self.wait(lambda item: item.get("id") == number and "method" not in item)
        if "error" in message:
            raise RuntimeError(message["error"])
        return message["result"]

    def wait(self, fits: Callable[[dict[str, Any]], bool]) -> tuple[float, dict[str, Any]]:
        """Returns the first message that fits, with the time of its arrival; others are dropped.

        Raises:
          TimeoutError: none came.
        """
        while True:
            try:
                arrived, message = self._received.get(timeout=self.seconds)
            except Empty:
                raise TimeoutError("the server sent no such message") from None
            if fits(message):
                return arrived, message

    def diagnostics(self, uri: str, version: int) -> tuple[float, dict[str, Any]]:
        """Returns the next diagnostics of a version of a document."""

        def fits(message: dict[str, Any]) -> bool:
            params = message.get("params") or {}
            named = message.get("method") == "textDocument/publishDiagnostics" and params.get("uri") == uri
            return named and params.get("version") == version

        return self.wait(fits)

    def settle(self, seconds: float) -> None:
        """Waits until the server has sent nothing for some seconds; what it sent is dropped."""
        while True:
            try:
                self._received.get(timeout=seconds)
            except Empty:
                return

    def cpu_seconds(self) -> float:
        """Returns the CPU time of all threads of the server so far; NaN where the system does not tell."""
        try:
            threads = Path(f"/proc/{self.process.pid}/task").glob("*/schedstat")
            return sum(int(path.read_text(encoding="utf-8").split()[0]) for path in threads) / 1e9
        except OSError:
            return float("nan")

    def peak_megabytes(self) -> float:
        """Returns the largest resident set of the server's process so far; NaN where the system does not tell."""
        try:
            status = Path(f"/proc/{self.process.pid}/status").read_text(encoding="utf-8")
        except OSError:
            return float("nan")
        line = next(line for line in status.split("\n") if line.startswith("VmHWM:"))
        return int(line.split()[1]) / 1024

    def end(self) -> int:
        """Ends the server, and returns its exit code."""
        self.request("shutdown", None)
        self.notify("exit", None)
        return self.process.wait(timeout=self.seconds)
