"""The page about a sweep in a real browser, at any width, in light and dark mode, and on paper."""

from __future__ import annotations

import base64
import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from ..chromium import PROGRAM, Browser
from ..test_report_browser import _LOWEST_CONTRAST
from .pages import hostile_page, large_page, stopped_page

pytestmark = [pytest.mark.slow, pytest.mark.skipif(PROGRAM is None, reason="needs Chromium")]


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("pages")
    found = {"stopped": stopped_page(), "large": large_page(), "hostile": hostile_page()}
    for name, page in found.items():
        (folder / f"{name}.html").write_text(page, encoding="utf-8")
    return {name: folder / f"{name}.html" for name in found}


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with Browser(tmp_path_factory.mktemp("browser")) as browser:
        yield browser


@pytest.mark.parametrize("width", [360, 800, 1400])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits_and_can_be_read(browser: Browser, pages: dict[str, Path], width: int, scheme: str) -> None:
    for name in ("stopped", "large"):
        browser.show(width, scheme)
        browser.open(pages[name])
        assert browser.evaluate("document.documentElement.scrollWidth") <= width
        marks = "[...document.querySelectorAll('.mark')].map(mark => mark.getBoundingClientRect())"
        assert browser.evaluate(f"{marks}.every(box => box.left >= 0 && box.right <= innerWidth)")
        assert browser.evaluate(_LOWEST_CONTRAST) >= 4.5
        if folder := os.environ.get("DREAMERGUARD_SCREENSHOTS"):
            browser.screenshot(Path(folder) / f"sweep-{name}-{width}-{scheme}.png")


@pytest.mark.parametrize(("name", "most"), [("stopped", 5), ("large", 14)])
def test_on_paper_the_tables_are_whole(browser: Browser, pages: dict[str, Path], name: str, most: int) -> None:
    browser.show(718, "light", "print")  # a page of letter paper
    browser.open(pages[name])
    widest = "Math.max(...[...document.querySelectorAll('table')].map(table => table.getBoundingClientRect().right))"
    assert browser.evaluate(widest) <= 718
    paper = base64.b64decode(browser.call("Page.printToPDF", printBackground=True)["data"])
    assert 1 <= len(re.findall(rb"/Type\s*/Page\b", paper)) <= most


def test_the_page_is_quiet_and_loads_nothing(browser: Browser, pages: dict[str, Path]) -> None:
    browser.open(pages["hostile"])
    said = [e for e in browser.events if e["method"] in ("Runtime.consoleAPICalled", "Runtime.exceptionThrown")]
    assert said + [e for e in browser.events if e["method"] == "Log.entryAdded"] == []
    assert browser.evaluate("window.hacked === undefined")
    assert browser.evaluate("document.querySelectorAll('script, img, iframe, object').length") == 0
