"""One message through one channel: the real apprise and a real server."""

from __future__ import annotations

import base64
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from dreamerguard.notify.channel import Channel, Message, deliver
from dreamerguard.notify.deliver import Unusable, fill
from dreamerguard.notify.hidden import hide_channels
from dreamerguard.notify.outbox import Outbox, SendLimits, combine

from .mail_server import SAFETY, Received, mail_server

pytest.importorskip("apprise")
HELLO = Message("hello", "a <b> & *c*\nsecond line", "warning")
SECRET = "p/ss@w:rd#1"


@pytest.fixture
def server() -> Iterator[Received]:
    with mail_server() as received:
        yield received


def send(url: str, seconds: float = SAFETY) -> str:
    return deliver(Channel(url, "test"), HELLO, seconds).why


def test_a_message_arrives_as_it_is(server: Received) -> None:
    assert send(server.url()) == ""
    (got,) = server.messages
    assert (got["title"], got["message"], got["type"]) == ("hello", "a <b> & *c*\nsecond line", "warning")


def test_a_variable_holds_a_password(server: Received, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THE_PASSWORD", SECRET)
    assert send(server.url(user="me:${THE_PASSWORD}@")) == ""
    assert server.messages[0]["authorization"] == "Basic " + base64.b64encode(f"me:{SECRET}".encode()).decode()


def test_a_variable_holds_the_whole_url(server: Received, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THE_URL", server.url("whole", user="me:pw@"))
    assert send("${THE_URL}") == ""
    assert server.messages[0]["path"] == "/whole"


@pytest.mark.parametrize(
    ("template", "url"),
    [
        ("json://u:${P}@h/x", "json://u:a%2Fb%40c@h/x"),
        ("slack://${P}/#general", "slack://a/b%40c/#general"),
        ("${P}", "a/b@c"),
        ("json://h/?x=${P}", "json://h/?x=a/b%40c"),
    ],
)
def test_values_are_encoded_where_they_could_end_a_part_of_the_url(template: str, url: str) -> None:
    assert fill(template, {"P": "a/b@c"}) == url


def test_a_missing_variable_is_named() -> None:
    with pytest.raises(Unusable, match="THE_PASSWORD is not set"):
        fill("json://u:${THE_PASSWORD}@h", {})
    assert send("json://u:${NO_SUCH_PASSWORD}@h") == "the environment variable NO_SUCH_PASSWORD is not set"


@pytest.mark.parametrize(
    "url", ["nonsense://secretword@h", "json://", "slack://secretword", "json://us:secretword@[::x"]
)
def test_a_wrong_url_is_not_repeated(url: str) -> None:
    assert send(url) == "it is no URL that apprise can use"


def test_an_error_of_the_server_is_stated(server: Received) -> None:
    assert send(server.url("500", user="me:secretword@")) == "the server answered 500"


def test_a_redirect_is_a_failure_because_the_message_would_be_lost(server: Received) -> None:
    assert "302" in send(server.url("302"))
    assert len(server.messages) == 1


@pytest.mark.parametrize("path", ["hang", "drip"])
def test_a_server_that_does_not_end_is_left(server: Received, path: str) -> None:
    found = deliver(Channel(server.url(path), "test"), HELLO, 3.0)
    assert found.late
    assert found.why == "no answer within 3 s"


def test_a_closed_port_is_stated() -> None:
    assert send("json://127.0.0.1:9/") == "no connection to the server, or no answer in time"


@pytest.mark.parametrize(
    ("url", "literal"),
    [
        ("json://me:secretword@h/x", True),
        ("json://me:secretword@${HOST_NAME}/x", True),
        ("json://h/x?+Authorization=secretword", True),
        ("slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ", True),
        ("https://discord.com/api/webhooks/1234567890/abcdefghijklmnop", True),
        ("json://h/x", False),
        ("json://me:${THE_PASSWORD}@h/x", False),
        ("json://h/x?+Authorization=${THE_PASSWORD}", False),
        ("ntfy://topic", False),
    ],
)
def test_a_secret_in_the_url_is_seen(url: str, literal: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THE_PASSWORD", SECRET)
    monkeypatch.setenv("HOST_NAME", "h")
    found = deliver(Channel(url, "test"), Message("", ""), SAFETY, check=True)
    assert (found.why, found.literal) == ("", literal)


def test_files_of_the_current_folder_are_not_imported(
    server: Received, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("apprise", "json", "requests", "keyring"):
        (tmp_path / f"{name}.py").write_text("open('mark', 'w')")
    monkeypatch.chdir(tmp_path)
    assert send(server.url()) == ""
    assert not (tmp_path / "mark").exists()


@pytest.mark.parametrize(
    ("template", "mistake"),
    [
        ("${A", "a ${ has no end"),
        ("x${A-B}", "a name in ${...} must be an environment variable, or keyring:NAME"),
        ("${keyring:}", "a name in ${...} must be an environment variable, or keyring:NAME"),
        (" ", "it is empty"),
        ("${keyring:our slack}", ""),
        ("json://${A}@h/${B}", ""),
    ],
)
def test_mistakes_of_a_template(template: str, mistake: str) -> None:
    assert Channel(template, "test").mistake == mistake


def test_the_name_of_a_channel_holds_no_secret() -> None:
    assert Channel("slack://secretword/x", "").name == "slack"
    assert Channel("${SLACK_URL}", "").name == "${SLACK_URL}"
    assert Channel("secretword", "").name == "URL"


def test_stored_commands_hide_channels() -> None:
    words = ("dreamerguard", "train", "x", "--notify", "json://h", "--notify=json://h", "--logdir", "a")
    hidden = ("dreamerguard", "train", "x", "--notify", "***", "--notify=***", "--logdir", "a")
    assert hide_channels(words) == hidden
    assert hide_channels(("python", "main.py", "--notify", "x")) == ("python", "main.py", "--notify", "x")


def test_several_messages_become_one_with_the_most_severe_first() -> None:
    found = combine([Message("a", "1"), Message("b", "2", "failure"), Message("c", "3", "warning")])
    assert found == Message("b (and 2 more)", "2\n\nc\n3\n\na\n1", "failure")
    long = combine([Message("t" * 999, "@everyone " + "x" * 9999)])
    assert len(long.title) < 200
    assert len(long.body) == 1500
    assert long.body.startswith("@ everyone ")


def test_messages_within_the_gap_are_collected_until_the_end(server: Received) -> None:
    said: list[str] = []
    outbox = Outbox(Channel(server.url(), "test"), said.append, SendLimits(collect=0, gap=3600, closing=SAFETY))
    outbox.put(Message("first", ""))
    server.wait(1)
    for name in ("second", "third"):
        outbox.put(Message(name, name))
    outbox.close(_later())
    assert server.titles == ["first", "second (and 1 more)"]
    assert (said, outbox.lost, outbox.settled) == ([], False, True)


def test_the_number_an_hour_is_limited(server: Received) -> None:
    outbox = Outbox(Channel(server.url(), "test"), print, SendLimits(collect=0, gap=0, per_hour=2, closing=SAFETY))
    for number in range(2):
        outbox.put(Message(str(number), ""))
        server.wait(number + 1)
    for number in range(2, 9):
        outbox.put(Message(str(number), ""))
    outbox.close(_later())
    assert server.titles == ["0", "1", "2 (and 6 more)"]


def test_a_failure_is_tried_again_and_noted_once(server: Received) -> None:
    said: list[str] = []
    outbox = Outbox(
        Channel(server.url("500"), "--notify"), said.append, SendLimits(collect=0, gap=0, per_hour=99, closing=SAFETY)
    )
    outbox.put(Message("first", ""))
    server.wait(3)
    outbox.close(_later())
    assert server.titles == ["first"] * 3
    assert outbox.lost
    why = "failed: the server answered 500; the run is not affected, and further failures of this channel are not shown"
    assert said == [f"a notification to json (from --notify) {why}"]


def test_the_end_does_not_wait_for_a_server_that_hangs(server: Received) -> None:
    said: list[str] = []
    outbox = Outbox(Channel(server.url("drip"), "--notify"), said.append, SendLimits(collect=0, closing=0.1))
    outbox.put(Message("first", ""))
    server.wait(1)
    outbox.close(0.0)
    assert outbox.lost
    assert "the last message was not sent within 0.1 s" in said[0]
    outbox.put(Message("after the end", ""))
    for thread in threading.enumerate():
        if thread.name == "dreamerguard notify":
            thread.join(SAFETY)
            assert not thread.is_alive()
    assert server.titles == ["first"]


def _later() -> float:
    import time

    return time.monotonic() + SAFETY
