"""Diagnostics link to the page of their rule."""

from pathlib import Path
from urllib.parse import urlsplit

import pytest

from dreamerguard.server.rule_links import rule_link


@pytest.fixture(autouse=True)
def _nothing_remembered() -> None:
    rule_link.cache_clear()


def test_the_page_lies_in_the_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DREAMERGUARD_NO_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    page = Path(urlsplit(rule_link("unknown-key")).path)
    assert page.is_relative_to(tmp_path)
    assert page.read_text().startswith("# unknown-key (DG301)")


def test_without_a_cache_the_first_reference_is_linked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert rule_link("low-train-ratio").startswith("https://")
    assert rule_link("no-such-rule") == ""
    monkeypatch.delenv("DREAMERGUARD_NO_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    (tmp_path / "file").write_text("")
    rule_link.cache_clear()
    assert rule_link("low-train-ratio").startswith("https://")
