"""Finds and reads settings files: those of a project, and the user's own file, which alone can approve a project.

The user's own settings, ``$XDG_CONFIG_HOME/dreamerguard/config.toml``:

    trusted-folders = ["~/work/our-lab"]
    notify = ["${SLACK_URL}"]
"""

from __future__ import annotations

import os
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from dreamerguard.util.fast_dataclass import dataclass
from dreamerguard.util.user_cache import is_ours

from .source import SourceError

#: Names of a project's settings file, the first one first.
NAMES = ("dreamerguard.toml", "pyproject.toml")
#: Size limit of a settings file. A real one has a few kilobytes.
MAX_BYTES = 1 << 20
#: Settings of the user's own file.
TRUSTED, NOTIFY = "trusted-folders", "notify"


@dataclass(frozen=True, slots=True)
class UserSettings:
    """The user's own settings.

    Attributes:
      file: the file, which need not exist; None if the system names no folder for it.
      trusted: folders that the user trusts, without links in their paths.
      notify: notification channels, as written.
    """

    file: Path | None = None
    trusted: tuple[Path, ...] = ()
    notify: tuple[str, ...] = ()

    def trusts(self, *paths: Path) -> bool:
        """Returns whether all paths lie in trusted folders."""
        resolved = [path.resolve() for path in paths]
        return bool(self.trusted) and all(
            any(path.is_relative_to(folder) for folder in self.trusted) for path in resolved
        )


def find_settings(folder: Path) -> Path | None:
    """Returns the nearest settings file. The search ends at the repository's root; files above have no effect."""
    for parent in _upwards(folder):
        for name in NAMES:
            path = parent / name
            if path.is_file() and (name == NAMES[0] or b"tool.dreamerguard" in _start(path)):
                return path
        if (parent / ".git").exists():
            return None
    return None


def read_bytes(path: Path) -> bytes:
    """Reads the content of a settings file.

    Raises:
      SourceError: it cannot be read, or is too large.
    """
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise SourceError(f"cannot read the settings {str(path)!r}: {error.strerror}") from error
    if len(data) > MAX_BYTES:
        raise SourceError(f"{path} is larger than 1 MiB; a settings file must be smaller")
    return data


def read_project_notify(path: Path) -> tuple[str, ...]:
    """Returns the notification channels in a project's settings file, as written.

    Raises:
      SourceError: the file is not valid.
    """
    data = _read_toml(path)
    if path.name == "pyproject.toml":
        tool = data.get("tool", {})
        data = tool.get("dreamerguard", {}) if isinstance(tool, dict) else {}
    return _texts(path, data if isinstance(data, dict) else {}, NOTIFY, "a list of URLs")


def user_settings_file() -> Path | None:
    """Returns the path of the user's own settings, which need not exist; None if the system names no such folder."""
    given = os.environ.get("XDG_CONFIG_HOME", "")
    if not os.path.isabs(given):  # noqa: PTH117 - a relative one is not valid
        home = os.path.expanduser("~")  # noqa: PTH111 - it does not raise
        given = os.environ.get("APPDATA", "") if sys.platform == "win32" else os.path.join(home, ".config")  # noqa: PTH118
    return Path(given) / "dreamerguard" / "config.toml" if os.path.isabs(given) else None  # noqa: PTH117


def read_user_settings() -> UserSettings:
    """Returns the user's own settings; the defaults if there is no such file.

    Raises:
      SourceError: the file is not valid, or other users can change it.
    """
    file = user_settings_file()
    try:
        status = file.stat() if file is not None else None
    except OSError:
        status = None
    if file is None or status is None:
        return UserSettings(file)
    if not is_ours(status):
        raise SourceError(f"{file} can be changed by other users, so it approves nothing; run chmod go-w on it")
    data = _read_toml(file)
    unknown = sorted(set(data) - {TRUSTED, NOTIFY})
    if unknown:
        raise SourceError(f"{file}: there is no setting {unknown[0]!r}; it holds {TRUSTED} and {NOTIFY}")
    trusted = tuple(_folder(file, item) for item in _texts(file, data, TRUSTED, "a list of folders"))
    return UserSettings(file, trusted, _texts(file, data, NOTIFY, "a list of URLs"))


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(read_bytes(path).decode("utf-8-sig"))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        raise SourceError(f"{path} is not TOML: {error}") from error


def _texts(path: Path, data: dict[str, Any], key: str, what: str) -> tuple[str, ...]:
    found = data.get(key, [])
    if not isinstance(found, list) or not all(isinstance(item, str) for item in found):
        raise SourceError(f"{path}: {key} must be {what}")
    return tuple(found)


def _folder(file: Path, text: str) -> Path:
    try:
        path = Path(text).expanduser()
    except RuntimeError:
        path = Path(text)
    if not path.is_absolute():
        raise SourceError(f"{file}: {TRUSTED}: {text!r} must be an absolute path, or begin with ~")
    return path.resolve()


def _upwards(folder: Path) -> Iterator[Path]:
    here = folder.resolve()
    yield here
    yield from here.parents


def _start(path: Path) -> bytes:
    try:
        with path.open("rb") as stream:
            return stream.read(MAX_BYTES)
    except OSError:
        return b""
