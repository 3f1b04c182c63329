"""Questions sides of a comparison that look mixed up: a candidate beside a baseline run, and a copy of one."""

from __future__ import annotations

from collections.abc import Sequence

from dreamerguard.regression.reference.comparability import Side


def question_sides(candidates: Sequence[Side], baselines: Sequence[Side]) -> list[str]:
    """Returns one line for each kind of doubt about the two sides; empty if there is no doubt."""
    return [*_beside(candidates, baselines), *_copies(candidates, baselines)]


def _beside(candidates: Sequence[Side], baselines: Sequence[Side]) -> list[str]:
    parents = {side.log.directory.resolve().parent: side.log.directory for side in reversed(baselines)}
    found = [run for side in candidates if (run := side.log.directory).resolve().parent in parents]
    if not found:
        return []
    neighbour = parents[found[0].resolve().parent]
    verb, more = ("lies", "") if len(found) == 1 else ("lie", f" and {len(found) - 1} more")
    where = f"{verb} in the same folder as baseline {neighbour}"
    return [
        f"is this meant? Candidate {found[0]}{more} {where}; only the paths directly after --baseline are baselines"
    ]


def _copies(candidates: Sequence[Side], baselines: Sequence[Side]) -> list[str]:
    known = {_scores(side): side.log.directory for side in baselines}
    found = [(side.log.directory, known[key]) for side in candidates if (key := _scores(side)) in known]
    if not found:
        return []
    more = "" if len(found) == 1 else f" (and {len(found) - 1} more)"
    ours, theirs = found[0]
    return [
        f"is this meant? Candidate {ours} has exactly the scores of baseline {theirs}{more}: copies are no new seeds"
    ]


def _scores(side: Side) -> tuple[bytes, bytes]:
    scores = side.log.scores[0]
    return scores.frames.tobytes(), scores.values.tobytes()
