"""The report in a real browser: complete, without errors, and readable at any width, in light and dark mode.

Pictures go to the folder that ``DREAMERGUARD_SCREENSHOTS`` names, if it is set.
"""

from __future__ import annotations

import base64
import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from dreamerguard.commands.app import app

from .chromium import PROGRAM, Browser
from .report_runs import hostile_run, report_runs, two_sides

pytestmark = [pytest.mark.slow, pytest.mark.skipif(PROGRAM is None, reason="needs Chromium")]


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Reports of one run, of several, and of one whose every text tries to be markup."""
    folder = tmp_path_factory.mktemp("pages")
    runs = report_runs(folder / "runs")
    groups = {"one": runs[:1], "many": runs, "hostile": [hostile_run(folder / "hostile")]}
    groups["sides"] = two_sides(folder / "sides")
    for name, group in groups.items():
        words = ["report", *map(str, group), "-o", str(folder / f"{name}.html")]
        assert CliRunner().invoke(app, words).exit_code == 0
    return {name: folder / f"{name}.html" for name in groups}


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with Browser(tmp_path_factory.mktemp("browser")) as browser:
        yield browser


@pytest.mark.parametrize("name", ["one", "many", "hostile", "sides"])
def test_the_page_is_quiet_and_loads_nothing(browser: Browser, pages: dict[str, Path], name: str) -> None:
    browser.open(pages[name])
    said = [e for e in browser.events if e["method"] in ("Runtime.consoleAPICalled", "Runtime.exceptionThrown")]
    said += [e for e in browser.events if e["method"] == "Log.entryAdded"]
    assert said == []
    asked = {e["params"]["request"]["url"] for e in browser.events if e["method"] == "Network.requestWillBeSent"}
    assert {url.partition(":")[0] for url in asked} <= {"file", "data"}
    assert {url for url in asked if url.startswith("file")} == {pages[name].as_uri()}
    assert browser.evaluate("document.scripts.length") == 0
    assert browser.evaluate("document.compatMode") == "CSS1Compat"


def test_the_curve_has_every_look_and_the_dots_every_episode(browser: Browser, pages: dict[str, Path]) -> None:
    browser.open(pages["one"])
    path = "document.querySelector('#run-0-scores svg path.line.run-0:not(.dots)')"
    assert browser.evaluate(f"{path}.getAttribute('d').match(/[ML]/g).length") == 49
    assert browser.evaluate(f"{path}.getTotalLength() > 500")
    assert browser.evaluate("getComputedStyle(" + path + ").strokeWidth") == "2px"
    dots = "document.querySelector('#run-0-scores svg path.dots').getAttribute('d').match(/M/g).length"
    assert browser.evaluate(dots) == 245
    assert browser.evaluate("document.querySelectorAll('#run-0-scores svg path.tip > title').length") == 49


def test_nothing_hostile_becomes_an_element(browser: Browser, pages: dict[str, Path]) -> None:
    browser.open(pages["hostile"])
    assert browser.evaluate("document.querySelectorAll('script, img, iframe, object, form, base').length") == 0
    assert browser.evaluate("window.hacked === undefined")
    assert browser.evaluate("document.body.innerText.includes('</script><script>window.hacked=1</script>')")
    links = "[...document.links].every(a => ['https:', 'http:', 'file:'].includes(a.protocol))"
    assert browser.evaluate(links)


@pytest.mark.parametrize("width", [360, 800, 1400])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits_and_can_be_read(browser: Browser, pages: dict[str, Path], width: int, scheme: str) -> None:
    for name in ("one", "many", "sides"):
        browser.show(width, scheme)
        browser.open(pages[name])
        assert browser.evaluate("document.documentElement.scrollWidth") <= width
        # Words of the axes must not cover each other, nor leave the page.
        overlaps = """(() => {
          document.querySelectorAll('details').forEach(part => part.open = true);
          const rows = axis => [...document.querySelectorAll('.plot')].map(plot =>
            [...plot.querySelectorAll('.mark.' + axis)].map(mark => mark.getBoundingClientRect()));
          const all = [...document.querySelectorAll('.mark')].map(mark => mark.getBoundingClientRect());
          return rows('x').some(row => row.some((box, i) => i && box.left < row[i - 1].right + 2))
            || rows('y').some(row => row.some((box, i) => i && box.bottom > row[i - 1].top))
            || all.some(box => box.left < 0 || box.right > innerWidth);
        })()"""
        assert browser.evaluate(overlaps) is False
        settings = "[...document.querySelectorAll('.stacked')].map(table => table.getBoundingClientRect().right)"
        assert browser.evaluate(f"Math.max(0, ...{settings})") <= width
        assert browser.evaluate("parseFloat(getComputedStyle(document.querySelector('.mark')).fontSize)") >= 11
        assert browser.evaluate(_LOWEST_CONTRAST) >= 4.5
        folder = os.environ.get("DREAMERGUARD_SCREENSHOTS")
        if folder:
            browser.screenshot(Path(folder) / f"{name}-{width}-{scheme}.png")


def test_on_paper_it_is_light_and_the_tables_are_whole(browser: Browser, pages: dict[str, Path]) -> None:
    browser.show(800, "dark", "print")
    browser.open(pages["one"])
    assert browser.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert browser.evaluate("getComputedStyle(document.querySelector('.scroll')).overflowX") == "visible"
    for name in ("many", "sides"):
        browser.show(718, "light", "print")  # a page of letter paper
        browser.open(pages[name])
        widest = (
            "Math.max(...[...document.querySelectorAll('table')].map(table => table.getBoundingClientRect().right))"
        )
        assert browser.evaluate(widest) <= 718
    assert len(browser.call("Page.printToPDF", printBackground=True)["data"]) > 20_000


@pytest.mark.parametrize(("name", "most"), [("one", 4), ("many", 8), ("sides", 3)])
def test_it_prints_in_a_few_pages(browser: Browser, pages: dict[str, Path], name: str, most: int) -> None:
    browser.show(800, "light", "print")
    browser.open(pages[name])
    paper = base64.b64decode(browser.call("Page.printToPDF", printBackground=True)["data"])
    assert 1 <= len(re.findall(rb"/Type\s*/Page\b", paper)) <= most


def test_a_worse_release_is_seen_at_once(browser: Browser, pages: dict[str, Path]) -> None:
    browser.show(390)
    browser.open(pages["sides"])
    seen = browser.evaluate("document.elementFromPoint(60, 60).closest('h1').innerText")
    assert seen.startswith("WORSE")
    colours = """[...document.querySelectorAll('#all-0 svg path.line.seed')]
      .map(path => getComputedStyle(path).stroke)"""
    assert browser.evaluate(f"new Set({colours}).size") == 2
    assert browser.evaluate("document.body.innerText.includes('\\\\x')") is False


#: The lowest contrast of any text against the page (https://www.w3.org/TR/WCAG21/#contrast-minimum asks for 4.5).
_LOWEST_CONTRAST = """(() => {
  const light = color => {
    const parts = color.match(/[\\d.]+/g).slice(0, 3).map(x => x / 255)
      .map(x => x <= 0.04045 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4);
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2];
  };
  const paper = light(getComputedStyle(document.body).backgroundColor);
  const ratio = x => (Math.max(x, paper) + 0.05) / (Math.min(x, paper) + 0.05);
  return Math.min(...[...document.querySelectorAll('p, td, th, a, span, strong, h1, h2, h3, li, summary')]
    .map(element => ratio(light(getComputedStyle(element).color))));
})()"""
