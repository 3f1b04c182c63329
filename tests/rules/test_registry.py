"""Identity and documentation of all rules."""

import re
from pathlib import Path

import pytest

import dreamerguard.rules
from dreamerguard.rules import INDEX, Rule, all_rules, find_rule
from dreamerguard.rules.index import index_text

RULES = all_rules()
DIGITS = {
    "reading": 0,
    "ratio": 1,
    "frames": 2,
    "keys": 3,
    "model": 4,
    "machine": 5,
    "inputs": 6,
    "schedule": 7,
    "environment": 8,
    "suppressions": 9,
}


def test_every_rule_file_is_found() -> None:
    folder = Path(dreamerguard.rules.__file__).parent
    files = {path.stem.replace("_", "-") for path in folder.glob("[!h]*/*.py") if path.stem != "__init__"}
    assert {rule.name for rule in RULES} == files


def test_names_and_codes_are_unique() -> None:
    assert len({rule.name for rule in RULES}) == len({rule.code for rule in RULES}) == len(RULES)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_identity_and_documentation(rule: Rule) -> None:
    assert re.fullmatch(r"DG\d{3}", rule.code)
    assert int(rule.code[2]) == DIGITS[rule.category]
    assert re.fullmatch(r"[a-z]+(-[a-z]+)+", rule.name)
    assert rule.title.endswith(".")
    for section in ("What it does:", "Why is this bad:", "How to fix:"):
        assert section in rule.documentation
    assert rule.good and rule.bad
    assert set(rule.unless) <= {other.name for other in RULES}


def test_rules_are_found_by_name_and_code() -> None:
    assert find_rule("DG101") is find_rule("dg101") is find_rule("low-train-ratio")
    assert find_rule("low-train-rati") is None


def test_the_index_is_up_to_date() -> None:
    assert INDEX.read_text(encoding="utf-8") == index_text(), "run: python -m dreamerguard.rules.index"


@pytest.mark.parametrize("dialect", sorted({name for rule in RULES for name in rule.dialects} | {"native"}))
def test_a_dialect_gets_its_rules_and_the_common_ones(dialect: str) -> None:
    expected = [rule.name for rule in RULES if not rule.dialects or dialect in rule.dialects]
    assert [rule.name for rule in all_rules(dialect)] == expected
