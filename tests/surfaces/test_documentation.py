"""The documentation: generated pages are up to date, links lead somewhere, and the first pages stay short."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from benchmarks.documentation.__main__ import DOCS, ROOT, generated
from benchmarks.documentation.navigation import NAVIGATION, site_configuration
from benchmarks.documentation.prose import code, prose
from dreamerguard import __version__
from dreamerguard.commands.app import COMMANDS

PAGES = sorted(path for path in DOCS.rglob("*.md"))
_LINK = re.compile(r"\]\(([^)\s]+)\)")
_FENCE = re.compile(r"^(```|~~~).*?^\1", re.DOTALL | re.MULTILINE)


def test_generated_pages_and_pictures_are_up_to_date() -> None:
    wanted = generated()
    stale = [name for name, text in wanted.items() if not (DOCS / name).is_file() or (DOCS / name).read_text() != text]
    assert not stale, "run: python -m benchmarks.documentation"
    assert {f"commands/{path.name}" for path in (DOCS / "commands").iterdir()} <= set(wanted)


def test_every_command_has_a_page_with_a_line_to_type() -> None:
    for name in COMMANDS:
        text = (DOCS / "commands" / f"{name}.md").read_text()
        assert f"# dreamerguard {name}" in text and f"    dreamerguard {name}" in text, name


def _links(page: Path) -> list[str]:
    return _LINK.findall(_FENCE.sub("", page.read_text(encoding="utf-8")))


def _anchors(page: Path) -> set[str]:
    heads = re.findall(r"^#+ (.*)$", _FENCE.sub("", page.read_text(encoding="utf-8")), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.replace("`", "")).strip().lower().replace(" ", "-") for head in heads}


@pytest.mark.parametrize("page", [ROOT / "README.md", *PAGES], ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    for target in _links(page):
        if "://" in target or target.startswith(("mailto:", "<")):
            continue
        path, _, anchor = target.partition("#")
        found = (page.parent / path) if path else page
        assert found.exists(), f"{page.name}: {target}"
        if anchor and found.suffix == ".md":
            assert anchor in _anchors(found), f"{page.name}: {target}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(DOCS)))
def test_pages_of_the_site_do_not_link_out_of_it(page: Path) -> None:
    for target in _links(page):
        if "://" not in target:
            assert (page.parent / target.partition("#")[0]).resolve().is_relative_to(DOCS), f"{page.name}: {target}"


def _pages(entry: Any) -> list[str]:
    if isinstance(entry, str):
        return [entry]
    items = entry if isinstance(entry, list) else entry.values()
    return [page for item in items for page in _pages(item)]


def test_the_navigation_has_every_page_that_exists() -> None:
    site = tomllib.loads(site_configuration(DOCS))["project"]
    listed = _pages(site["nav"])
    assert all((DOCS / page).is_file() for page in listed)
    assert len(listed) == len(set(listed))
    top = {path.relative_to(DOCS).as_posix() for path in PAGES if path.parent.name != "rules"} | {"rules/index.md"}
    assert top == set(listed), "add the page to NAVIGATION"


def test_pages_of_the_navigation_that_do_not_exist_are_left_out(tmp_path: Path) -> None:
    (tmp_path / "index.md").write_text("# x")
    assert _pages(tomllib.loads(site_configuration(tmp_path))["project"]["nav"]) == ["index.md"]
    assert "sweeps.md" in _pages(NAVIGATION)


def test_the_first_page_answers_on_one_screen() -> None:
    lines = (DOCS / "index.md").read_text().splitlines()
    table = [line for line in lines[:14] if line.startswith("|")]
    assert len(lines) <= 34
    for program in ("danijar/dreamerv3", "dreamerv3-torch", "sheeprl", "bundled trainer"):
        assert any(program in line and "`dreamerguard " in line for line in table), program


def test_the_readme_is_short_and_starts_with_the_founding_case() -> None:
    text = (ROOT / "README.md").read_text()
    assert len(text.splitlines()) <= 120
    head = "\n".join(text.splitlines()[:14])
    assert "run.train_ratio=32" in head and "docs/pictures/refused.svg" in head and "danijar/dreamerv3#140" in head


def test_the_terminal_picture_says_what_the_program_says() -> None:
    shown = re.sub(r"<[^>]+>", "", (DOCS / "pictures" / "refused.svg").read_text()).replace("&#160;", " ")
    assert "low-train-ratio" in shown and "refused to train" in shown and "expected 512" in shown
    assert "http://" not in (DOCS / "pictures" / "refused.svg").read_text().replace("http://www.w3.org", "")


def test_help_texts_become_markdown_that_shows_every_character() -> None:
    assert prose("a_b | *c* <d> --no-config x") == "a\\_b \\| \\*c\\* &lt;d> `--no-config` x"
    assert prose("``watch --x`` and `a_b`") == "`watch --x` and `a_b`"
    assert code("a|b") == "`a\\|b`"


def test_the_citation_names_this_version() -> None:
    cited = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert cited["version"] == __version__
    assert cited["cff-version"] == "1.2.0" and cited["license"] == "MIT"


@pytest.mark.integration
def test_the_site_builds_without_a_warning(tmp_path: Path) -> None:
    zensical = shutil.which("zensical", path=str(Path(sys.executable).parent))
    if zensical is None:
        pytest.skip("the extra docs is not installed")
    shutil.copytree(DOCS, tmp_path / "docs")
    (tmp_path / "zensical.toml").write_text(site_configuration(tmp_path / "docs"))
    done = subprocess.run([zensical, "build", "--strict"], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    for page in ("index.html", "commands/check.html", "rules/low-train-ratio.html", "keys.html"):
        assert (tmp_path / "site" / page).is_file()
