"""``dreamerguard test-rules``: runs the examples of rules as tests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dreamerguard.commands.shared.errors import fail

if TYPE_CHECKING:
    from dreamerguard.rules import Rule


def test_rules(
    names: Annotated[
        list[str] | None, typer.Argument(help="Rules, by name or code; by default all custom rules.")
    ] = None,
    built_in: Annotated[bool, typer.Option("--built-in", help="Also test the built-in rules.")] = False,
    config_file: Annotated[
        str | None, typer.Option("--config-file", help="Settings file to read instead of the nearest one.")
    ] = None,
    allow_local_rules: Annotated[
        bool, typer.Option("--allow-local-rules", help="Run the code of this folder's rules, which you trust.")
    ] = False,
) -> None:
    """Test rules from local-rules and plugins with their examples: GOOD gives no finding, BAD gives exactly one.

    Exit code 0: all pass; 1: some fail; 2: a rule does not exist or cannot be loaded; 3: there is no rule to test.
    """
    from dreamerguard.core.source import SourceError
    from dreamerguard.lint.plugins import load_rules
    from dreamerguard.lint.rule_examples import broken_examples
    from dreamerguard.lint.settings.finder import load_settings
    from dreamerguard.lint.settings.model import Settings
    from dreamerguard.rules import all_rules
    from dreamerguard.rules.redirects import current_name
    from dreamerguard.util.text import number_of, plain

    try:
        settings = load_settings(Path(), config_file, allow_local_rules=allow_local_rules)
        if settings.withheld:
            fail(settings.withheld)
        rules = [*load_rules(settings), *(all_rules() if built_in else ())]
        # The project's ignores must not affect the examples.
        settings = Settings(local_rules=settings.local_rules, plugins=settings.plugins, file=settings.file)
    except SourceError as error:
        fail(error.message)
    wanted = {current_name(name.lower()): name for name in names or ()}
    _require_known(wanted, rules)
    chosen = [rule for rule in rules if not wanted or wanted.keys() & {rule.name, rule.code.lower()}]
    broken = 0
    for rule in chosen:
        errors = list(broken_examples(rule, settings))
        broken += bool(errors)
        typer.echo(f"{'failed' if errors else 'passed'}  {rule.code}  {rule.name}")
        for text in errors:
            typer.echo(f"    {plain(text)}")
    typer.echo(f"{number_of(len(chosen), 'rule')} tested, {broken} failed")
    if not chosen:
        typer.echo("no rule to test: name your rules with local-rules or plugins in the settings", err=True)
    raise typer.Exit(3 if not chosen else int(broken > 0))


def _require_known(wanted: Mapping[str, str], rules: Sequence[Rule]) -> None:
    """Ends the command if a name is that of no rule. The message suggests the nearest rule, or ``--built-in``.

    Args:
      wanted: current name or code of each requested rule -> the argument as typed.
      rules: the rules that can be tested.
    """
    from dreamerguard.rules import all_rules
    from dreamerguard.util.hints import did_you_mean, nearest

    def known(rules: Sequence[Rule]) -> set[str]:
        return {identity for rule in rules for identity in (rule.name, rule.code.lower())}

    built_in, problems = all_rules(), []
    for name, typed in wanted.items():
        if name in known(built_in) - known(rules):
            problems.append(f"{typed!r} is a built-in rule; add --built-in to test it")
        elif name not in known(rules):
            near = nearest(name, [rule.name for rule in (*rules, *built_in)])
            hint = did_you_mean(near[0] if near else None) or "; `dreamerguard lint --list-rules` lists the rules"
            problems.append(f"there is no rule {typed!r}{hint}")
    if problems:
        fail("\n".join(problems))
