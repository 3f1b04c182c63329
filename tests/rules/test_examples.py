"""Every rule's own examples: silent on the good ones, and on the bad ones exactly this finding, caret and fix."""

from pathlib import Path

import pytest

from dreamerguard.core.finding import Severity
from dreamerguard.core.result import Result
from dreamerguard.core.source import apply_edits
from dreamerguard.lint.rule_examples import lint_example
from dreamerguard.rules import Example, Rule, all_rules

GOOD = [(rule, example) for rule in all_rules() for example in rule.good]
BAD = [(rule, example) for rule in all_rules() for example in rule.bad]


def label(value: object) -> str:
    return value.name if isinstance(value, Rule) else value.command if isinstance(value, Example) else ""


def lint(example: Example, folder: Path) -> Result:
    return lint_example(example, folder)


@pytest.mark.parametrize(("rule", "example"), GOOD, ids=label)
def test_good_examples_are_clean(rule: Rule, example: Example, tmp_path: Path) -> None:
    findings = lint(example, tmp_path).active
    assert [item.name for item in findings if item.severity is not Severity.INFO or item.name == rule.name] == []


@pytest.mark.parametrize(("rule", "example"), BAD, ids=label)
def test_bad_examples_have_one_finding_at_the_mark(rule: Rule, example: Example, tmp_path: Path) -> None:
    result = lint(example, tmp_path)
    assert [finding.name for finding in result.active] == [rule.name]
    (finding,) = result.active
    assert finding.primary.span.text == example.mark
    assert finding.code == rule.code


@pytest.mark.parametrize(("rule", "example"), [pair for pair in BAD if pair[1].fixed], ids=label)
def test_fixes_give_the_promised_text_and_silence_the_rule(rule: Rule, example: Example, tmp_path: Path) -> None:
    (finding,) = lint(example, tmp_path).active
    assert finding.fix is not None
    source = finding.fix.edits[0].span.source
    fixed = apply_edits(source.text, finding.fix.edits)
    assert fixed == example.fixed
    assert finding.fix.command == (fixed if source.kind == "command line" else None)
    if source.kind == "command line":
        again = Example(fixed, file=example.file, machine=example.machine, files=example.files)
    else:
        again = Example(example.command, file=fixed, machine=example.machine)
    assert rule.name not in [item.name for item in lint(again, tmp_path).findings]


@pytest.mark.parametrize(("rule", "example"), [pair for pair in BAD if not pair[1].fixed], ids=label)
def test_examples_without_a_fix_offer_none(rule: Rule, example: Example, tmp_path: Path) -> None:
    (finding,) = lint(example, tmp_path).active
    assert finding.fix is None, f"{rule.name} offers {finding.fix}: add it to the example"
