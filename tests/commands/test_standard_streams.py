"""Standard streams that are closed, full or not writable, as daemons, cron jobs and full disks leave them."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.integration

RUINED = "dreamerguard train dmc_walker_walk run.train_ratio=32"
#: Words -> exit code with all streams open.
COMMANDS = {
    "guard -- sh -c 'exit 3'": 3,
    f"lint -- {RUINED}": 1,
    "check start.sh": 1,
    "watch run --once": 0,
    "train dmc_walker_walk run.train_ratio=32": 78,
    "doctor --no-such-option": 2,
    "--help": 0,
}
CLOSED = ("2>&-", "<&- >&-", "<&- >&- 2>&-")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a script and a run that has scores."""
    folder = tmp_path_factory.mktemp("streams")
    (folder / "start.sh").write_text(RUINED + "\n")
    (folder / "run").mkdir()
    lines = [json.dumps({"frames": 1000 * i, "score": 500.0, "length": 1000, "step": i}) for i in range(1, 60)]
    (folder / "run" / "scores.jsonl").write_text("\n".join(lines) + "\n")
    (folder / "run" / "run.yaml").write_text("task: dmc_walker_walk\n")
    return folder


def shell(folder: Path, words: str, streams: str, before: str = "") -> subprocess.CompletedProcess[str]:
    script = f'{before}"{sys.executable}" -m dreamerguard {words} {streams}'
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    return subprocess.run(
        ["sh", "-c", script], cwd=folder, env=environment, capture_output=True, text=True, stdin=subprocess.DEVNULL
    )


@pytest.mark.parametrize("words", COMMANDS)
def test_closed_streams_do_not_change_the_exit_code(folder: Path, words: str) -> None:
    for streams in CLOSED:
        done = shell(folder, words, streams)
        assert (streams, done.returncode) == (streams, COMMANDS[words])
        assert "Traceback" not in done.stderr
        assert "internal error" not in done.stderr


def test_the_guarded_program_finds_its_streams_open(folder: Path) -> None:
    code = "import os; [os.fstat(number) for number in (0, 1, 2)]; open('mark', 'w').write('started')"
    done = shell(folder, f'guard -- "{sys.executable}" -c "{code}"', "<&- >&- 2>&-")
    assert done.returncode == 0
    assert (folder / "mark").read_text() == "started"


def test_no_file_of_the_process_gets_the_number_of_a_closed_stream(tmp_path: Path) -> None:
    code = (
        "import os, sys; from dreamerguard.util.standard_streams import open_standard_streams as go; go();"
        "log = open('log.txt', 'w'); os.write(2, b'message'); sys.stderr.write('message'); print('result');"
        "log.write('row'); log.close()"
    )
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(["sh", "-c", f'"{sys.executable}" -c "{code}" <&- >&- 2>&-'], cwd=tmp_path, env=environment)
    assert done.returncode == 0
    assert (tmp_path / "log.txt").read_text() == "row"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the system has no full device")
@pytest.mark.parametrize("words", [f"lint -- {RUINED}", "check start.sh", "watch run --once", "--help"])
def test_results_that_cannot_be_written_are_an_error(folder: Path, words: str) -> None:
    done = shell(folder, words, "> /dev/full")
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1] == "error: cannot write to standard output: No space left on device"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the system has no full device")
@pytest.mark.parametrize("words", COMMANDS)
def test_messages_that_cannot_be_written_are_dropped(folder: Path, words: str) -> None:
    assert shell(folder, words, "2> /dev/full").returncode == COMMANDS[words]


@pytest.mark.parametrize("words", ["check .", "train dmc_walker_walk", "doctor", f"lint -- {RUINED}"])
def test_a_current_folder_that_was_removed_is_named(words: str, tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    done = shell(gone, words, "2>&1", before="cd . && rmdir ../gone && ")
    assert done.returncode == 2
    assert done.stdout == "error: the current folder was removed; change to another folder and start again\n"


def test_a_closed_pipe_ends_a_command_without_a_message(folder: Path) -> None:
    done = shell(folder, "schema", "| true")
    assert (done.returncode, done.stderr) == (0, "")
