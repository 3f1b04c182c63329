"""Channels of `watch`, `guard` and `train`, as users start them, with the real apprise and a real server."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from dreamerguard.commands.shared.errors import CommandFailed
from dreamerguard.commands.shared.listening import train_and_tell
from dreamerguard.commands.shared.stop_signals import StopSignals
from dreamerguard.notify.channel import Channel
from dreamerguard.notify.listeners import Listeners
from dreamerguard.notify.notifier import Notifier
from dreamerguard.notify.outbox import SendLimits
from dreamerguard.regression.watch.watcher import Watcher, look_at_all

from ..regression.run_logs import native_run
from .mail_server import SAFETY, Received, mail_server

pytest.importorskip("apprise")
SECRET = "secretword"


@pytest.fixture
def server() -> Iterator[Received]:
    with mail_server() as received:
        yield received


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / ".git").mkdir()
    return folder


def run(folder: Path, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    home = {"XDG_CONFIG_HOME": str(folder.parent / "config"), "XDG_CACHE_HOME": str(folder.parent / "cache")}
    env = {name: value for name, value in os.environ.items() if name != "DREAMERGUARD_NO_CACHE"} | home | variables
    done = subprocess.run(
        [sys.executable, "-m", "dreamerguard", *words], cwd=folder, env=env, capture_output=True, text=True
    )
    assert "Traceback" not in done.stderr, done.stderr
    return done


def set_own(folder: Path, **settings: list[str]) -> None:
    """Writes the user's own settings."""
    (folder.parent / "config" / "dreamerguard").mkdir(parents=True, exist_ok=True)
    lines = [f"{name.replace('_', '-')} = {json.dumps(value)}\n" for name, value in settings.items()]
    path = folder.parent / "config" / "dreamerguard" / "config.toml"
    path.write_text("".join(lines))
    path.chmod(0o600)


def test_each_state_of_a_run_is_sent_once(server: Received, tmp_path: Path) -> None:
    said: list[str] = []
    watchers = [Watcher(native_run(tmp_path / "low", gain=0.2)), Watcher(native_run(tmp_path / "sound"))]
    with Listeners([Notifier([Channel(server.url(), "test")], said.append, SendLimits(closing=SAFETY))]) as listeners:
        for _ in range(3):
            listeners.look(look_at_all(watchers))
        listeners.ended("finished: x", tmp_path / "low", ["a line"], failed=False)
        listeners.ended("finished: x", tmp_path / "low", ["a line"], failed=False)
    text = "\n".join(f"{message['title']}\n{message['message']}" for message in server.messages)
    assert text.count("REGRESSED: dmc_walker_walk") == 2  # the news, and the summary at the end
    assert text.count("finished: x") == 1
    assert "sound: OK: dmc_walker_walk" in text
    assert f"{tmp_path / 'low'} on " in text
    assert said == []


def test_a_notifier_without_channels_does_nothing(tmp_path: Path) -> None:
    notifier = Notifier([], print)
    assert not notifier
    with Listeners([notifier]) as listeners:
        listeners.look(look_at_all([Watcher(native_run(tmp_path / "low", gain=0.2))]))


