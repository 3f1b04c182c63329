"""The report's page and command: whole, escaped, and without anything from outside."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from dreamerguard.commands.app import app
from dreamerguard.commands.shared.report_settings import describe_run
from dreamerguard.regression.charts.html import count, figure, link, linked, percent, tag, text
from dreamerguard.regression.charts.page import report_page
from dreamerguard.regression.charts.run_charts import score_chart, verdict_chart
from dreamerguard.regression.charts.svg import thinned, ticks
from dreamerguard.regression.published import load_calibration, load_envelope
from dreamerguard.regression.published.score_limits import score_limits
from dreamerguard.regression.watch.verdict import judge_cells
from dreamerguard.regression.watch.watcher import Watcher

from .report_runs import HOSTILE, hostile_run, report_runs, two_sides
from .run_logs import append, native_run

VOID = {"meta", "link", "br", "hr", "img", "input"}


class Page(HTMLParser):
    """Reads a page strictly: every element is closed in order, every identifier is unique."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.ids: list[str] = []
        self.words = ""
        self.feed(page)
        self.close()
        assert self.open == []
        assert len(set(self.ids)) == len(self.ids)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        known = {name: value or "" for name, value in attrs}
        assert len(known) == len(attrs), f"an attribute stands twice in {tag}"
        self.tags.append((tag, known))
        self.ids += [known["id"]] if "id" in known else []
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] != "style":
            self.words += data

    def all(self, tag: str, style: str = "") -> list[dict[str, str]]:
        """Attributes of the elements of a name, and of a class if given."""
        found = [known for name, known in self.tags if name == tag]
        return [known for known in found if not style or style in known.get("class", "").split(" ")]


def _page(*runs: Path) -> str:
    return report_page([describe_run(run.name, Watcher(run).look()) for run in runs], "Made today.")


def _run(*words: object) -> Result:
    result = CliRunner().invoke(app, ["report", *map(str, words)])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    return report_runs(tmp_path_factory.mktemp("runs"))


def test_one_run_on_a_page(runs: list[Path]) -> None:
    html = _page(runs[0])
    page = Page(html)
    assert html.startswith("<!doctype html>\n<html lang=")
    curve = next(known for known in page.all("path", "run-0") if "dots" not in known["class"])
    assert re.fullmatch(r"M[\d.]+ [\d.]+(L[\d.]+ [\d.]+){48}", curve["d"])
    assert page.all("path", "band")[0]["d"].count("L") == 2 * 49 - 1
    for words in (
        "REGRESSED",
        "DG101 low-train-ratio",
        "Allowed: a test",
        "6% of the published 250",
        "run.train_ratio",
        "Gradient updates per second",
        "All values as a table",
        "Made today.",
    ):
        assert words in page.words, words


def test_it_can_be_heard_and_steered_by_keys(runs: list[Path]) -> None:
    page = Page(_page(*runs))
    drawings = page.all("svg")
    assert len(drawings) > 6
    for drawing in drawings:
        assert drawing["role"] == "img"
        assert all(name in page.ids for name in drawing["aria-labelledby"].split())
    assert len(page.all("desc")) == len(drawings)
    assert all(known["tabindex"] == "0" and known["aria-label"] for known in page.all("div", "scroll"))
    heads = [int(name[1]) for name, _ in page.tags if re.fullmatch(r"h\d", name)]
    assert heads[0] == 1
    assert heads.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(heads))
    targets = [known["href"][1:] for known in page.all("a") if known["href"].startswith("#")]
    assert len(targets) == 3
    assert set(targets) <= set(page.ids)


def test_it_loads_nothing_and_runs_nothing(runs: list[Path]) -> None:
    html = _page(*runs)
    page = Page(html)
    assert not {"script", "img", "iframe", "object", "embed", "form", "base"} & {name for name, _ in page.tags}
    assert [known["href"] for known in page.all("link")] == ["data:,"]
    assert not [name for _, known in page.tags for name in known if name.startswith("on") or name in ("src", "action")]
    assert "@import" not in html
    assert "url(" not in html
    (policy,) = [k["content"] for k in page.all("meta") if k.get("http-equiv") == "Content-Security-Policy"]
    assert policy.startswith("default-src 'none'")
    assert all(known["href"].startswith(("#", "https://")) for known in page.all("a"))


def test_whatever_a_run_says_is_text(tmp_path: Path) -> None:
    html = _page(hostile_run(tmp_path))
    page = Page(html)
    assert not {"script", "img", "b", "i"} & {name for name, known in page.tags if not known.get("class")}
    assert "\x1b" not in html
    assert "\u202e" not in html
    shown = HOSTILE.replace("\x1b", "\\x1b").replace("\u202e", "\\u202e")
    assert page.words.count(shown) >= 7
    assert "javascript:" not in html


