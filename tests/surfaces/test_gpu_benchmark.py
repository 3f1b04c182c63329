"""The benchmark of a GPU, with small programs that answer as the real ones do."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from benchmarks import gpu
from benchmarks.gpu import Row
from benchmarks.workers import Worker, WorkerEnded

ANSWERS = """
import sys
sys.path.insert(0, {folder!r})
from serving import own_output, serve
answers = own_output()
count = 0
def one():
    global count
    count += 1
    if count > {most}:
        raise SystemExit("the device is gone")
serve(one, answers, {{"device": "cpu", "parameters": 3, "compile_s": 0.1, "digest": "{name}"}})
"""


def _program(folder: Path, name: str, most: int = 10**9) -> list[str]:
    path = folder / f"{name}.py"
    path.write_text(ANSWERS.format(folder=str(Path(gpu.__file__).parent), most=most, name=name))
    return [sys.executable, str(path)]


def _run(monkeypatch: pytest.MonkeyPatch, found: list[Row], *words: str) -> None:
    monkeypatch.setattr(gpu, "rows", lambda options: found)
    monkeypatch.setattr(sys, "argv", ["gpu", *words])
    gpu.main()


def test_programs_take_turns_and_a_failing_one_is_a_row(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    found = [
        Row("updates", "first", _program(tmp_path, "first")),
        Row("updates", "ends early", _program(tmp_path, "early", most=8)),
        Row("updates", "does not start", [sys.executable, "-c", "raise SystemExit('no such device')"]),
        Row("replay", "second", _program(tmp_path, "second"), {"XLA_FLAGS": "--some"}),
    ]
    file = tmp_path / "gpu.json"
    for _ in range(2):
        _run(monkeypatch, found, "--json", str(file), "--rounds", "2", "--turn", "3", "--warmup", "3")
    runs = json.loads(file.read_text())["runs"]
    assert len(runs) == 2
    rows: dict[str, Any] = {row["name"]: row for row in runs[1]["rows"]}
    assert rows["first"]["updates"] == 6 and rows["first"]["wall_ratio"] == 1
    assert rows["second"]["environment"] == {"XLA_FLAGS": "--some"} and rows["second"]["wall_ratio"] == 1
    assert "the device is gone" in rows["ends early"]["error"]
    assert "no such device" in rows["does not start"]["error"]
    measured = capsys.readouterr().out
    _run(monkeypatch, [], "--show", str(file))
    assert measured.strip().splitlines()[-6:] == capsys.readouterr().out.strip().splitlines()[-6:]


def test_a_program_that_gives_no_answer_is_not_waited_for() -> None:
    worker = Worker.launch("hangs", [sys.executable, "-c", "import sys; sys.stdin.read()"])
    with pytest.raises(WorkerEnded, match="hangs gave no answer in time"):
        worker.wait(until=0.0)
    worker.stop()
    assert worker.process.returncode == 0


def test_the_stored_figures_are_those_of_the_documentation() -> None:
    root = Path(gpu.__file__).parents[1]
    first, second = json.loads((root / "benchmarks" / "results" / "gpu.json").read_text())["runs"]
    text = (root / "docs" / "agent.md").read_text()
    rows = {(row["group"], row["name"]): row for row in first["rows"] if "error" not in row}
    own, peer = rows["size1m, update", "dreamerguard"], rows["size1m, update", "danijar"]
    assert f"| danijar/dreamerv3 | {peer['wall_ms']:.1f} ms, {peer['wall_ratio']:.1f} times |" in text
    assert f"| bundled trainer | {own['wall_ms']:.1f} ms |" in text
    later = {row["name"]: row for row in second["rows"] if "error" not in row}
    took = f"danijar/dreamerv3 took {later['danijar']['wall_ratio']:.1f} times as long"
    assert took in text
