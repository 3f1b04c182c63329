"""The frame of `make trust`: what counts as lost, and what the exit code says. The rows themselves run on demand."""

from __future__ import annotations

import json
import random
import signal
import sys
from pathlib import Path

import pytest

from benchmarks.trust import __main__ as trust
from benchmarks.trust import inventory
from benchmarks.trust.bench import Bench
from benchmarks.trust.row import ROWS, Finding, NotRun, row

SCORES = [{"frames": 1000 * i, "env": i % 2, "score": float(i)} for i in range(1, 6)]


@pytest.fixture(autouse=True)
def table(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every test has its own table."""
    monkeypatch.setattr(trust, "MODULES", ())
    monkeypatch.setattr(trust, "ROWS", {})
    monkeypatch.setattr("benchmarks.trust.row.ROWS", trust.ROWS)
    assert ROWS is not trust.ROWS


def run_directory(folder: Path, rows: list[dict[str, object]], name: str = "scores.jsonl") -> Path:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text("".join(json.dumps(line) + "\n" for line in rows))
    return folder


def measured(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str]:
    code = trust.main(["--jobs", "2", *words])
    return code, capsys.readouterr().out


def test_rows_that_are_gone_are_lost(tmp_path: Path) -> None:
    run = run_directory(tmp_path / "run", SCORES)
    (run / "checkpoints" / "375").mkdir(parents=True)
    before = inventory.take(run)
    assert before.saved == 3000
    assert inventory.lost_rows(before, before) == ""
    run_directory(run, SCORES[:2])
    after = inventory.take(run)
    assert inventory.lost_rows(before, after) == "3 of 5 rows of scores.jsonl"
    assert inventory.lost_rows(before, after, before.saved) == "1 of 3 rows of scores.jsonl"
    assert inventory.lost_rows(before, after, 2000) == ""
    run_directory(run, SCORES, "scores.jsonl.1")  # set aside, so not lost
    assert inventory.lost_rows(before, inventory.take(run)) == ""
    (run / "scores.jsonl").unlink()
    (run / "scores.jsonl.1").unlink()
    assert inventory.lost_rows(before, inventory.take(run)) == "5 of 5 rows of scores.jsonl"
    assert inventory.take(tmp_path / "missing").rows["scores.jsonl"] == []


def test_faults_of_a_log_are_named(tmp_path: Path) -> None:
    assert inventory.faults(inventory.take(run_directory(tmp_path / "run", SCORES))) == []
    run = run_directory(tmp_path / "run", [*SCORES, *SCORES[1:]])
    assert inventory.faults(inventory.take(run)) == ["4 episodes are doubled", "frames go back 1 times in scores.jsonl"]
    with (run_directory(tmp_path / "run", SCORES) / "scores.jsonl").open("ab") as file:
        file.write(bytes(40))
    assert inventory.faults(inventory.take(run)) == ["40 bytes in scores.jsonl are no row"]


def test_a_loss_is_shown_and_ends_with_1(capsys: pytest.CaptureFixture[str]) -> None:
    @row(1, "good fault", "not at all")
    def good(bench: Bench, times: int) -> Finding:
        return Finding(times, after_save="3 episodes", message="a | message", codes={"137": 2})

    assert measured(capsys)[0] == 0

    @row(2, "bad fault", "by force", times=9, quick=4)
    def bad(bench: Bench, times: int) -> Finding:
        finding = Finding(times)
        finding.lose("2 of 5 rows")
        finding.lose("2 of 5 rows")
        finding.lose("")
        return finding

    code, out = measured(capsys)
    assert code == 1
    assert "| 1 | good fault | not at all | 1 | after the last save: 3 episodes | a \\| message | 137 (2x) | - |" in out
    assert "| 2 | bad fault | by force | 9 | LOST: 2 of 5 rows | - | - | - |" in out
    assert "1 of 2 rows lost nothing and are right" in out
    assert measured(capsys, "--only", "good")[0] == 0
    assert measured(capsys, "--only", "1")[0] == 0
    assert "| 4 | LOST" in measured(capsys, "--only", "2", "--quick")[1]
    assert measured(capsys, "--only", "no such row")[0] == 2


@pytest.mark.parametrize("error", [NotRun("the disk is not there"), ValueError("a bug of the row")])
def test_a_row_that_cannot_be_measured_is_not_good(error: Exception, capsys: pytest.CaptureFixture[str]) -> None:
    @row(1, "fault", "how")
    def fails(bench: Bench, times: int) -> Finding:
        raise error

    code, out = measured(capsys)
    assert code == 1
    assert f"not measured: {'' if isinstance(error, NotRun) else 'ValueError: '}{error}" in out


def test_the_table_as_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    @row(7, "fault", "how", test="tests/surfaces/test_trust.py")
    def wrong(bench: Bench, times: int) -> Finding:
        finding = Finding(times)
        finding.expect(False, "a traceback is shown")
        return finding

    assert measured(capsys, "--json", str(tmp_path / "trust.json"))[0] == 1
    (line,) = json.loads((tmp_path / "trust.json").read_text())["rows"]
    assert (line["row"], line["outcome"], line["lost"]) == (7, "WRONG: a traceback is shown", [])


def test_nothing_starts_after_the_end(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    process = bench.start(tmp_path, "--version")
    assert (process.end(), process.output.split()[0]) == (0, "dreamerguard")
    bench.close()
    with pytest.raises(NotRun):
        bench.start(tmp_path, "--version")


def test_processes_that_hang_or_stay_are_ended(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    words = ("guard", "--", sys.executable, "-c", "import signal; signal.pause()")
    hanging, staying = (bench.start(tmp_path, *words) for _ in range(2))
    assert hanging.end(0) == "hang"
    assert hanging.inner.returncode == -signal.SIGKILL
    bench.close()
    assert staying.inner.returncode == -signal.SIGKILL


def test_robust_slope() -> None:
    from benchmarks.robust_slope import block_medians, theil_sen

    draw = random.Random(0)
    x = [i / 60 for i in range(90)]
    y = [700 + 2 * value + draw.gauss(0, 1) for value in x]
    y[10], y[80] = 1500, 20  # a save, a sample while the process ends
    slope = theil_sen(x, y)
    assert slope is not None
    assert slope.low < 2 < slope.high
    assert abs(slope.value - 2) < 1
    flat = theil_sen(x, [700.0] * 90)
    assert flat is not None
    assert (flat.value, flat.low, flat.high) == (0, 0, 0)
    assert theil_sen([1, 1, 1], [1, 2, 3]) is None
    assert block_medians([0.1, 0.2, 0.9, 2.5], [1, 5, 3, 7], 1.0) == ([0.5, 2.5], [3, 7])


@pytest.mark.parametrize(
    ("rate", "handles", "code"), [(0.5, 0, 0), (20.0, 0, 1), (0.0, 1, 1)], ids=["flat", "memory", "handles"]
)
def test_the_soak_judges_memory_and_handles(
    rate: float, handles: int, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    from benchmarks.soak import report

    samples = [
        {
            "minutes": i / 6,
            "rss": 700 + rate * i / 360,
            "watch_rss": 37.0,
            "handles": 7 + handles * i // 360,
            "speed": 9.0,
        }
        for i in range(720)
    ]
    assert report(samples, [], None) == code
    assert report(samples, ["train ended by itself with exit code 70"], None) == 1
    assert report(samples[:180], [], None) == 3
    assert "memory is not judged" in capsys.readouterr().out
