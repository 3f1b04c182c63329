"""A notification channel: a URL of apprise that may name variables, and one delivery through it."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from .deliver import PLACEHOLDER, VARIABLE

_PROGRAM = Path(__file__).with_name("deliver.py")

#: Kinds of messages, as apprise names them.
Kind = Literal["info", "success", "warning", "failure"]


@dataclass(frozen=True, slots=True)
class Message:
    """A message.

    Attributes:
      title: one line.
      body: lines of text.
      kind: its kind, which some services show as a colour.
    """

    title: str
    body: str
    kind: Kind = "info"


@dataclass(frozen=True, slots=True)
class Channel:
    """A channel.

    Attributes:
      template: a URL of apprise; ``${NAME}`` stands for an environment variable, ``${keyring:NAME}`` for an entry of
        the keyring.
      origin: the option or the file that names it.
    """

    template: str
    origin: str

    @property
    def name(self) -> str:
        """The channel for people, without secrets: the kind of service, or the variables."""
        scheme = re.match(r"([A-Za-z0-9]{1,20})://", self.template)
        variables = [found[0] for found in PLACEHOLDER.finditer(self.template)]
        return scheme[1].lower() if scheme else variables[0] if variables else "URL"

    @property
    def shown(self) -> str:
        """The template, if only variables can hold a secret; otherwise only the kind of service."""
        return self.template if PLACEHOLDER.search(self.template) else f"{self.name}://***"

    @property
    def mistake(self) -> str:
        """Why the template cannot be read; empty if it can."""
        for found in PLACEHOLDER.finditer(self.template):
            if not found[2] or (not found[1] and not VARIABLE.fullmatch(found[2])):
                return "a name in ${...} must be an environment variable, or keyring:NAME"
        if "${" in PLACEHOLDER.sub("", self.template):
            return "a ${ has no end"
        return "" if self.template.strip() else "it is empty"


@dataclass(frozen=True, slots=True)
class Delivery:
    """The outcome of a delivery or a check: ``why`` is empty if it succeeded; ``literal``: a secret stands in the URL.

    ``late`` says that there was no answer within the time limit.
    """

    why: str = ""
    literal: bool = False
    late: bool = False


def deliver(
    channel: Channel,
    message: Message,
    seconds: float,
    *,
    check: bool = False,
    started: Callable[[Callable[[], None]], None] = lambda end: None,
) -> Delivery:
    """Sends a message in a process of its own and waits for its end. Never raises for a fault of the channel.

    Args:
      channel: where to send it.
      message: what to send.
      seconds: time limit; the process is then killed.
      check: whether to send nothing and only check the channel.
      started: gets a function that kills the process.
    """
    request = {"template": channel.template, "check": check, "kind": message.kind}
    request |= {"title": message.title, "body": message.body}
    # -P: a file of the current folder, for example apprise.py, must not be imported in place of the library.
    command = [sys.executable, "-P", str(_PROGRAM)]
    try:
        process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            start_new_session=os.name == "posix",
        )  # fmt: skip
    except OSError as error:
        return Delivery(f"no process can be started: {error.strerror or error}")
    started(lambda: _kill(process))
    try:
        out, _ = process.communicate(json.dumps(request).encode(), timeout=seconds)
    except subprocess.TimeoutExpired:
        _kill(process)
        process.communicate()
        return Delivery(f"no answer within {seconds:g} s", late=True)
    except OSError:
        _kill(process)
        process.wait()
        return Delivery("the process that sends it ended early")
    return _answer(out)


def _answer(out: bytes) -> Delivery:
    try:
        found = json.loads(out)
        why, literal = str(found["why"]), bool(found["literal"])
        return Delivery(why if not found["ok"] else "", literal)
    except (ValueError, KeyError, TypeError):
        return Delivery("the process that sends it ended early")


def _kill(process: subprocess.Popen[bytes]) -> None:
    with suppress(OSError):
        if os.name == "posix" and process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
