"""Facts of files on disk, by the hash of a file's content, so that a second check of a checkout parses nothing.

A store is a file of JSON behind a line that names the reader and the hash of the JSON. It is used only if it belongs to
the user, is of this very reader, and is whole; a fact of another type than expected makes the file be parsed again.
"""

from __future__ import annotations

import json
import os
import stat
import sys
from collections.abc import Sequence
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from dreamerguard.util.replace_file import replace_file
from dreamerguard.util.user_cache import cache_folder, is_on, is_ours, remove_oldest, write_at_end

from .fact_codec import decode, encode
from .file_facts import FileFacts

#: Limits of one store, and of all of them together.
_MAX_STORE = 4 << 20
_MAX_FOLDER, _MAX_STORES = 32 << 20, 64
#: Results about several files that are kept although nothing asked for them.
_MOST_OLD = 8
_RESULTS = "results"


@cache
def _reader() -> str:
    """Returns a hash of everything that facts depend on: this code and the version of Python."""
    found = sha256(sys.version.encode())
    for file in sorted(Path(__file__).parent.rglob("*.py")):
        found.update(file.read_bytes())
    return found.hexdigest()


class FactStore:
    """The stored facts of one checkout.

    Args:
      path: file of the store.
      contents: contents of the checkout's files; facts of others are dropped.
    """

    def __init__(self, path: Path, contents: Sequence[bytes]) -> None:
        self.path = path
        self.contents = contents
        self.stored = _load(path)
        self.used: dict[str, Any] = {}
        self.results: dict[str, Any] = {}
        self.changed = False

    def get(self, content: bytes) -> FileFacts | None:
        """Returns the facts of a file with this content; None if they are not stored or not valid."""
        key = _key(content)
        data = self.stored.get(key)
        facts = decode(data) if data is not None else None
        if facts is not None:
            self.used[key] = data
        return facts

    def put(self, content: bytes, facts: FileFacts) -> None:
        """Adds the facts of a file."""
        self.used[_key(content)] = encode(facts)
        self.changed = True

    def entry(self, kind: str, content: bytes) -> Any:
        """Returns what is stored about a content besides its facts; None without it."""
        key = f"{kind} {_key(content)}"
        return self.used.get(key, self.stored.get(key))

    def keep(self, kind: str, content: bytes, data: Any) -> None:
        """Adds something about a content, as JSON has it."""
        self.used[f"{kind} {_key(content)}"] = data
        self.changed = True

    def result(self, key: str) -> Any:
        """Returns a result about several files; None without it."""
        found = self._old_results().get(key)
        if found is not None:
            self.results[key] = found
        return found

    def keep_result(self, key: str, data: Any) -> None:
        """Adds a result about several files, under a key that stands for the content of all of them."""
        self.results[key] = data
        self.changed = True

    def _old_results(self) -> dict[str, Any]:
        found = self.stored.get(_RESULTS)
        return found if isinstance(found, dict) else {}

    def write(self) -> None:
        """Writes the store if it has new facts."""
        if not self.changed:
            return
        keys = {_key(content) for content in self.contents}
        kept = {key: data for key, data in self.stored.items() if key.rpartition(" ")[2] in keys}
        old = list(self._old_results().items())[:_MOST_OLD]
        results = self.results | {key: data for key, data in old if key not in self.results}
        body = json.dumps(kept | self.used | ({_RESULTS: results} if results else {}), separators=(",", ":")).encode()
        if len(body) > _MAX_STORE:
            return
        folder = self.path.parent
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not is_ours(folder.stat()):
            return
        try:
            replace_file(self.path, _head(body) + body, durable=False)
        except OSError:
            return  # a full or read-only disk costs only the time of the next check
        remove_oldest(folder, most_files=_MAX_STORES, most_bytes=_MAX_FOLDER)


def _key(content: bytes) -> str:
    return sha256(content).hexdigest()


def _head(body: bytes) -> bytes:
    return f"{_reader()} {sha256(body).hexdigest()}\n".encode()


def _load(path: Path) -> dict[str, Any]:
    """Reads a store; returns an empty one if it is missing, foreign, damaged, or of another version."""
    try:
        handle = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
        with os.fdopen(handle, "rb") as stream:
            status = os.fstat(handle)
            if not stat.S_ISREG(status.st_mode) or status.st_size > _MAX_STORE + 200 or not is_ours(status):
                return {}
            head, _, body = stream.read(_MAX_STORE + 200).partition(b"\n")
        if head + b"\n" != _head(body):
            return {}
        found = json.loads(body)
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def open_store(root: Path, contents: Sequence[bytes]) -> FactStore | None:
    """Returns the store of a checkout; None where the cache is off, or its folder lies inside the checkout."""
    folder = cache_folder("python") if is_on() else None
    if folder is None:
        return None
    try:
        home, inside = folder.resolve(), root.resolve()
    except (OSError, RuntimeError):
        return None
    if home.is_relative_to(inside):
        return None
    name = sha256(os.fsencode(inside)).hexdigest()[:32]
    store = FactStore(folder / f"{name}.json", contents)
    write_at_end(store.write)
    return store
