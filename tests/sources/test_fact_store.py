"""Stored facts of a checkout: used only if they are whole, of this reader and of this content."""

import json
import os
import threading
from pathlib import Path

import pytest

from dreamerguard.sources.python import fact_store, indexed_files
from dreamerguard.sources.python.fact_codec import decode, encode
from dreamerguard.sources.python.fact_reader import parse_facts
from dreamerguard.sources.python.index import index_checkout
from dreamerguard.util.user_cache import user_cache_scope

CODE = b"""
import lib
def build(c, *rest, depth=3):
    d = dict(c)
    return getattr(c, rest[0]), net(**c.encoder)
class Run:
    def __init__(self, config):
        self.every = Every(config.log_every)
p.add_argument("--noise", default=1)
"""


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("DREAMERGUARD_NO_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def parsed(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """Contents that were parsed."""
    seen: list[bytes] = []

    def parse(data: bytes) -> object:
        seen.append(data)
        return parse_facts(data)

    monkeypatch.setattr(indexed_files, "parse_facts", parse)
    return seen


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    folder = tmp_path / "checkout"
    folder.mkdir()
    (folder / "a.py").write_bytes(CODE)
    (folder / "b.py").write_text("print(config.horizon)", encoding="utf-8")
    return folder


def answers(folder: Path, *, on: bool = True) -> tuple[object, ...]:
    with user_cache_scope(on=on):
        found = index_checkout(folder)
        return found.doubts, found.may_read("horizon"), found.may_read("discount"), found.reads("log_every")


def stores(cache: Path) -> list[Path]:
    return sorted(cache.rglob("*.json"))


def test_facts_survive_as_json() -> None:
    facts = parse_facts(CODE)
    assert facts is not None
    assert decode(json.loads(json.dumps(encode(facts)))) == facts


def test_the_second_check_parses_nothing(cache: Path, checkout: Path, parsed: list[bytes]) -> None:
    first = answers(checkout)
    assert len(parsed) == 2
    assert answers(checkout) == first == answers(checkout, on=False)
    assert len(parsed) == 4  # the last one works without the cache


def test_a_changed_file_is_parsed_again(cache: Path, checkout: Path, parsed: list[bytes]) -> None:
    answers(checkout)
    status = (checkout / "b.py").stat()
    (checkout / "b.py").write_text("print(config.discoun)"[:21], encoding="utf-8")
    os.utime(checkout / "b.py", ns=(status.st_atime_ns, status.st_mtime_ns))
    assert answers(checkout)[1] is False
    assert len(parsed) == 3
    (store,) = stores(cache)
    assert len(json.loads(store.read_bytes().partition(b"\n")[2])) == 2  # facts of the old content are dropped


def damage(store: Path, how: str) -> None:
    head, _, body = store.read_bytes().partition(b"\n")
    if how == "cut":
        store.write_bytes(store.read_bytes()[:-20])
    elif how == "flipped":
        store.write_bytes(head + b"\n" + body.replace(b"horizon", b"discoun"))
    elif how == "empty":
        store.write_bytes(b"")
    elif how == "noise":
        store.write_bytes(os.urandom(3000))
    elif how == "large":
        store.write_bytes(b"x" * (fact_store._MAX_STORE + 300))
    elif how == "link":
        store.rename(store.with_suffix(".old"))
        store.symlink_to(store.with_suffix(".old"))
    elif how == "pipe":
        store.unlink()
        os.mkfifo(store)
    elif how == "folder":
        store.unlink()
        store.mkdir()
    elif how == "open to all":
        store.chmod(0o666)


HOSTILE = {
    "other version": None,
    "list": "[]",
    "number": "3",
    "deep": "[" * 50_000 + "]" * 50_000,
    "no facts": "{KEYS: null}",
    "few": "{KEYS: []}",
    "types": "{KEYS: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15]}",
    "nested": "{KEYS: [[[]], [], [], [], [], [], [], [], [], [], [], [], [], [], [], []]}",
    "numbers": "{KEYS: [[1], [], [], [], [], [], [], [], [], [], [], [], [], [], [], []]}",
    "odd": '{KEYS: [[], [], [], [], [], [], ["a"], [], [], [], [], [], [], [], [], []]}',
}


def forge(store: Path, how: str) -> None:
    """Writes a store with a right hash and wrong content."""
    head, _, body = store.read_bytes().partition(b"\n")
    if how == "other version":
        store.write_bytes(b"0" * 64 + head[64:] + b"\n" + body)
        return
    text = HOSTILE[how] or ""
    value = text.removeprefix("{KEYS: ").removesuffix("}")
    keys = json.loads(body)
    forged = "{" + ",".join(f'"{key}": {value}' for key in keys) + "}" if "KEYS" in text else text
    store.write_bytes(fact_store._head(forged.encode()) + forged.encode())


@pytest.mark.parametrize("how", ["cut", "flipped", "empty", "noise", "large", "link", "pipe", "folder", "open to all"])
def test_a_damaged_store_is_not_used(how: str, cache: Path, checkout: Path, parsed: list[bytes]) -> None:
    first = answers(checkout)
    (store,) = stores(cache)
    damage(store, how)
    assert answers(checkout) == first
    assert len(parsed) == 4


@pytest.mark.parametrize("how", HOSTILE)
def test_a_forged_store_is_not_used(how: str, cache: Path, checkout: Path, parsed: list[bytes]) -> None:
    first = answers(checkout)
    (store,) = stores(cache)
    forge(store, how)
    assert answers(checkout) == first
    assert len(parsed) == 4
    assert answers(checkout) == first
    assert len(parsed) == 4  # it was written again


def test_nothing_is_written_into_the_checkout(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DREAMERGUARD_NO_CACHE")
    before = set(checkout.rglob("*"))
    for place in (checkout, checkout / "inner"):
        monkeypatch.setenv("XDG_CACHE_HOME", str(place))
        answers(checkout)
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    monkeypatch.setenv("HOME", str(checkout))
    answers(checkout)
    assert set(checkout.rglob("*")) == before


def test_off(cache: Path, checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    answers(checkout, on=False)
    monkeypatch.setenv("DREAMERGUARD_NO_CACHE", "1")
    answers(checkout)
    index_checkout(checkout).may_read("horizon")
    assert not cache.exists()


def test_a_folder_that_cannot_be_written_costs_nothing_but_time(checkout: Path, cache: Path) -> None:
    cache.write_text("a file where the folder would be")
    assert answers(checkout) == answers(checkout, on=False)


def test_the_number_and_the_size_of_stores_are_bounded(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fact_store, "_MAX_STORES", 3)
    for number in range(6):
        folder = tmp_path / f"checkout{number}"
        folder.mkdir()
        (folder / "a.py").write_bytes(CODE)
        answers(folder)
    assert len(stores(cache)) == 3
    monkeypatch.setattr(fact_store, "_MAX_STORE", 100)
    (folder / "a.py").write_bytes(CODE + b"\nconfig.more")
    answers(folder)
    assert len(stores(cache)) == 3


def test_parallel_use(cache: Path, checkout: Path) -> None:
    expected = answers(checkout, on=False)
    found: list[tuple[object, ...]] = []

    def work() -> None:
        found.extend(answers(checkout) for _ in range(5))

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [expected] * 30
    assert len(stores(cache)) == 1 and len(list(cache.rglob("*.*"))) == 1
