"""Logs that a disk, another program or a stranger spoiled: one clear message, a true exit code, bounded work."""

from __future__ import annotations

import io
import os
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, redirect_stderr, redirect_stdout
from pathlib import Path
from unittest import mock

import pytest

from dreamerguard.cli import main

from ..counting import Work, counted
from .bad_logs import HARMLESS, HOPELESS, Fault, run

pytestmark = pytest.mark.integration

#: Functions entered by one command, most of them for imports and for the 33 suites and tasks that it looks up.
_CALLS = 3_000_000
_watching = False


def _hook(event: str, arguments: tuple[object, ...]) -> None:
    """Fails a test that opens what may never answer, instead of waiting."""
    if _watching and event == "open" and isinstance(arguments[0], (str, bytes, os.PathLike)):
        try:
            mode = Path(os.fsdecode(arguments[0])).stat().st_mode
        except (OSError, ValueError):
            return
        waits = stat.S_ISFIFO(mode) or (stat.S_ISCHR(mode) and str(arguments[0]) != os.devnull)
        assert not waits, f"{arguments[0]!r} is opened"


sys.addaudithook(_hook)


@contextmanager
def _watched() -> Iterator[None]:
    global _watching
    _watching = True
    try:
        yield
    finally:
        _watching = False


def call(folder: Path, *words: str) -> tuple[int, str]:
    """Runs a command as the command line does; returns its exit code and all that it printed."""
    out, code = io.StringIO(), 0
    environment = mock.patch.dict(os.environ, {"NO_COLOR": "1", "COLUMNS": "200"})
    argv = mock.patch.object(sys, "argv", ["dreamerguard", *words])
    count = counted() if words[0] == "watch" else nullcontext(Work())
    with environment, argv, redirect_stdout(out), redirect_stderr(out), _watched(), count as work:
        try:
            main()
        except SystemExit as end:
            code = int(end.code or 0)
    text = out.getvalue()
    assert "internal error" not in text and "Traceback" not in text, text
    assert work.calls < _CALLS
    return code, text


def all_four(folder: Path, directory: Path) -> list[tuple[int, str]]:
    """Runs the four commands that read logs."""
    task = ("--task", "dmc_walker_walk")
    allow = ("--allow", "edition", "--reference", "2024")
    return [
        call(folder, "watch", str(directory), "--once", *task),
        call(folder, "report", str(directory), "-o", str(folder / "report.html"), *task),
        call(folder, "compare", str(directory), *allow, *task),
        call(folder, "reference", "build", str(directory), "-o", str(folder / "own.json"), *task),
    ]


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[int, str]]:
    folder = tmp_path_factory.mktemp("sound")
    return all_four(folder, run(folder))


def test_a_sound_run(sound: list[tuple[int, str]]) -> None:
    assert [code for code, _ in sound] == [0, 0, 4, 0]
    assert sound[0][1].startswith("OK: dmc_walker_walk")


@pytest.mark.parametrize("fault", HOPELESS.values(), ids=HOPELESS)
def test_nothing_can_be_judged(tmp_path: Path, fault: Fault) -> None:
    watch, report, *others = all_four(tmp_path, run(tmp_path, fault))
    assert (watch[0], report[0]) == (fault.code, 3)
    assert watch[1].startswith("NO SCORES: dmc_walker_walk, ")
    assert fault.says in watch[1]
    assert "NO SCORES" in report[1]
    for code, text in others:
        assert code == 2
        assert "has no scores" in text and len(text.strip().splitlines()) == 1


@pytest.mark.parametrize("fault", HARMLESS.values(), ids=HARMLESS)
def test_the_verdict_is_that_of_the_sound_run(tmp_path: Path, fault: Fault, sound: list[tuple[int, str]]) -> None:
    found = all_four(tmp_path, run(tmp_path, fault))
    assert [code for code, _ in found] == [code for code, _ in sound]
    first, expected = (text.splitlines()[0] for text in (found[0][1], sound[0][1]))
    assert first == expected
    assert fault.says in found[0][1]
    counted_rows = "count (" in fault.says or "skipped (" in fault.says
    if counted_rows and fault.alone:
        assert fault.says in found[2][1]  # said by compare too
        assert fault.says in found[3][1]
