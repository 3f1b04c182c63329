"""Matches selectors with rules, and checks those of the settings."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from dreamerguard.core.finding import Finding
from dreamerguard.core.source import SourceError
from dreamerguard.lint.settings.model import Settings
from dreamerguard.rules import Rule
from dreamerguard.rules.redirects import current_name
from dreamerguard.util.hints import did_you_mean, nearest


def selected_rules(selector: str, rules: Iterable[Rule]) -> list[str]:
    """Returns the names of the rules for a selector: a name, a code, the beginning of a code, or a category."""
    wanted = current_name(selector.strip().lower())
    if not wanted:
        return []
    prefix = any(char.isdigit() for char in wanted) or wanted == "dg"
    return [
        rule.name
        for rule in rules
        if wanted in (rule.name, rule.category) or (prefix and rule.code.lower().startswith(wanted))
    ]


def require(selectors: Iterable[str], rules: Sequence[Rule], where: str) -> None:
    """Checks that every selector names a rule.

    Raises:
      SourceError: a selector names no rule; the message suggests the nearest name.
    """
    for selector in selectors:
        if not selected_rules(selector, rules):
            raise SourceError(f"{where}: there is no rule {selector!r}{hint(selector, rules)}")


def hint(selector: str, rules: Iterable[Rule]) -> str:
    """Returns the end of a message that suggests the nearest rule."""
    near = nearest(selector, (rule.name for rule in rules))
    return did_you_mean(near[0] if near else None)


class Selection:
    """Looks up the selector for a finding quickly."""

    def __init__(self, selectors: Iterable[str], rules: Sequence[Rule]) -> None:
        self._by_name = {name: selector for selector in selectors for name in selected_rules(selector, rules)}

    def __bool__(self) -> bool:
        return bool(self._by_name)

    def selector(self, finding: Finding) -> str | None:
        """Returns the last selector that names the finding's rule; None if there is none."""
        return self._by_name.get(finding.name)


def check_selectors(settings: Settings, rules: Sequence[Rule]) -> None:
    """Checks that every selector in the settings names a rule.

    A file whose code does not run may name rules that only its code has.

    Raises:
      SourceError: a selector names no rule.
    """
    if settings.withheld:
        return
    require(settings.select, rules, origin_of(settings, "select"))
    require(settings.ignore, rules, origin_of(settings, "ignore"))
    require(settings.severity, rules, origin_of(settings, "severity"))
    for item in settings.per_path:
        require(item.selectors, rules, origin_of(settings, "per_path_ignores"))


def origin_of(settings: Settings, name: str) -> str:
    """Returns the origin of a setting for messages: an option, or a file and its key."""
    origin = settings.origins.get(name, "settings")
    return origin if origin.startswith("--") else f"{origin}: {name.replace('_', '-')}"
