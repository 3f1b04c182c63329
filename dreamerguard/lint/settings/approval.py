"""Whether the code that a settings file names may run: only with the user's explicit approval.

A clone belongs to the user who made it, so the owner of the files says nothing. Approval is ``--allow-local-rules``, or
a folder in the user's own settings, ``$XDG_CONFIG_HOME/dreamerguard/config.toml``:

    trusted-folders = ["~/work/our-lab"]

Without it the settings apply and the code does not run.
"""

from __future__ import annotations

import os
import sys
import tomllib
from dataclasses import replace
from pathlib import Path

from dreamerguard.core.source import SourceError
from dreamerguard.util.user_cache import is_ours

from .model import Settings, read_bytes

_KEY = "trusted-folders"


def withhold(settings: Settings, *, allowed: bool) -> Settings:
    """Returns the settings without the code that they name, unless it is approved.

    Args:
      settings: as read from a settings file.
      allowed: whether the user approves with this command.

    Raises:
      SourceError: the user's own settings cannot be read.
    """
    if allowed or settings.file is None or not (settings.local_rules or settings.plugins):
        return settings
    own = user_settings_file()
    trusted = _trusted(own) if own is not None else ()
    needed = (settings.file, *settings.local_rules)
    if trusted and all(any(path.resolve().is_relative_to(folder) for folder in trusted) for path in needed):
        return settings
    names = " and ".join(name for name, value in _code(settings) if value)
    add = f", or add the folder to {_KEY} in {own}" if own is not None else ""
    why = "they are code of its folder; if you trust it, use --allow-local-rules"
    text = f"{names} of {settings.file} not run: {why}{add}"
    return replace(settings, local_rules=(), plugins=(), withheld=text)


def user_settings_file() -> Path | None:
    """Returns the path of the user's own settings, which need not exist; None if the system names no such folder."""
    given = os.environ.get("XDG_CONFIG_HOME", "")
    if not os.path.isabs(given):  # noqa: PTH117 - a relative one is not valid
        home = os.path.expanduser("~")  # noqa: PTH111 - it does not raise
        given = os.environ.get("APPDATA", "") if sys.platform == "win32" else os.path.join(home, ".config")  # noqa: PTH118
    return Path(given) / "dreamerguard" / "config.toml" if os.path.isabs(given) else None  # noqa: PTH117


def _code(settings: Settings) -> tuple[tuple[str, bool], ...]:
    return ("local-rules", bool(settings.local_rules)), ("plugins", bool(settings.plugins))


def _trusted(file: Path) -> tuple[Path, ...]:
    """Returns the trusted folders, without links in their paths."""
    try:
        status = file.stat()
    except OSError:
        return ()
    if not is_ours(status):
        raise SourceError(f"{file} can be changed by other users, so it approves nothing; run chmod go-w on it")
    try:
        data = tomllib.loads(read_bytes(file).decode("utf-8-sig"))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        raise SourceError(f"{file} is not TOML: {error}") from error
    unknown = sorted(set(data) - {_KEY})
    if unknown:
        raise SourceError(f"{file}: there is no setting {unknown[0]!r}; it holds {_KEY}")
    folders = data.get(_KEY, [])
    if not isinstance(folders, list) or not all(isinstance(item, str) for item in folders):
        raise SourceError(f"{file}: {_KEY} must be a list of folders")
    return tuple(_folder(file, item) for item in folders)


def _folder(file: Path, text: str) -> Path:
    try:
        path = Path(text).expanduser()
    except RuntimeError:
        path = Path(text)
    if not path.is_absolute():
        raise SourceError(f"{file}: {_KEY}: {text!r} must be an absolute path, or begin with ~")
    return path.resolve()
