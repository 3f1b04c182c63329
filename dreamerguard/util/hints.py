"""Did you mean: the names nearest to a misspelt one. Only used when something is already wrong: difflib is enough."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

#: Longer names are no misspelt ones, and comparing them would take long.
LONGEST = 120


def nearest(name: str, known: Iterable[str], count: int = 1) -> list[str]:
    """The closest known names, best first; none when nothing is close."""
    if len(name) > LONGEST:
        return []
    by_form = {_form(item): item for item in known}
    return [by_form[form] for form in difflib.get_close_matches(_form(name), by_form, n=count, cutoff=0.7)]


def nearest_key(key: str, known: Iterable[str]) -> str | None:
    """The closest dotted key.

    A key whose last part is right and stands in the wrong section, or in none, counts as closer than one with similar
    letters: ``train_ratio`` means ``run.train_ratio``.
    """
    if len(key) > LONGEST:
        return None
    keys = list(known)
    *path, leaf = _form(key).split(".")
    ranked = sorted(((_likeness(path, leaf, candidate), candidate) for candidate in keys), reverse=True)
    best = ranked[0] if ranked else (0.0, "")
    if len(ranked) > 1 and ranked[1][0] == best[0] and not path:
        return None  # two keys fit a bare name equally well: a guess would mislead
    return best[1] if best[0] >= 0.75 else None


def did_you_mean(name: str | None) -> str:
    """The end of a message that offers a name, if there is one."""
    return f"; did you mean {name}?" if name else ""


def _likeness(path: list[str], leaf: str, candidate: str) -> float:
    *other_path, other_leaf = candidate.split(".")
    same_words = sorted(leaf.split("_")) == sorted(other_leaf.split("_"))
    leaves = 1.0 if same_words else difflib.SequenceMatcher(None, leaf, other_leaf).ratio()
    if not path or not other_path:
        return leaves - (0.05 if other_path else 0)
    paths = difflib.SequenceMatcher(None, ".".join(path), ".".join(other_path)).ratio()
    whole = difflib.SequenceMatcher(None, ".".join([*path, leaf]), candidate).ratio()
    return max(whole, 0.8 * leaves + 0.2 * paths)


def _form(name: str) -> str:
    return name.strip("-").replace("-", "_").lower()
