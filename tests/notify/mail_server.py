"""A web server in the test process that takes the messages of ``json://``, never answers, or answers with an error."""

from __future__ import annotations

import http.server
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

#: Seconds that only a program that hangs reaches.
SAFETY = 120.0


class Received:
    """What the server got.

    Attributes:
      port: its port.
      messages: bodies, in order, each with its ``path`` and the header ``authorization``.
    """

    def __init__(self) -> None:
        self.port = 0
        self.messages: list[dict[str, Any]] = []
        self.changed = threading.Condition()
        self.released = threading.Event()

    def url(self, path: str = "ok", user: str = "") -> str:
        return f"json://{user}127.0.0.1:{self.port}/{path}"

    @property
    def titles(self) -> list[str]:
        return [str(message["title"]) for message in self.messages]

    def wait(self, count: int) -> None:
        """Waits for so many messages."""
        with self.changed:
            assert self.changed.wait_for(lambda: len(self.messages) >= count, SAFETY), self.messages

    def handler(self) -> type[http.server.BaseHTTPRequestHandler]:
        received = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self._answer(200)

            def do_POST(self) -> None:
                text = self.rfile.read(int(self.headers["Content-Length"]))
                message = json.loads(text) | {"path": self.path, "authorization": self.headers["Authorization"]}
                with received.changed:
                    received.messages.append(message)
                    received.changed.notify_all()
                if "/hang" in self.path:
                    received.released.wait(SAFETY)
                elif "/drip" in self.path:
                    self._drip()
                else:
                    self._answer(500 if "/500" in self.path else 302 if "/302" in self.path else 200)

            def _answer(self, code: int) -> None:
                self.send_response(code)
                if code == 302:
                    self.send_header("Location", "/ok")
                self.end_headers()

            def _drip(self) -> None:
                self.send_response(200)
                self.send_header("Content-Length", "1000000")
                self.end_headers()
                while not received.released.is_set():
                    try:
                        self.wfile.write(b"x")
                        self.wfile.flush()
                    except OSError:
                        return
                    time.sleep(0.2)

            def log_message(self, *_: object) -> None:
                """Prints nothing."""

        return Handler


@contextmanager
def mail_server() -> Iterator[Received]:
    """Serves until the end of the block."""
    received = Received()
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), received.handler())
    server.daemon_threads = True
    received.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield received
    finally:
        received.released.set()
        server.shutdown()
        server.server_close()
        thread.join()
