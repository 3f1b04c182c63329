"""The score that a run loses through too few gradient updates, from the published curve of the task.

The score is an estimate, because two runs with equal numbers of updates are not the same run. It is the score of the
published agent after as many updates as this run will make in total. The text says that it is an estimate.
"""

from __future__ import annotations

from dreamerguard.core.finding import Evidence, Harm, HarmLevel, Score
from dreamerguard.core.published import PublishedCurve, PublishedRun
from dreamerguard.core.run import ResolvedRun

from .formatting import amount, score, share

#: Share of the published updates from which on a changed recipe counts as intended, in programs without ``purpose``.
MILD = 0.4


def keeps_most_updates(run: ResolvedRun) -> bool:
    """Returns whether a run of a program without ``purpose`` keeps 40 % of the published updates."""
    return "purpose" not in run.roles and run.update_share is not None and run.update_share >= MILD


def update_harm(run: ResolvedRun) -> tuple[Harm | None, tuple[Evidence, ...]]:
    """Returns the cost and its evidence when the run makes too few updates for its purpose, otherwise nothing."""
    value = run.update_share
    if run.reference is None or run.budget is None or value is None or value >= run.thresholds.warn:
        return None, ()
    level: HarmLevel = "severe" if value < run.thresholds.refuse else "moderate"
    budget = _budget_evidence(run, run.reference, value)
    curve = run.reference.load_curve()
    if curve is None:
        text = f"{share(value)} of the task's gradient updates; no published curve gives the score"
        return Harm(level, text, value), (budget,)
    return _scored(run, curve, value, level, budget)


def _budget_evidence(run: ResolvedRun, reference: PublishedRun, value: float) -> Evidence:
    budget = run.budget
    assert budget is not None
    edition = f"{reference.suite}, edition {reference.edition}"
    if run.purpose == "short":
        ours, theirs = 1000 * budget.updates_per_frame, 1000 * reference.budget.updates_per_frame
        text = f"{ours:.3g} gradient updates per 1000 frames; published: {theirs:.3g} ({share(value)}; {edition})"
    else:
        text = (
            f"{amount(budget.updates)} gradient updates in total; published: {amount(reference.budget.updates)}"
            f" ({share(value)}; {edition})"
        )
    return Evidence("computed", text)


def _scored(
    run: ResolvedRun, curve: PublishedCurve, value: float, level: HarmLevel, budget: Evidence
) -> tuple[Harm | None, tuple[Evidence, ...]]:
    assert run.budget is not None
    until = min(run.budget.frames, curve.frames) if run.purpose == "short" else curve.frames
    goal = curve.final if until == curve.frames else curve.score_at(until)
    behind = curve.budget.frames_after(run.budget.updates)
    expected = curve.score_at(behind)
    if goal is None or expected is None or behind >= until:
        return Harm(level, f"{share(value)} of the task's gradient updates", value), (budget,)
    place = "at the end" if until == curve.frames else f"at {amount(until)} frames"
    published = Evidence(
        "published",
        f"the published agent ({curve.seeds} seeds, {curve.origin.detail}) scores {_range(goal)} {place};"
        f" after {amount(run.budget.updates)} updates, at {amount(behind)} frames, it scored {_range(expected)}",
        curve.origin.url,
    )
    return Harm(level, _loss(value, expected, goal), value, expected, goal), (budget, published)


def _loss(value: float, expected: Score, goal: Score) -> str:
    """Returns the sentence on the cost. Two scores that look equal are not stated as a loss."""
    after = "the published agent's score after as many updates"
    if expected.median >= goal.median or score(expected.median) == score(goal.median):
        return (
            f"{share(value)} of the task's gradient updates; the curve shows no loss of score"
            f" (estimate: {after} is {score(expected.median)} points)"
        )
    return (
        f"the expected score is about {score(expected.median)} instead of {score(goal.median)} points"
        f" (estimate: {after})"
    )


def _range(value: Score) -> str:
    return f"{score(value.median)} points (seeds {score(value.low)} to {score(value.high)})"
