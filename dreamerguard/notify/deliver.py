"""Sends one message through one channel: a program of its own that imports nothing of this package.

It reads a JSON object from standard input, so that no process list shows it: ``template``, ``title``, ``body``,
``kind``, and ``check`` to send nothing. It fills in the secrets itself, from the environment or the keyring, and
answers with one JSON line: ``ok``, ``why`` (without secrets) and ``literal``: whether the template holds a secret.
"""

from __future__ import annotations

import json
import logging
import os
import re
import sys
from collections.abc import Mapping
from contextlib import suppress
from typing import Any
from urllib.parse import quote

#: ``${NAME}`` names an environment variable, ``${keyring:NAME}`` an entry of the keyring.
PLACEHOLDER = re.compile(r"\$\{(keyring:)?([^{}]*)\}")
VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
#: Service of the entries in the keyring.
SERVICE = "dreamerguard"
#: Seconds after which the process ends by itself, in case nobody ends it.
_LONGEST = 60
#: A password, or a header of a webhook, as text.
_PASSWORD = re.compile(r"://[^/?#]*:(?!\$\{)[^@/?#]+@|[?&](\+|%2[bB]|-|%2[dD])[^=&]*=(?!\$\{)")
_STATUS = re.compile(r"error=(\d{3})\b|\b([45]\d\d)\b")


class Unusable(Exception):
    """The channel cannot be used. The message holds no secret."""


def fill(template: str, environment: Mapping[str, str]) -> str:
    """Returns the URL of a channel. Values inside a URL are percent-encoded, a value that is the whole URL is not.

    Raises:
      Unusable: a variable or an entry of the keyring is missing.
    """
    whole = PLACEHOLDER.fullmatch(template)
    if whole is not None:
        return _value(whole, environment).strip()
    parts, at = [], 0
    for found in PLACEHOLDER.finditer(template):
        rest = re.split(r"[/?#]", template[found.end() :], maxsplit=1)[0]
        parts += [template[at : found.start()], quote(_value(found, environment), safe="" if "@" in rest else "/")]
        at = found.end()
    return "".join((*parts, template[at:]))


def _value(found: re.Match[str], environment: Mapping[str, str]) -> str:
    name = found[2]
    if not found[1]:
        value = environment.get(name, "")
        if not value:
            raise Unusable(f"the environment variable {name} is not set")
        return value
    try:
        import keyring
    except ImportError:
        raise Unusable("${keyring:...} needs the package keyring: pip install keyring") from None
    try:
        secret = keyring.get_password(SERVICE, name)
    except Exception as error:  # a keyring that is locked, or no keyring
        raise Unusable(f"the keyring cannot be read: {type(error).__name__}") from None
    if not secret:
        raise Unusable(f"the keyring has no entry {name!r}: keyring set {SERVICE} {name}")
    return str(secret)


class _Reasons(logging.Handler):
    """Keeps why a delivery failed. Of a message of apprise, only a status code is used: it may hold the URL."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.why = "it was not delivered"

    def emit(self, record: logging.LogRecord) -> None:
        """Reads one record."""
        text = record.getMessage()
        if "error=" in text and (found := _STATUS.search(text)) is not None:
            self.why = f"the server answered {found[1] or found[2]}"
        elif "onnection error" in text:
            self.why = "no connection to the server, or no answer in time"


def send(template: str, title: str, body: str, kind: str, *, check: bool) -> dict[str, Any]:
    """Sends a message, or only checks the channel. Returns ``ok``, ``why`` and ``literal``."""
    try:
        import apprise
    except ImportError:
        return {"ok": False, "why": "apprise is not installed: pip install 'dreamerguard[notify]'", "literal": False}
    try:
        url = fill(template, os.environ)
    except Unusable as error:
        return {"ok": False, "why": str(error), "literal": False}
    reasons = _Reasons()
    apprise.logger.addHandler(reasons)
    apprise.logger.propagate = False
    # A redirected POST becomes a GET without the message, which the page behind it answers with 200.
    asset = apprise.AppriseAsset(app_id="DreamerGuard", app_desc="DreamerGuard", async_mode=False, http_redirects=False)
    service = apprise.Apprise.instantiate(url, asset=asset, suppress_exceptions=True)
    if service is None:
        return {"ok": False, "why": "it is no URL that apprise can use", "literal": False}
    masked = PLACEHOLDER.search(template) is None and service.url(privacy=True) != service.url(privacy=False)
    literal = bool(masked or _PASSWORD.search(template))
    if check:
        return {"ok": True, "why": "", "literal": literal}
    channels = apprise.Apprise(asset=asset)
    channels.add(service)
    # An empty body is refused.
    done = channels.notify(title=title, body=body or title, notify_type=kind, body_format=apprise.NotifyFormat.TEXT)
    return {"ok": bool(done), "why": "" if done else reasons.why, "literal": literal}


def main() -> None:
    """Reads the request, and writes the answer where only the caller reads it: nothing else may print there."""
    answer = os.dup(1)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    if hasattr(os, "nice"):
        with suppress(OSError):
            os.nice(5)
    _end_by_itself()
    request = json.loads(sys.stdin.buffer.read())
    try:
        found = send(
            request["template"], request["title"], request["body"], request["kind"], check=bool(request["check"])
        )
    except Exception as error:  # its text may hold the URL
        found = {"ok": False, "why": f"apprise failed with {type(error).__name__}", "literal": False}
    os.write(answer, json.dumps(found).encode() + b"\n")
    os._exit(0)  # a thread of a library must not hold the process


def _end_by_itself() -> None:
    import signal

    if hasattr(signal, "alarm"):
        signal.alarm(_LONGEST)


if __name__ == "__main__":
    main()
