"""Earlier names of rules and categories. They stay valid wherever a rule can be named."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

#: Earlier name -> current name.
REDIRECTS = {
    "clock-sign": "nonpositive-interval",
    "clock-unit": "interval-unit",
    "continuous-mean": "eval-state-mean",
    "control": "suppressions",
    "few-points": "sparse-logging",
    "missing-regex": "missing-checkpoint-regex",
    "other-agent": "misnamed-run",
    "resume-drops": "ignored-on-resume",
    "trial-settings": "smoke-test-settings",
    "undone-preset": "overridden-preset",
    "unseen-option": "unverified-option",
}


def current_name(name: str) -> str:
    """Returns the current name for an earlier one, in lower case, and any other name as it is."""
    return REDIRECTS.get(name.strip().lower(), name)


def renamed(names: Iterable[str]) -> Iterator[str]:
    """Yields one note for each earlier name."""
    for name in dict.fromkeys(names):
        if current_name(name) != name:
            yield f"note: {name} is now called {current_name(name)}"
