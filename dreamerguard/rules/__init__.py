"""The rules. Each rule is one file. A file that defines ``rule`` is found automatically."""

from __future__ import annotations

import importlib
import json
from functools import cache
from pathlib import Path

from .redirects import current_name
from .rule import Example, Rule

__all__ = ["INDEX", "Example", "Rule", "all_rules", "find_rule", "rule_modules"]


#: Rules that are only for some programs, so that linting one program does not import the rules of the others.
#: ``python -m dreamerguard.rules.index`` writes the file. A rule that is not in it is always imported.
INDEX = Path(__file__).parent / "index.json"


@cache
def all_rules(dialect: str | None = None) -> tuple[Rule, ...]:
    """Returns all rules, or those for runs of one dialect, sorted by code."""
    names = rule_modules()
    if dialect is not None:
        others: dict[str, list[str]] = json.loads(INDEX.read_text(encoding="utf-8"))
        names = tuple(name for name in names if dialect in others.get(name, (dialect,)))
    found = [rule for name in names if (rule := _load(name)) is not None]
    return tuple(sorted(found, key=lambda rule: rule.code))


@cache
def rule_modules() -> tuple[str, ...]:
    """Returns the modules that may define a rule, as ``category.name``: files one level below this package."""
    files = (file for file in Path(__file__).parent.glob("*/*.py") if file.parent.name != "helpers")
    return tuple(sorted(f"{file.parent.name}.{file.stem}" for file in files if file.stem != "__init__"))


def _load(name: str) -> Rule | None:
    module = importlib.import_module(f"{__name__}.{name}")
    rule = getattr(module, "rule", None)
    if not isinstance(rule, Rule):
        return None
    rule.module = module
    return rule


def find_rule(name: str) -> Rule | None:
    """Returns the rule with a name, an earlier name or a code, in any case of letters."""
    wanted = current_name(name.lower())
    return next((rule for rule in all_rules() if wanted in (rule.name, rule.code.lower())), None)
