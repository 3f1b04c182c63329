"""Renders the documentation of a rule as a Markdown page."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from dreamerguard.core.programs import shown_program
from dreamerguard.rules import Example, Rule

_URL = re.compile(r"https://\S+")
_SECTION = re.compile(r"^(?P<name>[A-Z][A-Za-z ]+):$")


def help_uri(rule: Rule) -> str:
    """Returns the address of the first reference of a rule; empty if there is none."""
    _, _, references = rule.documentation.partition("References:")
    found = _URL.search(references)
    return found[0] if found else ""


def rule_page(rule: Rule) -> str:
    """Returns one page: name, reasons, fixes, and the examples that are also the rule's tests."""
    scope = f" Training programs: {', '.join(map(shown_program, rule.dialects))}." if rule.dialects else ""
    facts = f"Severity: {rule.severity}. Confidence: {rule.confidence}. Category: {rule.category}. Since {rule.since}."
    head = [f"# {rule.name} ({rule.code})", "", facts + scope, ""]
    text = [*head, *_sections(rule.documentation), *_examples("Reported", rule.bad), *_examples("Fine", rule.good)]
    return "\n".join(text).rstrip() + "\n"


def rule_index(rules: Sequence[Rule]) -> str:
    """Returns a table of all rules with links to their pages."""
    rows = [
        f"| {rule.code} | [{rule.name}]({rule.name}.md) | {rule.severity} | {_cell(rule.title)} |" for rule in rules
    ]
    return "\n".join(["# Rules", "", "| code | name | severity | fault |", "| --- | --- | --- | --- |", *rows]) + "\n"


def rule_pages(rules: Sequence[Rule]) -> dict[str, str]:
    """Returns file name -> text: a page for each rule, and the table of all rules."""
    return {f"{rule.name}.md": rule_page(rule) for rule in rules} | {"index.md": rule_index(rules)}


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _sections(documentation: str) -> Iterator[str]:
    """Yields the lines of the documentation: sections as headings, text without indentation, addresses as links."""
    for line in documentation.split("\n"):
        heading = _SECTION.match(line)
        if heading:
            yield f"## {heading['name']}"
            yield ""
            continue
        text = line.removeprefix("  ").replace("``", "`")
        yield f"- {_URL.sub(lambda match: f'<{match[0]}>', text)}" if text.startswith("https://") else text
    yield ""


def _examples(title: str, examples: Sequence[Example]) -> Iterator[str]:
    yield f"## {title}"
    yield ""
    for example in examples:
        yield from _block("sh", example.command)
        for name, text in {**({"run.yaml": example.file} if example.file else {}), **example.files}.items():
            yield f"with `{name}`"
            yield ""
            yield from _block("yaml" if name.endswith((".yaml", ".yml")) else "", text)
        if example.fixed:
            yield "corrected"
            yield ""
            yield from _block("yaml" if example.file else "sh", example.fixed)


def _block(language: str, text: str) -> Iterator[str]:
    yield f"```{language}"
    yield text.rstrip("\n")
    yield "```"
    yield ""
