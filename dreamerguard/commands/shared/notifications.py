"""Opens the notification channels of a command: those of ``--notify``, of the user's settings and of the project's."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

from dreamerguard.util.terminal import echo

from .errors import fail

if TYPE_CHECKING:
    from dreamerguard.notify.channel import Channel, Delivery
    from dreamerguard.notify.notifier import Notifier

MISSING = "notifications need the package apprise: pip install 'dreamerguard[notify]'"
#: Seconds for the check of the channels before the start.
_SECONDS = 20.0
#: Channels of one command.
_MOST = 10


def say(line: str) -> None:
    """Prints a line on standard error. A closed terminal raises no error."""
    try:
        echo(f"note: {line}", error=True)
    except (OSError, ValueError):
        return


def open_notifier(
    typed: Sequence[str],
    *,
    config_file: str | None = None,
    no_config: bool = False,
    approved: bool = False,
    remember: bool = False,
    tell: Callable[[str], None] = say,
) -> Notifier:
    """Returns a notifier for the channels of a command; one that does nothing if there are none.

    A fault in a typed channel ends the command; a channel of settings that cannot be used is left out with a note.

    Args:
      typed: the values of ``--notify``.
      config_file: the project's settings file, instead of the nearest one.
      no_config: whether to read no settings of a project.
      approved: whether the user approves of the project with this command.
      remember: whether sent states are kept for the next command.
      tell: prints one line for the user.

    Raises:
      CommandFailed: a typed channel or a settings file is not valid.
    """
    from dreamerguard.notify.notifier import Notifier

    channels = open_channels(typed, config_file=config_file, no_config=no_config, approved=approved, tell=tell)
    return Notifier(channels, tell, remember=remember)


def open_channels(
    typed: Sequence[str],
    *,
    config_file: str | None = None,
    no_config: bool = False,
    approved: bool = False,
    tell: Callable[[str], None] = say,
) -> list[Channel]:
    """Returns the channels of a command that can be used; see `open_notifier`."""
    from dreamerguard.notify.notifier import guard_notifies

    channels = _typed_channels(typed)
    if "off" not in typed and not guard_notifies():
        channels += _set_channels(config_file, no_config, approved, tell)
    unique = list({channel.template: channel for channel in reversed(channels)}.values())[::-1]
    if len(unique) > _MOST:
        fail(f"there are {len(unique)} notification channels; at most {_MOST} are used")
    return _usable(unique, tell)


def _typed_channels(typed: Sequence[str]) -> list[Channel]:
    from dreamerguard.notify.channel import Channel
    from dreamerguard.notify.hidden import OPTION

    found = [Channel(text, OPTION) for text in typed if text != "off"]
    for channel in found:
        if channel.mistake:
            fail(f"{OPTION} ({channel.name}): {channel.mistake}")
    return found


def _set_channels(
    config_file: str | None, no_config: bool, approved: bool, tell: Callable[[str], None]
) -> list[Channel]:
    """Returns the channels of the user's settings, and those of the project's if the user approves of it."""
    from dreamerguard.core.settings_files import NOTIFY, TRUSTED, find_settings, read_project_notify, read_user_settings
    from dreamerguard.core.source import SourceError
    from dreamerguard.notify.channel import Channel

    try:
        own = read_user_settings()
        file = None if no_config else Path(config_file) if config_file is not None else find_settings(Path())
        named = read_project_notify(file) if file is not None else ()
    except SourceError as error:
        fail(error.message)
    found = [Channel(text, str(own.file)) for text in own.notify]
    if named and file is not None and not (approved or own.trusts(file)):
        add = f": to approve it, add the folder to {TRUSTED} in {own.file}" if own.file is not None else ""
        tell(f"{NOTIFY} of {file} is not used{add}")
        named = ()
    return [*found, *(Channel(text, str(file)) for text in named)]


def _usable(channels: list[Channel], tell: Callable[[str], None]) -> list[Channel]:
    """Returns the channels that can be used: checked in processes of their own, with a time limit."""
    from dreamerguard.notify.hidden import OPTION

    if not channels:
        return []
    if importlib.util.find_spec("apprise") is None:
        if any(channel.origin == OPTION for channel in channels):
            fail(MISSING)
        tell(f"{MISSING}; the channels of the settings are not used")
        return []
    with ThreadPoolExecutor(len(channels)) as threads:
        checked = list(threads.map(_check, channels))
    found = []
    for channel, delivery in zip(channels, checked, strict=True):
        why = _why_not(channel, delivery)
        if delivery.late:
            tell(f"the channel {channel.name} (from {channel.origin}) could not be checked: {delivery.why}")
        elif why and channel.origin == OPTION:
            fail(f"{OPTION} ({channel.name}): {why}")
        elif why:
            tell(f"the channel {channel.name} (from {channel.origin}) is not used: {why}")
            continue
        found.append(channel)
    return found


def _check(channel: Channel) -> Delivery:
    from dreamerguard.notify.channel import Delivery, Message, deliver

    if channel.mistake:
        return Delivery(channel.mistake)
    return deliver(channel, Message("", ""), _SECONDS, check=True)


def _why_not(channel: Channel, delivery: Delivery) -> str:
    if not delivery.literal:
        return delivery.why
    from dreamerguard.notify.hidden import OPTION

    seen = "other users can see the command line" if channel.origin == OPTION else "the file may be shared"
    return f"the URL holds a secret, and {seen}: put it into an environment variable and write '${{VARIABLE}}'"