def test_several_runs_share_a_chart_with_a_line_each(runs: list[Path]) -> None:
    html = _page(*runs)
    page = Page(html)
    assert "all-0" in page.ids
    together = html[html.index('id="all-0"') : html.index('id="run-0"')]
    assert [together.count(f'class="line run-{i}"') for i in range(4)] == [1, 1, 1, 0]
    assert html.count("<section") == 3


def test_runs_without_scores_reference_or_log(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "begun").mkdir()
    (tmp_path / "begun" / "run.yaml").write_text('{"task": "dmc_walker_walk"}')
    append(tmp_path / "torch" / "metrics.jsonl", [{"step": 1000 * i, "train_return": 1.0 * i} for i in range(30)])
    page = Page(_page(*(tmp_path / name for name in ("empty", "begun", "torch"))))
    assert "holds no log yet" in page.words
    assert "does not state the task: set --task" in page.words
    assert "NO REFERENCE" in page.words
    (line,) = [known for known in page.all("path", "run-0") if known["d"].count("L") > 29]
    assert line["class"] == "line run-0"


def test_settings_are_compared_with_what_was_published(tmp_path: Path) -> None:
    native = describe_run("a", Watcher(native_run(tmp_path / "native", ratio=32)).look())
    assert native.differences is not None
    found = {item.key: item for item in native.differences}
    assert found.keys() == {"run.train_ratio", "run.frames"}
    ratio = found["run.train_ratio"]
    assert (ratio.run, ratio.published) == ("32", "512")
    assert ratio.url.startswith("https://github.com/danijar/dreamerv3/")
    run = tmp_path / "danijar"
    append(run / "scores.jsonl", [{"step": 1000 * i, "episode/score": 9.0} for i in range(1, 50)])
    from dreamerguard.programs.danijar.editions import EDITIONS
    from dreamerguard.programs.danijar.published import preset_values

    values = preset_values(EDITIONS["2025"].load(), "dmc_proprio")
    changed = values | {"task": "dmc_walker_walk", "run.train_ratio": 32.0, "seed": 7, "logdir": "/x", "batch_size": 8}
    (run / "config.yaml").write_text(json.dumps(changed))
    page = describe_run("b", Watcher(run, suite="dmc_proprio").look())
    assert page.differences is not None
    assert {(item.key, item.run, item.published) for item in page.differences} == {
        ("run.train_ratio", "32", "1024"),
        ("batch_size", "8", "16"),
    }
    assert page.compared_with == "preset dmc_proprio of danijar/dreamerv3 at e3f0224"


def test_the_command(runs: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    done = _run(runs[0].parent, "--png", "curves.png")
    assert (done.exit_code, done.output) == (0, "report.html: begun OK, fine OK, low-ratio REGRESSED\n")
    assert Page(Path("report.html").read_text(encoding="utf-8")).words.startswith("3 DreamerV3 runs")
    assert Path("curves.png").read_bytes().startswith(b"\x89PNG")
    same = native_run(tmp_path / "other" / "fine", 2)
    assert _run(runs[1], same, "-o", "two.html").output == "two.html: runs0/fine OK, other/fine OK\n"


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("nowhere",), "error: nowhere does not exist"),
        (("file",), "error: file is not a directory"),
        ((".", "-o", "no/report.html"), "error: cannot write 'no/report.html'"),
        ((".", "--png", "no/curves.png"), "error: cannot write no/curves.png"),
        ((".", "--reference", "no.json"), "error: --reference"),
    ],
)
def test_what_cannot_be_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], says: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("file").write_text("")
    done = _run(*words)
    assert (done.exit_code, says in done.output, done.output.count("\n")) == (2, True, 1), done.output


def test_figures_and_pieces() -> None:
    assert ticks(0, 490_000, 5) == [0, 100_000, 200_000, 300_000, 400_000]
    assert ticks(-130, 1000, 4) == [0, 500, 1000]
    assert ticks(0.0, 0.3, 3) == pytest.approx([0, 0.1, 0.2, 0.3])
    assert [count(x) for x in (0, 900, 490_000, 1.1e6)] == ["0", "900", "490\u00a0k", "1.1\u00a0M"]
    assert [figure(x) for x in (None, 0.12345, 921.44, 12345.6)] == ["–", "0.1235", "921.4", "12,346"]
    assert [percent(x) for x in (1, 0.05, 0.0112)] == ["100\u00a0%", "5\u00a0%", "1.1\u00a0%"]
    points = [(float(i), 0.0) for i in range(1000)]
    assert [thinned(points, 10)[i] for i in (0, -1)] == [points[0], points[-1]]
    assert len(thinned(points, 10)) == 10
    assert tag("p", "a<b", class_="x", title='"') == '<p class="x" title="&quot;">a&lt;b</p>'
    assert link("x", "javascript:y") == "x"
    assert linked("see https://e.org/a?b=1&c (or not)").count("<a ") == 1
    assert text("a\x00\u202eb") == "a\\x00\\u202eb"


