"""Runs code of an environment and turns everything it raises into one clear `EnvError`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ...protocol import EnvError

#: Longest text of an error that a message repeats.
_LONGEST = 400
#: Colors of terminals, which some libraries put into their messages.
_COLORS = re.compile(r"\x1b\[[0-9;]*m")
#: Folder of this package, whose frames are not the cause of an error.
_OURS = str(Path(__file__).parents[3])


@contextmanager
def environment_code(what: str) -> Iterator[None]:
    """Converts errors of the code inside.

    Args:
      what: the action for the message, for example ``gym:CartPole-v1: step()``.

    Raises:
      EnvError: the code raised anything, ``SystemExit`` included; an `EnvError` stays as it is.
    """
    try:
        yield
    except EnvError:
        raise
    except (Exception, SystemExit) as error:
        raise EnvError(f"{what} raised {describe(error)}") from error


def describe(error: BaseException, *, place: bool = True) -> str:
    """Returns type, text and place of an error in one line."""
    try:
        text = " ".join(_COLORS.sub("", str(error)).split())
    except Exception:  # an error may fail to describe itself
        text = ""
    text = text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."
    return f"{type(error).__name__}{f': {text}' if text else ''}{_place(error) if place else ''}"


def _place(error: BaseException) -> str:
    """Returns file and line of the last frame outside of this package; empty without one."""
    found, frame = "", error.__traceback__
    while frame is not None:
        name = frame.tb_frame.f_code.co_filename
        if not name.startswith(_OURS):
            found = f" ({name}, line {frame.tb_lineno})" if Path(name).is_absolute() else ""
        frame = frame.tb_next
    return found
