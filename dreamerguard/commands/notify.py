"""``dreamerguard notify``: sends one message, to test the channels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from dreamerguard.commands.shared.errors import fail
from dreamerguard.util.terminal import echo

if TYPE_CHECKING:
    from dreamerguard.notify.channel import Channel


def notify(
    urls: Annotated[
        list[str] | None,
        typer.Argument(
            help="URLs of apprise, or '${VARIABLE}'; by default the channels of the settings.", metavar="[URL...]"
        ),
    ] = None,
    message: Annotated[str, typer.Option("--message", help="Text to send.")] = "This is a test.",
) -> None:
    """Send one test message to each channel, as watch, guard and train would.

    Exit code 0: every channel took it; 1: one did not; 2: wrong usage, or there is no channel.
    """
    from dreamerguard.commands.shared.notifications import open_channels

    channels = open_channels(["off", *urls] if urls else [])
    if not channels:
        fail("there is no channel: give a URL, or set notify in your own settings; see docs/watching.md")
    results = [_send(channel, message) for channel in channels]
    raise typer.Exit(0 if all(results) else 1)


def _send(channel: Channel, text: str) -> bool:
    import socket

    from dreamerguard.notify.channel import Message, deliver
    from dreamerguard.notify.outbox import SendLimits, combine

    message = combine([Message("dreamerguard: test", f"{text}\nsent from {socket.gethostname()}")])
    why = deliver(channel, message, SendLimits().seconds).why
    echo(f"{channel.name} (from {channel.origin}): {why or 'sent'}", error=bool(why))
    return not why
