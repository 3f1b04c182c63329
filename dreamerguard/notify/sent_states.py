"""Which states of which runs were sent, so that each is sent once; also by the next command, from the user's cache."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dreamerguard.util.regular_files import read_regular
from dreamerguard.util.replace_file import replace_file
from dreamerguard.util.user_cache import OFF, cache_folder, is_ours, remove_oldest

_MOST_FILES, _MOST_BYTES, _LARGEST = 1000, 4 << 20, 64 << 10


@dataclass(slots=True)
class _Sent:
    keys: set[str] = field(default_factory=set)
    frames: float = 0.0


class SentStates:
    """The states that were sent, by run. A run whose log is shorter than before has started again: nothing was sent.

    Args:
      remember: whether they are kept in the user's cache.
    """

    def __init__(self, remember: bool) -> None:
        self._folder = cache_folder("notified") if remember and not os.environ.get(OFF) else None
        self._runs: dict[str, _Sent] = {}
        self._unsaved: set[str] = set()

    def known(self, run: Path | str, frames: float = 0.0) -> Collection[str]:
        """Returns the keys that were sent for a run.

        Args:
          run: its directory, or another name.
          frames: frames of its log; 0 if unknown.
        """
        name = os.path.realpath(run)
        if name not in self._runs:
            self._runs[name] = self._read(name)
        sent = self._runs[name]
        if frames and frames < sent.frames:
            sent = self._runs[name] = _Sent()
        return sent.keys

    def add(self, run: Path | str, key: str, frames: float) -> None:
        """Notes that a state was sent."""
        self.known(run)
        name = os.path.realpath(run)
        sent = self._runs[name]
        sent.keys.add(key)
        sent.frames = max(sent.frames, frames)
        self._unsaved.add(name)

    def save(self) -> None:
        """Writes what is new into the cache, if states are kept there."""
        if self._folder is None:
            return
        for name in self._unsaved:
            with suppress(OSError):
                self._write(self._folder, name, self._runs[name])
        self._unsaved.clear()

    def _path(self, folder: Path, name: str) -> Path:
        return folder / f"{hashlib.sha256(name.encode(errors='surrogateescape')).hexdigest()[:40]}.json"

    def _read(self, name: str) -> _Sent:
        if self._folder is None:
            return _Sent()
        path = self._path(self._folder, name)
        try:
            if not is_ours(path.stat()):
                return _Sent()
            found: Any = json.loads(read_regular(path, _LARGEST))
            return _Sent({str(key) for key in found["keys"]}, float(found["frames"]))
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            return _Sent()

    def _write(self, folder: Path, name: str, sent: _Sent) -> None:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        text = json.dumps({"keys": sorted(sent.keys), "frames": sent.frames})
        replace_file(self._path(folder, name), text.encode(), durable=False)
        remove_oldest(folder, most_files=_MOST_FILES, most_bytes=_MOST_BYTES)