def test_watch_once_sends_a_state_once_until_the_run_starts_again(server: Received, project: Path) -> None:
    native_run(project / "low", gain=0.2)
    words = ("watch", "low", "--once", "--notify", server.url())
    assert [run(project, *words).returncode for _ in range(2)] == [1, 1]
    assert [title.startswith("REGRESSED: dmc_walker_walk") for title in server.titles].count(True) == 1
    count = len(server.messages)
    for name in ("scores.jsonl", "metrics.jsonl"):
        lines = (project / "low" / name).read_text().splitlines(keepends=True)
        (project / "low" / name).write_text("".join(lines[: len(lines) // 2]))
    run(project, *words)
    assert [title.startswith("REGRESSED: dmc_walker_walk") for title in server.titles].count(True) == 2
    assert len(server.messages) > count


def test_a_state_that_did_not_arrive_is_sent_by_the_next_command(server: Received, project: Path) -> None:
    native_run(project / "low", gain=0.2)
    run(project, "watch", "low", "--once", "--notify", server.url("500"))
    run(project, "watch", "low", "--once", "--notify", server.url())
    assert {message["path"] for message in server.messages} == {"/500", "/ok"}


def test_a_project_sends_nothing_unless_it_is_trusted(server: Received, project: Path) -> None:
    native_run(project / "low", gain=0.2)
    (project / "dreamerguard.toml").write_text(f'notify = ["{server.url("project")}"]\n')
    once = ("watch", "low", "--once")
    done = run(project, *once)
    assert f"notify of {project / 'dreamerguard.toml'} is not used: to approve it" in done.stderr
    guarded = run(project, "guard", "--logdir", "low", "--", sys.executable, "-c", "raise SystemExit(3)")
    assert "is not used" in guarded.stderr
    assert run(project, "notify").returncode == 2
    assert server.messages == []
    set_own(project, trusted_folders=[str(project)])
    done = run(project, *once)
    assert "note: notify" not in done.stderr
    assert {message["path"] for message in server.messages} == {"/project"}


def test_the_users_own_channels_and_how_to_turn_them_off(server: Received, project: Path) -> None:
    native_run(project / "low", gain=0.2)
    set_own(project, notify=["${OUR_URL}"])
    url = server.url("own", user=f"me:{SECRET}@")
    run(project, "watch", "low", "--once", "--notify", "off", OUR_URL=url)
    assert server.messages == []
    done = run(project, "watch", "low", "--once")
    assert "(from " in done.stderr
    assert "is not used: the environment variable OUR_URL is not set" in done.stderr
    done = run(project, "watch", "low", "--once", OUR_URL=url)
    assert {message["path"] for message in server.messages} == {"/own"}
    count = len(server.messages)
    set_own(project, notify=[url])
    done = run(project, "watch", "low", "--once")
    assert "the URL holds a secret" in done.stderr
    assert SECRET not in done.stderr + done.stdout + run(project, "config", "show").stdout
    assert len(server.messages) == count


@pytest.mark.parametrize(
    ("url", "said"),
    [
        (f"json://me:{SECRET}@127.0.0.1:9", "the URL holds a secret, and other users can see the command line"),
        (f"nonsense://{SECRET}", "it is no URL that apprise can use"),
        ("${NO_SUCH_URL}", "the environment variable NO_SUCH_URL is not set"),
    ],
)
def test_a_typed_channel_that_cannot_be_used_is_refused(url: str, said: str, project: Path) -> None:
    native_run(project / "low")
    done = run(project, "watch", "--notify", url, "low", "--once")
    assert (done.returncode, said in done.stderr, SECRET in done.stderr) == (2, True, False)


def test_guard_starts_nothing_when_a_channel_cannot_be_used(project: Path) -> None:
    words = ["--notify", "nonsense://x", "--", sys.executable, "-c", "open('started', 'w')"]
    assert run(project, "guard", *words).returncode == 2
    assert not (project / "started").exists()


def test_guard_sends_a_crash_and_keeps_the_secret(server: Received, project: Path) -> None:
    native_run(project / "low", gain=0.2)
    words = ("--report", "report.json", "--logdir", "low", "--notify", "${OUR_URL}", "--", sys.executable, "-c")
    url = server.url("guard", user=f"me:{SECRET}@")
    done = run(project, "guard", *words, "raise SystemExit(5)", OUR_URL=url)
    assert done.returncode == 5
    text = json.dumps(server.messages)
    assert "FAILED (exit code 5): dmc_walker_walk" in text
    assert "REGRESSED: dmc_walker_walk" in text
    stored = "".join(path.read_text(errors="replace") for path in project.rglob("*") if path.is_file())
    assert SECRET not in stored + done.stderr + done.stdout


def test_a_failing_channel_changes_nothing_for_the_program(server: Received, project: Path) -> None:
    url = server.url("500", user=f"me:{SECRET}@")
    code = "import os; print(os.environ['DREAMERGUARD_NOTIFIED']); raise SystemExit(7)"
    done = run(
        project, "guard", "--logdir", "no", "--notify", "${OUR_URL}", "--", sys.executable, "-c", code, OUR_URL=url
    )
    assert (done.returncode, done.stdout) == (7, "1\n")
    assert done.stderr.count("a notification to ${OUR_URL} (from --notify) failed: the server answered 500") == 1
    assert SECRET not in done.stderr


def test_no_process_list_shows_a_secret(server: Received, project: Path) -> None:
    url = server.url("hang", user=f"me:{SECRET}@")
    code = "import glob, sys; raise SystemExit(9)"
    words = ("guard", "--logdir", "no", "--notify", "${OUR_URL}", "--", sys.executable, "-c", code)
    env = os.environ | {"OUR_URL": url}
    command = [sys.executable, "-m", "dreamerguard", *words]
    with subprocess.Popen(command, cwd=project, env=env, stderr=subprocess.DEVNULL) as process:
        server.wait(1)
        lines = [path.read_bytes() for path in Path("/proc").glob("[0-9]*/cmdline") if path.is_file()]
        server.released.set()
        assert process.wait() == 9
    assert not any(SECRET.encode() in line for line in lines)
    assert any(b"deliver.py" in line for line in lines)


def test_without_the_package_one_message_says_what_to_install(project: Path) -> None:
    native_run(project / "low")
    code = "import sys; sys.modules['apprise'] = None; sys.argv[1:] = {}; from dreamerguard.cli import main; main()"
    words = ["watch", "low", "--once", "--notify", "json://127.0.0.1:9"]
    done = subprocess.run([sys.executable, "-c", code.format(words)], cwd=project, capture_output=True, text=True)
    assert done.returncode == 2
    assert done.stderr == "error: notifications need the package apprise: pip install 'dreamerguard[notify]'\n"


def test_the_command_notify_sends_one_message(server: Received, project: Path) -> None:
    done = run(project, "notify", server.url(), "--message", "good morning")
    assert (done.returncode, done.stdout) == (0, "json (from --notify): sent\n")
    assert server.titles == ["dreamerguard: test"]
    assert server.messages[0]["message"].startswith("good morning\nsent from ")
    done = run(project, "notify", server.url("500"), server.url("x"))
    assert (done.returncode, done.stderr) == (1, "json (from --notify): the server answered 500\n")


class _Ends:
    """A listener that keeps the ends."""

    def __init__(self) -> None:
        self.ends: list[tuple[str, bool]] = []

    def look(self, statuses: object) -> None:
        pass

    def ended(self, what: str, directory: object, lines: object = (), *, failed: bool) -> None:
        self.ends.append((what, failed))

    def close(self) -> None:
        pass


def test_train_tells_that_it_failed(tmp_path: Path) -> None:
    from dreamerguard.lint.engine import check_command
    from dreamerguard.programs.native.run_lock import RunLock
    from dreamerguard.sources.argv import read_command

    typed = ["dreamerguard", "train", "dmc_walker_walk"]
    result = check_command(read_command(typed))
    assert result.run.config is not None
    ends, directory = _Ends(), tmp_path / "run"
    directory.mkdir()
    with RunLock([directory], ["another"], print), StopSignals() as stop, pytest.raises(CommandFailed):
        train_and_tell(Listeners([ends]), result.run.config, directory, result, typed, stop, restart=False, start=None)
    assert ends.ends == [("FAILED (exit code 75): dmc_walker_walk", True)]
