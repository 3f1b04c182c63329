"""Results about a checkout that are stored: the trace of its configuration, and what its files decide by."""

import json
from pathlib import Path

import pytest

from dreamerguard.sources.python import choice_reader, stored_choices, stored_trace
from dreamerguard.sources.python.choice_reader import read_choices
from dreamerguard.sources.python.dataflow.trace import Trace
from dreamerguard.sources.python.index import index_checkout
from dreamerguard.util.user_cache import user_cache_scope

MAIN = """
import yaml
configs = yaml.safe_load(open("configs.yaml"))
config = Config(configs["defaults"])
config = Flags(config).parse()
print(config.agent.lr)
if config.act == "relu":
    net = Net(config.enc, rate=config.agent.lr)
elif config.act == 'silu':
    from .nets import other
else:
    raise NotImplementedError(config.act)
assert config.size in (1, 2.5, None, True)
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("DREAMERGUARD_NO_CACHE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "main.py").write_text(MAIN, encoding="utf-8")
    return tmp_path / "code"


def ask(folder: Path) -> tuple[Trace | None, int]:
    with user_cache_scope():
        index = index_checkout(folder)
        found = index.trace(("main.py",), lambda: frozenset({"agent.lr", "agent.eps", "act", "enc.layers"}))
        return found, len(index.decisions(("main.py",), frozenset({"act"})).found)


def test_a_second_check_follows_and_reads_nothing(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = ask(folder)
    with monkeypatch.context() as patch:
        patch.delattr(stored_trace, "trace")
        patch.delattr(choice_reader, "read_choices")
        assert ask(folder) == first
    assert first[0] is not None
    assert first[0].may_read("agent.lr")
    assert not first[0].may_read("agent.eps")
    assert first[1] > 0


def test_changed_code_is_followed_again(folder: Path) -> None:
    ask(folder)
    (folder / "main.py").write_text(f"{MAIN}\nprint(config.agent.eps)\n", encoding="utf-8")
    found = ask(folder)[0]
    assert found is not None
    assert found.may_read("agent.eps")


def test_one_checkout_is_followed_once(folder: Path) -> None:
    index = index_checkout(folder)
    assert index.trace(("main.py",), lambda: frozenset({"agent.lr"})) is not None
    assert index.trace(("other.py",), lambda: frozenset({"agent.lr"})) is None


def test_large_code_is_not_followed(folder: Path) -> None:
    (folder / "main.py").write_text(MAIN + "x = 1\n" * 50_000, encoding="utf-8")
    assert index_checkout(folder).trace(("main.py",), lambda: frozenset({"agent.lr"})) is None


def test_choices_come_back_as_they_were() -> None:
    found = read_choices(MAIN.encode())
    assert found.closed
    assert found.passed
    assert stored_choices.decode(json.loads(json.dumps(stored_choices.encode(found)))) == found


@pytest.mark.parametrize("data", [None, [], {}, 3, [1, 2, 3, 4, 5], [[[1]], [], [], [], []], [[], [], [], [], [3]]])
def test_other_data_are_refused(data: object) -> None:
    assert stored_choices.decode(data) is None


@pytest.mark.parametrize("data", [None, {}, 3, [1, 2, 3], [[3], [], []], [[], [], [3]], [[["a", 1]], [], []]])
def test_other_traces_are_refused(data: object) -> None:
    assert stored_trace.decode(data) is None
