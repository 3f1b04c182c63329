"""Which files may hold commands or settings, from their names and their first lines. Nothing is judged or run here."""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from typing import Literal

from dreamerguard.sources.commands.python_commands import is_worth_reading
from dreamerguard.sources.commands.readers import is_notes, is_script, may_be_notes, reader_of
from dreamerguard.sources.python.python_files import read_file

Kind = Literal["commands", "settings"]

SETTINGS = (".yaml", ".yml")
#: Suffixes of files that are never scripts, so that they are not opened.
_OTHER_TEXT = frozenset({
    ".txt", ".json", ".jsonl", ".csv", ".tsv", ".toml", ".cfg", ".ini", ".xml", ".html", ".css", ".js", ".ts", ".log",
    ".c", ".h", ".cc", ".cpp", ".hpp", ".cu", ".rs", ".go", ".java", ".lua", ".pyc", ".pyi", ".pyx", ".so", ".o", ".a",
    ".png", ".jpg", ".jpeg", ".gif", ".svg", ".pdf", ".mp4", ".npy", ".npz", ".pkl", ".pt", ".pth", ".ckpt", ".h5",
    ".zip", ".gz", ".tar", ".xz", ".whl", ".lock", ".rom", ".bin", ".wav", ".obj", ".stl", ".dae", ".tex", ".bib",
})  # fmt: skip
#: Larger files are data or output.
MAX_BYTES = 1 << 20
#: Notes of people are small; larger texts are data.
_NOTES_BYTES = 1 << 16


def may_hold_runs(name: str, text: str) -> bool:
    """Returns whether a file may hold commands or settings, from its name and its text alone.

    Args:
      name: relative to the root, with slashes.
      text: its content.
    """
    if len(text) > MAX_BYTES:
        return False
    if name.endswith(".py"):
        return not _is_test(name) and is_worth_reading(text)
    if reader_of(name) is not None or name.endswith(SETTINGS):
        return True
    if may_be_notes(name) and is_notes(text):
        return len(text) <= _NOTES_BYTES
    return PurePosixPath(name).suffix.lower() not in _OTHER_TEXT and is_script(text)


def kind_of(path: Path, name: str) -> Kind | None:
    """Returns what a file may hold; None if it is not looked into."""
    if name.endswith(".py"):
        return "commands" if _starts_program(path, name) else None
    if reader_of(name) is not None:
        return "commands"
    if name.endswith(SETTINGS):
        return "settings"
    if path.suffix.lower() not in _OTHER_TEXT and _starts_like_script(path):
        return "commands"
    return "commands" if may_be_notes(name) and _is_notes(path) else None


def _starts_program(path: Path, name: str) -> bool:
    """Returns whether a Python file may start a program or set a configuration; tests do so for their own ends."""
    if _is_test(name):
        return False
    file = read_file(path)
    return file.data is not None and is_worth_reading(file.data.decode("utf-8", "replace"))


def _is_test(name: str) -> bool:
    parts = name.split("/")
    return parts[-1].startswith("test_") or "tests" in parts


def _starts_like_script(path: Path) -> bool:
    try:
        if not path.is_file() or path.stat().st_size > MAX_BYTES:
            return False
        with path.open("rb") as stream:
            return is_script(stream.read(80).decode("ascii", "replace"))
    except OSError:
        return False


def _is_notes(path: Path) -> bool:
    try:
        if not path.is_file() or path.stat().st_size > _NOTES_BYTES:
            return False
        data = path.read_bytes()
    except OSError:
        return False
    return b"python" in data and b"\0" not in data and is_notes(data.decode("utf-8", "replace"))
