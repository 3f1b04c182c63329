"""Writes the HTML report about runs: one file that needs no network, no scripts and no other file.

The page works in print, on a phone, in light and dark mode, and with a screen reader. Text from logs is escaped, and a
content security policy blocks every load.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from importlib import resources
from typing import Any

from dreamerguard.regression.watch.status_report import headline, why_no_verdict
from dreamerguard.regression.watch.watcher import Status

from .html import Html, count, figure, html_table, items, join_html, link, linked, percent, tag, text
from .run_charts import common_chart, p_chart, ratio_chart, score_chart, speed_charts
from .run_facts import RunPage, fact_rows, throughput_facts
from .svg import draw_svg

_CLASSES = {"OK": "ok", "WATCH": "watch", "REGRESSED": "regressed"}
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
_SEVERITIES = ("error", "warning", "info")


def report_page(runs: Sequence[RunPage], made: str) -> str:
    """Returns the whole page.

    Args:
      runs: the runs to show, in this order.
      made: footer that states when and with which program the page was made.
    """
    title = f"{runs[0].label}: {headline(runs[0].status)}" if len(runs) == 1 else f"{len(runs)} DreamerV3 runs"
    head = join_html(
        [
            Html('<meta charset="utf-8">'),
            Html('<meta name="viewport" content="width=device-width, initial-scale=1">'),
            Html(f'<meta http-equiv="Content-Security-Policy" content="{text(_POLICY)}">'),
            Html('<meta name="color-scheme" content="light dark"><link rel="icon" href="data:,">'),
            tag("title", title),
            tag("style", Html(_style())),
        ]
    )
    body = tag("main", *_body(runs, title), tag("p", made, class_="soft"))
    return f'<!doctype html>\n<html lang="en"><head>{head}</head>\n<body>{body}</body></html>\n'


def _style() -> str:
    return resources.files(__package__).joinpath("page.css").read_text(encoding="utf-8")


def _body(runs: Sequence[RunPage], title: str) -> Iterator[Html]:
    yield tag("h1", title)
    if len(runs) > 1:
        yield _overview(runs)
        for index, group in enumerate(_by_task(runs)):
            chart = common_chart(
                [run.status for run in group], [run.label for run in group], f"all-{index}", group[0].status.task
            )
            yield draw_svg(chart)
    for index, run in enumerate(runs):
        yield _section(run, f"run-{index}", alone=len(runs) == 1)


def _by_task(runs: Sequence[RunPage]) -> list[list[RunPage]]:
    """Groups runs with scores by task; omits tasks with a single run."""
    groups: dict[tuple[str, str], list[RunPage]] = {}
    for run in runs:
        if run.status.log is not None and len(run.status.log.scores[0]):
            suite = run.status.reference.envelope.suite if run.status.reference else ""
            groups.setdefault((suite, run.status.task), []).append(run)
    return [group for group in groups.values() if len(group) > 1]


def _overview(runs: Sequence[RunPage]) -> Html:
    head = ("run", "verdict", "p", "score", "reference", "frames", "task")
    rows = []
    for index, run in enumerate(runs):
        status, verdict = run.status, run.status.verdict
        last = verdict.last if verdict else None
        name = tag("a", run.label, href=f"#run-{index}")
        p = percent(verdict.p) if verdict and last else "–"
        scores = figure(last.score if last else None), figure(last.median if last else None)
        frames = count(status.log.frames) if status.log else "–"
        rows.append((name, _badge(status), p, *scores, frames, status.task))
    return html_table(head, rows, "Verdicts, and the trailing mean score at the last look", numbers=2)


def _badge(status: Status) -> Html:
    verdict = headline(status)
    return tag("span", verdict, class_=f"badge {_CLASSES.get(verdict, 'open')}")


def _section(run: RunPage, name: str, alone: bool) -> Html:
    return tag("section", *_parts(run, name, alone), id=name)


def _parts(run: RunPage, name: str, alone: bool) -> Iterator[Html]:
    status, log = run.status, run.status.log
    label = "Verdict" if alone else run.label
    yield tag("h2", text(label), Html(" "), _badge(status))
    yield tag("p", _reason(status))
    yield tag("p", text(_location(status)), class_="soft")
    if status.causes:
        yield tag("h3", "Likely causes")
        yield items(map(linked, status.causes))
    yield from _charts(status, name)
    rows = fact_rows(status)
    if rows:
        yield tag("h3", "Comparison with the published agent")
        yield html_table(("", "this run", "published"), rows, "Requested and achieved figures of the run", numbers=1)
    if log is not None:
        yield tag("p", text(f"Speed: {throughput_facts(log)}, median over the second half."), class_="soft")
    yield from _health(status)
    yield from _lint(run.lint)
    yield from _differences(run)
    yield from _notes(status)
    yield from _looks(status)


def _reason(status: Status) -> str:
    if status.log is None:
        return status.waiting
    verdict = status.verdict
    if verdict is None:
        return why_no_verdict(status)
    return f"{verdict.reason[:1].upper()}{verdict.reason[1:]}."


def _location(status: Status) -> str:
    verdict = status.verdict
    p = f"; p = {percent(verdict.p)} over all looks together" if verdict and verdict.last else ""
    return f"{status.task} in {status.directory}{p}"


def _charts(status: Status, name: str) -> Iterator[Html]:
    scores = score_chart(status, f"{name}-scores")
    if scores is not None:
        yield draw_svg(scores)
    p = p_chart(status, f"{name}-p")
    ratio = ratio_chart(status.log, f"{name}-ratio") if status.log else None
    speeds = list(speed_charts(status.log, name)) if status.log else []
    small = [chart for chart in (p, ratio, *speeds) if chart is not None]
    if small:
        yield tag("div", *(draw_svg(chart) for chart in small), class_="pair")


def _health(status: Status) -> Iterator[Html]:
    if status.log is None:
        return
    yield tag("h3", "Health")
    if not status.health:
        yield tag("p", "The logged metrics show no problem.")
    for finding in status.health:
        paragraphs = [
            tag("p", tag("strong", f"{finding.severity.value}: {finding.name}"), text(f" – {finding.message}")),
            tag("p", text(f"Likely cause: {finding.cause}")),
            tag("p", text(f"Help: {finding.help}")),
        ]
        yield tag("div", *paragraphs, class_=f"finding {finding.severity.value}")


def _lint(report: Mapping[str, Any]) -> Iterator[Html]:
    yield tag("h3", "Lint")
    found = report.get("findings")
    if not isinstance(found, list):
        yield tag(
            "p", "There is no lint report beside the log: start runs with dreamerguard train or dreamerguard guard."
        )
        return
    rows = [row for row in found if isinstance(row, dict)]
    if not rows:
        yield tag("p", "Lint reported no findings in the configuration.")
    for row in rows:
        yield _finding(row)


def _finding(row: Mapping[str, Any]) -> Html:
    severity = str(row.get("severity"))
    head = tag("strong", f"{row.get('code', '')} {row.get('name', '')}")
    paragraphs = [tag("p", head, text(f" – {row.get('message', '')}"))]
    harm, allowed = row.get("harm"), row.get("allowed")
    if isinstance(harm, dict):
        paragraphs.append(tag("p", text(f"Cost ({harm.get('level')}): {harm.get('text')}")))
    if row.get("help"):
        paragraphs.append(tag("p", text(f"Help: {row['help']}")))
    if isinstance(allowed, str):
        paragraphs.append(tag("p", text(f"Allowed: {allowed or 'no reason given'}")))
    evidence = [item for item in row.get("evidence") or () if isinstance(item, dict)]
    for item in evidence:
        paragraphs.append(tag("p", link(str(item.get("text", "")), str(item.get("url", ""))), class_="soft"))
    return tag("div", *paragraphs, class_=f"finding {severity if severity in _SEVERITIES else 'info'}")


def _differences(run: RunPage) -> Iterator[Html]:
    yield tag("h3", "Settings that differ from the published ones")
    if run.differences is None:
        yield tag("p", run.why)
        return
    if not run.differences:
        yield tag("p", text(f"None: every setting equals {run.compared_with}."))
        return
    rows = [
        (tag("code", item.key), text(item.run), text(item.published), link(item.source, item.url))
        for item in run.differences
    ]
    yield html_table(("setting", "this run", "published", "source"), rows, f"Compared with {run.compared_with}")


def _notes(status: Status) -> Iterator[Html]:
    caveats = list(status.reference.caveats) if status.reference else []
    problems = [str(item) for item in status.log.problems] if status.log else []
    if caveats or problems:
        yield tag("h3", "Notes")
        yield items([*caveats, *problems])
    if status.reference is not None and status.reference.envelope.source.url:
        source = status.reference.envelope.source
        label = f"{source.url} at {source.commit[:7]}, {source.licence}, {source.copyright}"
        yield tag("p", text("Reference curves: "), link(label, source.url), class_="soft")


def _looks(status: Status) -> Iterator[Html]:
    looks = status.verdict.looks if status.verdict else ()
    if not looks:
        return
    rows = [
        (
            f"{look.frames:,.0f}",
            figure(look.score),
            figure(look.median),
            "–" if look.low is None or look.high is None else f"{figure(look.low)} to {figure(look.high)}",
            figure(look.watch),
            percent(look.p),
        )
        for look in looks
    ]
    head = ("frames", "score", "reference", "90 % of seeds", "WATCH below", "p")
    content = html_table(head, rows, "Scores and thresholds at each look", numbers=1)
    yield tag("details", tag("summary", "All values as a table"), content)
