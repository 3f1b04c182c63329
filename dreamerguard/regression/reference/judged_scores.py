"""Picks the scores of a log that a reference can judge: of training episodes or evaluations, returns or successes."""

from __future__ import annotations

from dreamerguard.logs import RunLog, Scores, Series
from dreamerguard.regression.published import Envelope
from dreamerguard.regression.published.envelope import Episodes

#: Metric of `RunLog.series` with the share of successful episodes, by kind.
SUCCESS: dict[Episodes, str] = {"eval": "success/eval", "train": "success/train"}


def judged_scores(log: RunLog, envelope: Envelope | None) -> tuple[Scores | Series, Episodes]:
    """Returns the scores that are compared with a reference, and their kind.

    A reference of evaluations is compared with the evaluations of a run if it has any, else with its training episodes.
    A reference of successes is compared with nothing else: the result is empty if the log has no success rate.
    Without a reference, returns `RunLog.scores`.
    """
    if envelope is None or (envelope.measure == "return" and envelope.episodes == "train"):
        return log.scores
    if envelope.measure == "return":
        return (log.evals, "eval") if len(log.evals) else log.scores
    for kind, name in SUCCESS.items():
        if len(series := log.series.get(name) or Series()):
            return series, kind
    return Series(), envelope.episodes


def kind_caveat(log: RunLog, envelope: Envelope) -> str:
    """Returns a sentence if run and reference differ in whose scores they are; empty if they agree."""
    ours = judged_scores(log, envelope)[1]
    if ours == envelope.episodes:
        return ""
    if ours == "eval":
        return "the run has evaluation scores, the reference training scores, which are lower"
    return (
        "the run has training scores, the reference evaluation scores, which are higher: the run may be called too low"
        " more often than the stated rate"
    )
