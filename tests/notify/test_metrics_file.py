"""The Prometheus text file: read back with the parser of prometheus_client, whole at every moment."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from dreamerguard.notify.metrics_file import METRICS, MetricsFile, render
from dreamerguard.regression.watch.watcher import Watcher, look_at_all

from ..regression.run_logs import append, native_run

parser = pytest.importorskip("prometheus_client.parser")
DOCS = Path(__file__).parents[2] / "docs" / "watching.md"


def samples(text: str) -> dict[tuple[str, str, str], float]:
    """Name, run and state -> value."""
    found = {}
    for family in parser.text_string_to_metric_families(text):
        assert family.type == "gauge"
        assert family.documentation
        for sample in family.samples:
            key = (
                sample.name.removeprefix("dreamerguard_"),
                sample.labels.get("run", ""),
                sample.labels.get("state", ""),
            )
            assert key not in found
            found[key] = sample.value
    return found


def test_the_states_of_two_runs(tmp_path: Path) -> None:
    low, sound = native_run(tmp_path / "low", gain=0.2), native_run(tmp_path / "sound")
    found = samples(render(look_at_all([Watcher(low), Watcher(sound)])))
    for run, state in ((str(low), "REGRESSED"), (str(sound), "OK")):
        assert [key[2] for key, value in found.items() if key[:2] == ("verdict", run) and value == 1] == [state]
        assert found["frames", run, ""] == 490_000
        assert found["planned_frames", run, ""] == 490_000
        assert found["frames_per_second", run, ""] == 200
        assert found["train_ratio", run, ""] == 512
        assert found["health_errors", run, ""] == 0
        assert found["log_timestamp_seconds", run, ""] == pytest.approx((Path(run) / "metrics.jsonl").stat().st_mtime)
    assert found["score", str(low), ""] < found["reference_score", str(low), ""]


@pytest.mark.parametrize("name", ['a "quoted" \\ back\\nslash', "two\nlines", "ümlaut {x=1} # y", "=,"])
def test_labels_are_escaped(tmp_path: Path, name: str) -> None:
    run = native_run(tmp_path / name)
    found = samples(render(look_at_all([Watcher(run), Watcher(tmp_path / "not there")])))
    assert found["frames", str(run), ""] == 490_000
    assert found["verdict", str(tmp_path / "not there"), "WAITING"] == 1


def test_numbers_that_are_not_finite(tmp_path: Path) -> None:
    from dataclasses import replace

    status = Watcher(native_run(tmp_path / "run")).look()
    assert "NaN" in render([replace(status, looked=float("nan"))])
    assert samples(render([replace(status, looked=float("-inf"))]))["look_timestamp_seconds", str(tmp_path / "run"), ""]


def test_every_metric_is_documented() -> None:
    text = DOCS.read_text(encoding="utf-8")
    for name in ("verdict", "ended", "failed", *(metric.name for metric in METRICS)):
        assert f"`dreamerguard_{name}`" in text


def test_a_reader_never_sees_half_a_file(tmp_path: Path) -> None:
    run, path = native_run(tmp_path / "run"), tmp_path / "x.prom"
    statuses = look_at_all([Watcher(run)])
    file = MetricsFile(path, print)
    file.look(statuses)
    whole = path.read_text()
    seen: set[str] = set()
    stop = threading.Event()

    def read() -> None:
        while not stop.is_set():
            seen.add(path.read_text())

    thread = threading.Thread(target=read)
    thread.start()
    for _ in range(200):
        file.look(statuses)
    stop.set()
    thread.join()
    assert seen == {whole}
    assert sorted(item.name for item in tmp_path.iterdir()) == ["run", "x.prom"]


def test_a_file_that_cannot_be_written_is_noted_once(tmp_path: Path) -> None:
    said: list[str] = []
    file = MetricsFile(tmp_path / "no such folder" / "x.prom", said.append)
    for _ in range(2):
        file.look([])
    assert len(said) == 1
    assert "is not written: No such file or directory; the run is not affected" in said[0]


def run(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    env = os.environ | {"XDG_CONFIG_HOME": str(folder / "config")}
    command = [sys.executable, "-m", "dreamerguard", *words]
    return subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True)


def test_watch_and_guard_write_the_file(tmp_path: Path) -> None:
    native_run(tmp_path / "low", gain=0.2)
    assert run(tmp_path, "watch", "low", "--once", "--metrics-file", "a.prom").returncode == 1
    found = samples((tmp_path / "a.prom").read_text())
    assert found["verdict", "low", "REGRESSED"] == found["ended", "", ""] == 1
    assert found["failed", "", ""] == 0
    append(tmp_path / "low" / "metrics.jsonl", [json.dumps({"frames": 491_000, "updates": 1}) + "\n"])
    code = "raise SystemExit(4)"
    words = ("--logdir", "low", "--metrics-file", "b.prom", "--", sys.executable, "-c", code)
    assert run(tmp_path, "guard", *words).returncode == 4
    found = samples((tmp_path / "b.prom").read_text())
    assert (found["failed", "", ""], found["frames", "low", ""]) == (1, 491_000)


@pytest.mark.parametrize(
    ("path", "says"),
    [
        ("a.txt", "--metrics-file a.txt: the name must end in .prom"),
        ("no/a.prom", "--metrics-file no/a.prom: the folder does not exist"),
    ],
)
def test_a_wrong_file_is_refused(tmp_path: Path, path: str, says: str) -> None:
    native_run(tmp_path / "run")
    done = run(tmp_path, "watch", "run", "--once", "--metrics-file", path)
    assert done.returncode == 2
    assert says in done.stderr
