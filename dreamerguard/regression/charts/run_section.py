"""Writes the section of a report about one run: verdict, causes, charts, facts, health, lint, settings, looks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from dreamerguard.regression.watch.status_report import headline, reference_text, why_no_verdict
from dreamerguard.regression.watch.watcher import Status

from .curves import trailing_name
from .html import Html, figure, html_table, items, link, linked, percent, tag, text
from .run_charts import p_chart, ratio_chart, score_chart, speed_charts, verdict_chart
from .run_facts import RunPage, fact_rows, throughput_facts
from .svg import draw_svg

_CLASSES = {"OK": "ok", "WATCH": "watch", "REGRESSED": "regressed"}
_SEVERITIES = ("error", "warning", "info")


def badge(status: Status, neutral: bool = False) -> Html:
    """Returns the verdict of a run as a badge; ``neutral`` shows OK without the colour of a good result."""
    verdict = headline(status)
    style = "open" if neutral and verdict == "OK" else _CLASSES.get(verdict, "open")
    return tag("span", verdict, class_=f"badge {style}")


def run_section(run: RunPage, name: str, alone: bool, folded: bool = False, neutral: bool = False) -> Html:
    """Returns everything about one run.

    Args:
      run: the run.
      name: identifier in the page.
      alone: whether it is the only run of the page.
      folded: whether the section is closed until a reader opens it; closed sections are not printed.
      neutral: see `badge`.
    """
    heading = tag("h2", text("Verdict" if alone else run.label), Html(" "), badge(run.status, neutral))
    if not folded:
        return tag("section", heading, *_parts(run, name), id=name)
    return tag("section", tag("details", tag("summary", heading), *_parts(run, name), class_="run"), id=name)


def _parts(run: RunPage, name: str) -> Iterator[Html]:
    status, log = run.status, run.status.log
    yield tag("p", _reason(status))
    yield tag("p", text(_location(status)), class_="soft")
    if status.quoted is not None:
        sources = [link(f"source {number}", url) for number, url in enumerate(status.quoted.table.sources, 1)]
        joined = (part for source in sources for part in (Html(" "), source))
        yield tag("p", text(f"As papers quote it: {status.quoted}."), *joined)
    if status.causes:
        yield tag("h3", "Likely causes")
        yield items(map(linked, status.causes))
    if status.causes and status.health:
        yield from _health(status)
    yield from _charts(status, name)
    rows = fact_rows(status)
    if rows:
        yield tag("h3", "Comparison with the published agent")
        yield html_table(("", "this run", "published"), rows, "Requested and achieved figures of the run")
    if log is not None:
        speed = throughput_facts(log)
        if speed:
            yield tag("p", text(f"Speed: {speed}, median over the second half of the log."), class_="soft")
    if not (status.causes and status.health):
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
    p = ""
    if verdict and verdict.last:
        p = (
            f". Score: {trailing_name(status)}. p = {percent(verdict.p)}: the share of {verdict.curves} healthy runs"
            " that are ever this far below the reference"
        )
    whose = f". Reference: {reference_text(status.reference.envelope)}" if status.reference else ""
    return f"{status.task} in {status.directory}{p}{whose}."


def _charts(status: Status, name: str) -> Iterator[Html]:
    scores = score_chart(status, f"{name}-scores")
    if scores is not None:
        yield draw_svg(scores)
    judged, p = verdict_chart(status, f"{name}-verdict"), p_chart(status, f"{name}-p")
    ratio = ratio_chart(status.log, f"{name}-ratio") if status.log else None
    speeds = list(speed_charts(status.log, name)) if status.log else []
    small = [chart for chart in (judged, p, ratio, *speeds) if chart is not None]
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
    head = ("setting", "this run", "published", "source")
    yield html_table(head, rows, f"Compared with {run.compared_with}", class_="stacked")


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
    caption = (
        f"At each look: score and reference are the {trailing_name(status)}, the reference allows a run to be up to"
        " 15 % slower; p: share of healthy runs that are ever this low"
    )
    content = html_table(head, rows, caption, numbers=1)
    yield tag("details", tag("summary", "All values as a table"), content)
