"""The benchmark of updates: programs of a size take turns, and the documentation holds what is stored."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from benchmarks import update
from benchmarks.documentation.measured_tables import with_tables
from benchmarks.update_table import table

ANSWERS = """
import sys
sys.path.insert(0, {folder!r})
from serving import own_output, serve
answers = own_output()
about = {{"device": "cpu", "parameters": 3, "compile_s": 0.1, "versions": {{"torch": "2.13.0", "torchrl": "0.14.1"}}}}
serve(lambda: None, answers, about)
"""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A repository with one commit."""
    made = tmp_path / "checkout"
    made.mkdir()
    (made / "train.py").write_text("1\n")
    git = ["git", "-C", str(made), "-c", "user.name=a", "-c", "user.email=a@example.org"]
    for words in (["init", "-q"], ["add", "."], ["commit", "-qm", "first"]):
        subprocess.run([*git, *words], check=True)
    return made


def test_every_size_has_a_base_and_peers_their_commit(
    checkout: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    program = checkout.parent / "program.py"
    program.write_text(ANSWERS.format(folder=str(Path(update.__file__).parent)))
    asked = update.commands

    def answered(size: str, options: Any) -> list[tuple[str, list[str]]]:
        return [(name, [sys.executable, str(program)]) for name, _ in asked(size, options)]

    monkeypatch.setattr(update, "commands", answered)
    file = checkout.parent / "update.json"
    words = ["--size", "size1m", "size12m", "--dtype", "float32", "mixed", "--updates", "4", "--json", str(file)]
    monkeypatch.setattr(
        sys, "argv", ["update", *words, "--peer", f"r2dreamer={checkout}=python", "torchrl=/nowhere=python"]
    )
    update.main()
    rows = json.loads(file.read_text())["rows"]
    names = ["dreamerguard {} float32 fast", "r2dreamer {} float32", "torchrl {} float32", "dreamerguard {} mixed fast"]
    assert [row["name"] for row in rows] == [name.format(size) for size in ("size1m", "size12m") for name in names]
    assert [row["wall_ratio"] for row in rows[::4]] == [1, 1]
    commit = subprocess.run(["git", "-C", checkout, "rev-parse", "HEAD"], capture_output=True, text=True).stdout[:7]
    assert [row["commit"] for row in rows[:4]] == [None, commit, None, None]
    capsys.readouterr()
    monkeypatch.setattr(sys, "argv", ["update", "--table", str(file)])
    update.main()
    shown = capsys.readouterr().out
    assert f"GiB | {commit}, torch 2.13.0 |" in shown and "GiB | torch 2.13.0, torchrl 0.14.1 |" in shown
    assert shown.count("bundled trainer, mixed") == 2


def test_changed_files_of_a_checkout_are_said_and_a_folder_in_a_repository_has_no_commit(checkout: Path) -> None:
    found = update.commit(checkout)
    assert found is not None and not found.endswith("-dirty")
    (checkout / "train.py").write_text("2\n")
    assert update.commit(checkout) == f"{found}-dirty"
    (checkout / "environment").mkdir()
    assert update.commit(checkout / "environment") is None


def test_ratios_are_relative_to_the_first_row_of_the_same_size() -> None:
    about = {"machine": "x86_64", "cores": 2, "load": [0.5], "updates": 4, "batch": 16, "length": 64}
    row = {"wall_ms": 100.0, "cpu_ms": 1.0, "peak_gib": 1.0, "versions": {"jax": "0.10.2"}}
    ratios = {"size1m float32 fast": 1.0, "size12m float32 fast": 8.0, "size12m mixed fast": 4.0}
    rows = [{**row, "name": f"dreamerguard {name}", "wall_ratio": x, "cpu_ratio": x} for name, x in ratios.items()]
    lines = table({"about": about, "rows": rows}).splitlines()
    assert [line.split(" | ")[3] for line in lines[4:]] == ["1.00", "1.00", "0.50"]


def test_a_page_gets_the_stored_table_and_keeps_its_text() -> None:
    page = "before\n<!-- table of mixed.json -->\nold\n<!-- end of table -->\nafter\n"
    filled = with_tables(page)
    assert filled.startswith("before\n<!-- table of mixed.json -->\n\n2 cores of ")
    assert filled.endswith("|\n\n<!-- end of table -->\nafter\n") and "old" not in filled
    assert with_tables(filled) == filled


def test_the_changelog_states_ratios_that_the_table_prints() -> None:
    root = Path(update.__file__).parents[1]
    printed = table(json.loads((root / "benchmarks" / "results" / "update_pixels.json").read_text()))
    text = " ".join((root / "CHANGELOG.md").read_text().split())
    danijar, mixed = (
        next(line for line in printed.splitlines() if name in line).split(" | ")[4] for name in ("danijar", "mixed")
    )
    assert f"danijar/dreamerv3 takes {danijar} times the processor time" in text
    assert f"`runtime.dtype=mixed` {mixed} times" in text
