"""Compares a run's stored settings with the published settings for its task."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dreamerguard.regression.charts.run_facts import RunPage
    from dreamerguard.regression.watch.watcher import Status


def describe_run(label: str, status: Status) -> RunPage:
    """Returns a run with its lint report and its differences from the published settings."""
    from dreamerguard.lint.run_differences import setting_differences
    from dreamerguard.regression.charts.run_facts import RunPage
    from dreamerguard.regression.watch.likely_causes import read_lint_report

    lint = read_lint_report(status.directory)
    log, reference = status.log, status.reference
    if log is None or reference is None:
        return RunPage(label, status, lint, why="There are no published settings to compare with.")
    envelope = reference.envelope
    known = None
    if envelope.release != "own":
        known = setting_differences(log.program, log.facts.settings, envelope.task, envelope.suite, envelope.edition)
    if known is None:
        return RunPage(label, status, lint, why="The log has no settings that can be compared; see the table above.")
    return RunPage(label, status, lint, known.found, "", known.title)