def test_two_sides_open_with_the_verdict_and_one_colour_each(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    two_sides(Path())
    new, old = ([f"{side}/s{seed}" for seed in range(5)] for side in ("new", "old"))
    sentence = "WORSE: the final score is lower with p = 0.004 (5 candidate seeds against 5 baseline seeds on"
    for words in ((*new, "--baseline", *old), ("new", "-b", "old"), ("new", "old")):
        done = _run(*words)
        assert (done.exit_code, done.output.startswith(f"report.html: {sentence}")) == (0, True), done.output
        html = Path("report.html").read_text(encoding="utf-8")
        page = Page(html)
        assert sentence in page.words[:400]
        assert page.words.index("WORSE") < page.words.index("OK")
        chart = html[html.index('id="all-0"') : html.index("What changed")]
        assert [chart.count(f'class="line run-{i} seed"') for i in range(3)] == [5, 5, 0]
        assert [chart.count(f'class="line run-{i} side"') for i in range(3)] == [1, 1, 0]
        assert not page.all("span", "ok")
        assert len(page.all("details", "run")) == 10
        assert ("new is the candidate because it was named first" in page.words) is (words == ("new", "old"))


def test_two_folders_that_are_not_comparable_are_still_shown(tmp_path: Path) -> None:
    native_run(tmp_path / "new" / "a", 1, repeat=1)
    native_run(tmp_path / "old" / "a", 2)
    words = (tmp_path / "new", tmp_path / "old", "-o", tmp_path / "r.html")
    done = _run(*words)
    assert (done.exit_code, "the two folders are not compared: runs differ in action-repeat" in done.output) == (
        0,
        True,
    )
    stated = _run(words[0], "--baseline", *words[1:])
    assert (stated.exit_code, "--allow action-repeat" in stated.output) == (2, True)
    assert _run(words[0], "--allow", "action-repeat", "--baseline", *words[1:]).exit_code == 0


def test_no_character_is_spelled_out(runs: list[Path], tmp_path: Path) -> None:
    for pages in (_page(*runs), _page(runs[0])):
        assert re.findall(r"\\[xuU][0-9a-f]{2}", pages) == []
        assert "490\u00a0k" in pages


def test_line_dots_and_band_show_one_statistic(runs: list[Path]) -> None:
    status = Watcher(runs[1]).look()
    assert status.log is not None
    assert status.reference is not None
    chart, verdict = score_chart(status, "a"), verdict_chart(status, "b")
    assert chart is not None
    assert verdict is not None
    assert chart.lines[-1].label == "this run, mean per 10\u00a0k frames"
    scores, grid = list(status.log.scores[0]), status.reference.envelope.grid
    for (x, y), edge in zip(chart.lines[-1].points, grid, strict=True):
        inside = [score for frames, score in scores if edge - 10_000 < frames <= edge]
        assert y == pytest.approx(sum(inside) / len(inside))
        assert x == edge - 5_000
    lows = [min(curve[i] or 0.0 for curve in status.reference.envelope.curves) for i in range(len(grid))]
    assert [low for _, low, _ in chart.bands[0].points] == lows
    assert not [line for line in chart.lines if line.style == "alarm"]
    looks = [look.score for look in status.verdict.looks] if status.verdict else []
    assert [y for _, y in verdict.lines[-1].points] == looks
    assert verdict.lines[-1].label == "this run, mean over the last 16\u00a0% of the budget"
    assert [line.label for line in verdict.lines if line.style == "alarm"] == ["below this: WATCH (5 %)"]


def test_many_runs_keep_a_line_of_their_own_and_fold(tmp_path: Path) -> None:
    page = Page(_page(*(native_run(tmp_path / f"s{seed}", seed, gain=0.2 if seed == 0 else 1.0) for seed in range(7))))
    styles = [known["class"] for known in page.all("path", "line") if known["class"].startswith("line run-0")][:2]
    assert styles == ["line run-0", "line run-0 dashed"]
    assert len(page.all("details", "run")) == 6  # not the run that is too low


def test_bands_lie_within_the_scores_of_the_task() -> None:
    for suite, task, low, high in (
        ("dmc_proprio", "dmc_ball_in_cup_catch", 0, 1000),
        ("atari100k", "atari100k_pong", -21, 21),
        ("atari100k", "atari100k_seaquest", 0, None),
        ("atari", "atari_private_eye", None, None),
    ):
        envelope, calibration = load_envelope(suite, task), load_calibration(suite, "2024")
        assert envelope is not None
        assert calibration is not None
        cells = [value if value is not None else 0.0 for value in envelope.median]
        verdict = judge_cells(cells, envelope, calibration[0], method=calibration[1])
        lows = [look.low for look in verdict.looks if look.low is not None]
        highs = [look.high for look in verdict.looks if look.high is not None]
        assert low is None or (min(lows) >= low and min(envelope.pi90_low) < low)  # type: ignore[type-var]
        assert high is None or max(highs) <= high
        assert low is not None or min(lows) < -1000
    assert score_limits("dmc_proprio", "dmc_lqr_lqr_2_1") == (None, None)
