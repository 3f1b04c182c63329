"""Suggests the names nearest to a misspelt name. Only used after an error, so difflib is fast enough."""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Iterable
from functools import lru_cache

#: Longest name that is compared: a longer name is not a misspelt one, and its comparison would take long.
LONGEST = 120
_NUMBER = re.compile(r"[0-9]+")


def nearest(name: str, known: Iterable[str], count: int = 1) -> list[str]:
    """Returns the closest known names, best first; empty if no name is close."""
    if len(name) > LONGEST:
        return []
    by_form = {_normalized(item): item for item in known}
    form = _normalized(name)
    close = [*_nearest_numbers(form, by_form), *difflib.get_close_matches(form, by_form, n=count, cutoff=0.7)]
    return [by_form[item] for item in dict.fromkeys(close)][:count]


def _nearest_numbers(form: str, forms: Iterable[str]) -> list[str]:
    """Returns the names that differ in their numbers only, the nearest number first: ``size12m`` for ``size13m``."""
    shape, numbers = _NUMBER.sub("0", form), _NUMBER.findall(form)
    alike = [item for item in forms if numbers and _NUMBER.sub("0", item) == shape]

    def distance(item: str) -> float:
        pairs = zip(_NUMBER.findall(item), numbers, strict=True)
        return sum(abs(math.log(float(one) + 1e-9) - math.log(float(other) + 1e-9)) for one, other in pairs)

    return sorted(alike, key=distance)


def nearest_key(key: str, known: Iterable[str]) -> str | None:
    """Returns the closest dotted key; None if no key is close or several fit equally well.

    A key with the right last part in a wrong section, or without a section, counts as closer than a key with similar
    letters: ``train_ratio`` means ``run.train_ratio``.
    """
    return _nearest_key(key, tuple(known)) if len(key) <= LONGEST else None


@lru_cache(maxsize=256)  # the runs of a sweep misspell the same keys
def _nearest_key(key: str, keys: tuple[str, ...]) -> str | None:
    *path, leaf = _normalized(key).split(".")
    ranked = sorted(((_similarity(path, leaf, candidate), candidate) for candidate in keys), reverse=True)
    best = ranked[0] if ranked else (0.0, "")
    if len(ranked) > 1 and ranked[1][0] == best[0] and not path:
        return None  # two keys fit a bare name equally well: a guess would mislead
    return best[1] if best[0] >= 0.75 else None


def did_you_mean(name: str | None) -> str:
    """Returns the end of a message that suggests a name; empty for None."""
    return f"; did you mean {name}?" if name else ""


def _similarity(path: list[str], leaf: str, candidate: str) -> float:
    *other_path, other_leaf = candidate.split(".")
    same_words = sorted(leaf.split("_")) == sorted(other_leaf.split("_"))
    leaves = 1.0 if same_words else difflib.SequenceMatcher(None, leaf, other_leaf).ratio()
    if not path or not other_path:
        return leaves - (0.05 if other_path else 0)
    paths = difflib.SequenceMatcher(None, ".".join(path), ".".join(other_path)).ratio()
    whole = difflib.SequenceMatcher(None, ".".join([*path, leaf]), candidate).ratio()
    return max(whole, 0.8 * leaves + 0.2 * paths)


def _normalized(name: str) -> str:
    return name.strip("-").replace("-", "_").lower()
