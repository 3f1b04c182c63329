"""Runs the examples of a rule as tests, for built-in, local and plugin rules."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from dreamerguard.core.finding import Severity
from dreamerguard.core.source import Source, SourceError, apply_edits
from dreamerguard.rules.rule import Example, Rule

if TYPE_CHECKING:
    from dreamerguard.core.result import Result
    from dreamerguard.lint.settings.model import Settings

#: Name of the baseline among the files of an example.
BASELINE = "baseline.json"


def lint_example(example: Example, folder: Path, settings: Settings | None = None) -> Result:
    """Writes the files of an example into a folder and checks its command there."""
    from dataclasses import replace

    from dreamerguard.lint.settings.model import Settings
    from dreamerguard.sources.argv import read_command
    from dreamerguard.sources.commands.launch import read_launch
    from dreamerguard.sources.commands.shell import read_shell

    from .engine import check_command

    files = dict(example.files) | ({"run.yaml": example.file} if example.file else {})
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    settings = settings or Settings()
    if BASELINE in example.files:
        settings = replace(settings, baseline=folder / BASELINE)
    script = read_shell(Source("run.sh", example.command)) if example.command.startswith("#!") else []
    launched = (item for item in script if read_launch(item) is not None)
    command, found = next(launched, None) or read_command(shlex.split(example.command)), example.probe
    prober = None if found is None else lambda run: found
    return check_command(command, example.machine, folder=folder, settings=settings, prober=prober)


def broken_examples(rule: Rule, settings: Settings | None = None) -> Iterator[str]:
    """Yields one line for each broken example of a rule."""
    for example, good in [*((item, True) for item in rule.good), *((item, False) for item in rule.bad)]:
        with TemporaryDirectory() as folder:
            try:
                result = lint_example(example, Path(folder), settings)
            except SourceError as error:
                yield f"{example.command}: {error.message}"
                continue
        error_text = _error_in_good(rule, result) if good else _error_in_bad(rule, example, result)
        if error_text:
            yield f"{'GOOD' if good else 'BAD'} {example.command}: {error_text}"


def _error_in_good(rule: Rule, result: Result) -> str:
    found = [item.name for item in result.active if item.severity is not Severity.INFO or item.name == rule.name]
    return f"reports {', '.join(found)}" if found else ""


def _error_in_bad(rule: Rule, example: Example, result: Result) -> str:
    found = [item.name for item in result.active]
    if found != [rule.name]:
        return f"reports {', '.join(found) or 'nothing'} instead of {rule.name}"
    finding = result.active[0]
    if finding.primary.span.text != example.mark:
        return f"points at {finding.primary.span.text!r} instead of {example.mark!r}"
    if finding.fix is None:
        return "offers no fix" if example.fixed else ""
    fixed = apply_edits(finding.fix.edits[0].span.source.text, finding.fix.edits)
    return f"is fixed to {fixed!r} instead of {example.fixed!r}" if fixed != example.fixed else ""
