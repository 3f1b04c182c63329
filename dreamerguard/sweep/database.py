"""Opens the SQLite file of a sweep.

Only controllers and `sweep status` open it; workers report by files. The journal is a write-ahead log (WAL), which
readers do not block. WAL needs memory that all processes share, so it does not work between machines: on a network
file system the file keeps SQLite's rollback journal (https://www.sqlite.org/wal.html, "Overview").
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dreamerguard.core.source import SourceError

NAME = "sweep.sqlite"
VERSION = 1
#: Seconds that a writer waits for another one.
_PATIENCE = 30.0
#: Types of file systems, as in /proc/mounts, that several machines may share.
_SHARED = ("nfs", "cifs", "smb", "lustre", "gpfs", "beegfs", "ceph", "glusterfs", "fuse.", "9p", "afs", "orangefs")

_TABLES = """
CREATE TABLE IF NOT EXISTS sweep (key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS runs (
  name TEXT PRIMARY KEY, position INTEGER NOT NULL, task TEXT NOT NULL, suite TEXT, seed INTEGER NOT NULL,
  combination TEXT NOT NULL, words TEXT NOT NULL, frames REAL, updates REAL, findings TEXT NOT NULL,
  state TEXT NOT NULL, why TEXT NOT NULL DEFAULT '', attempt INTEGER NOT NULL DEFAULT 0,
  failures INTEGER NOT NULL DEFAULT 0, job TEXT NOT NULL DEFAULT '', started REAL, ended REAL,
  seconds REAL NOT NULL DEFAULT 0, not_before REAL NOT NULL DEFAULT 0, exit_code INTEGER,
  stop_reason TEXT NOT NULL DEFAULT '', done REAL NOT NULL DEFAULT 0, score REAL, verdict TEXT NOT NULL DEFAULT ''
);
CREATE INDEX IF NOT EXISTS runs_by_state ON runs (state, position);
CREATE TABLE IF NOT EXISTS attempts (
  run TEXT NOT NULL, attempt INTEGER NOT NULL, engine TEXT NOT NULL, controller TEXT NOT NULL,
  job TEXT NOT NULL DEFAULT '', host TEXT NOT NULL DEFAULT '', claimed REAL NOT NULL, started REAL, ended REAL,
  exit_code INTEGER, outcome TEXT NOT NULL DEFAULT '', PRIMARY KEY (run, attempt)
);
CREATE TABLE IF NOT EXISTS curves (run TEXT PRIMARY KEY, frames BLOB NOT NULL, scores BLOB NOT NULL);
"""


def open_database(folder: Path, *, create: bool = False) -> sqlite3.Connection:
    """Opens the database of a sweep.

    Args:
      folder: the sweep's folder.
      create: whether to make the file and its tables.

    Raises:
      SourceError: there is no sweep, or the file is damaged or of another version.
    """
    path = folder / NAME
    if not create and not path.is_file():
        raise SourceError(f"{folder} holds no sweep: {path} does not exist")
    try:
        connection = sqlite3.connect(path, timeout=_PATIENCE, isolation_level=None)
        connection.row_factory = sqlite3.Row
        connection.execute(f"PRAGMA journal_mode={'DELETE' if shared_file_system(folder) else 'WAL'}")
        connection.execute("PRAGMA synchronous=FULL")
        found = connection.execute("PRAGMA user_version").fetchone()[0]
        if found == 0 and create:
            connection.executescript(f"BEGIN IMMEDIATE; {_TABLES} PRAGMA user_version={VERSION}; COMMIT;")
        elif found != VERSION:
            raise SourceError(f"{path} is not a sweep of this version: its version is {found}, expected {VERSION}")
    except sqlite3.Error as error:
        raise SourceError(f"{path} cannot be used: {error}") from error
    return connection


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
    """Writes all or nothing; a second writer waits."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield connection
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


def shared_file_system(folder: Path, mounts: Path = Path("/proc/mounts")) -> str:
    """Returns the type of the file system if several machines may share it; empty otherwise or where it is unknown.

    Args:
      folder: an existing folder.
      mounts: table of the mounted file systems.
    """
    try:
        lines = mounts.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return ""
    here = str(folder.resolve())
    best, kind = "", ""
    for line in lines:
        _, point, found, *_ = [*line.split(), "", "", ""]
        point = point.replace("\\040", " ")
        if len(point) >= len(best) and (here == point or here.startswith(point.rstrip("/") + "/")):
            best, kind = point, found
    return kind if kind.startswith(_SHARED) else ""
