"""``check --watch`` checks again after changes, plainly when its output is piped, and ends with Ctrl-C."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from dreamerguard.lint.discovery import state_below

pytestmark = pytest.mark.integration
RUN = "task: dmc_walker_walk\nrun:\n  train_ratio: 32\n"


class Watch:
    """The command, and what it prints."""

    def __init__(self, folder: Path, *words: str) -> None:
        command = [sys.executable, "-m", "dreamerguard", "check", "--watch", "--output-format", "concise", *words]
        self.process = subprocess.Popen(
            command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )

    def until(self, text: str) -> list[str]:
        """Returns the lines up to the first one with a text."""
        assert self.process.stdout is not None
        lines: list[str] = []
        for line in self.process.stdout:
            lines.append(line.rstrip("\n"))
            if text in line:
                return lines
        raise AssertionError(lines)

    def end(self) -> tuple[int, str]:
        assert self.process.stdout is not None
        self.process.send_signal(signal.SIGINT)
        rest = self.process.stdout.read()
        return self.process.wait(), rest


@pytest.fixture
def watch(tmp_path: Path) -> Iterator[Watch]:
    (tmp_path / "run.yaml").write_text(RUN)
    started = Watch(tmp_path)
    yield started
    started.process.kill()
    started.process.communicate()


def test_changes_are_checked_until_the_end(tmp_path: Path, watch: Watch) -> None:
    first = watch.until("watching for changes")
    assert any("low-train-ratio" in line for line in first)
    assert not any("\x1b" in line for line in first)
    (tmp_path / "run.yaml").write_text(RUN.replace("32", "512"))
    watch.until("checked again: run.yaml changed")
    (tmp_path / "new.sh").write_text("dreamerguard train dmc_walker_walk run.train_ratio=16\n")
    second = watch.until("new.sh:1:36: warning[low-train-ratio]")
    assert not any("run.yaml:3" in line for line in second)
    watch.until("watching for changes")
    code, rest = watch.end()
    assert code == 1
    assert rest.endswith("stopped watching\n")


def test_wrong_settings_do_not_end_it(tmp_path: Path, watch: Watch) -> None:
    watch.until("watching for changes")
    (tmp_path / "dreamerguard.toml").write_text("select = 3\n")
    watch.until("error:")
    (tmp_path / "dreamerguard.toml").write_text('ignore = ["low-train-ratio"]\n')
    watch.until("checked again: dreamerguard.toml")
    watch.until("checked 1 configuration file")
    watch.until("watching for changes")
    assert watch.end()[0] == 0


@pytest.mark.parametrize("word", ["--fix", "--diff", "-", "--write-baseline"])
def test_what_happens_once_is_refused(tmp_path: Path, word: str) -> None:
    started = Watch(tmp_path, word)
    output, _ = started.process.communicate()
    assert started.process.returncode == 2
    assert f"does not go with {word}" in output


def test_state_of_files(tmp_path: Path) -> None:
    (tmp_path / ".gitignore").write_text("logs/\n")
    for name in ("logs/x.log", ".git/index", "a/run.yaml", "old/b.yaml"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("1")
    before = state_below(tmp_path, ["old/*"])
    assert set(before) == {".gitignore", "a/run.yaml"}
    (tmp_path / "a/run.yaml").write_text("12")
    assert state_below(tmp_path, ["old/*"]) != before
