"""The rules. One rule is one file; a file that defines ``rule`` is found by being there."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache

from .rule import Example, Rule

__all__ = ["Example", "Rule", "all_rules", "find_rule"]


@cache
def all_rules() -> tuple[Rule, ...]:
    """Every rule, by code."""
    found: list[Rule] = []
    for info in pkgutil.walk_packages(__path__, f"{__name__}."):
        if info.name.count(".") < 3:
            continue  # categories and helpers; rules lie one level deeper
        module = importlib.import_module(info.name)
        rule = getattr(module, "rule", None)
        if isinstance(rule, Rule):
            rule.module = module
            found.append(rule)
    return tuple(sorted(found, key=lambda rule: rule.code))


def find_rule(name: str) -> Rule | None:
    """The rule with a name or a code, in any case of letters."""
    wanted = name.lower()
    return next((rule for rule in all_rules() if wanted in (rule.name, rule.code.lower())), None)
