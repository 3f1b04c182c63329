"""``dreamerguard explain``: explains a rule, a key or a task, without network access."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from dreamerguard.commands.shared.completions import explained, offer
from dreamerguard.commands.shared.errors import fail

if TYPE_CHECKING:
    from dreamerguard.core.key import Key
    from dreamerguard.rules import Example, Rule


def explain(
    name: Annotated[
        str | None,
        typer.Argument(
            help="Rule name or code, key, task or word: DG101, run.train_ratio, dmc_walker_walk, edition.",
            autocompletion=offer(explained),
        ),
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="Explain every rule.")] = False,
    markdown: Annotated[
        Path | None, typer.Option("--markdown", help="With --all: write one page for each rule into this folder.")
    ] = None,
) -> None:
    """Explain a rule, a key, a task, a word of the reports, or all rules."""
    if every:
        _explain_all(markdown)
        return
    if name is None or markdown is not None:
        fail("name a rule, a key, a task or a word, or use --all; --markdown DIR needs --all")
    from dreamerguard.commands.shared.glossary import meaning
    from dreamerguard.programs.native.keys import native_keys
    from dreamerguard.rules import find_rule
    from dreamerguard.schema.tasks import UnknownTask, find_task, suite_names

    rule, key = find_rule(name), native_keys().get(name)
    if rule is not None:
        typer.echo("\n".join(_rule(rule)))
        return
    if key is not None:
        typer.echo("\n".join(_key(key)))
        return
    if (word := meaning(name)) is not None:
        typer.echo(f"{word[0]}: {word[1]}")
        return
    try:
        find_task(name)
    except UnknownTask as error:
        if name in suite_names():
            fail(f"{name!r} is a suite: `dreamerguard tasks --suite {name}` shows it")
        _unknown(name, error.suggestions)
    from .tasks import tasks

    tasks(name)


def _explain_all(folder: Path | None) -> None:
    from dreamerguard.rules import all_rules

    if folder is None:
        typer.echo("\n\n".join("\n".join(_rule(rule)) for rule in all_rules()))
        return
    from dreamerguard.core.atomic_write import write_atomically
    from dreamerguard.core.source import SourceError
    from dreamerguard.reports.rule_page import rule_pages

    pages = rule_pages(all_rules())
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for file, text in pages.items():
            write_atomically(folder / file, text.encode("utf-8"))
    except (SourceError, OSError) as error:
        fail(f"cannot write pages: {error}")
    typer.echo(f"wrote {len(pages)} pages into {folder}")


def _rule(rule: Rule) -> Iterator[str]:
    yield f"{rule.name} ({rule.code})"
    yield f"severity {rule.severity}, confidence {rule.confidence}, since {rule.since}, category {rule.category}"
    yield ""
    yield rule.documentation
    for title, examples in (("Reported:", rule.bad), ("Not reported:", rule.good)):
        yield ""
        yield title
        for example in examples:
            yield from _example(example)


def _example(example: Example) -> Iterator[str]:
    yield from (f"  {line}" for line in example.command.splitlines())
    if example.file:
        yield "    # run.yaml"
        yield from (f"    {line}" for line in example.file.rstrip("\n").split("\n"))
    if example.fixed and not example.file:
        yield f"    fixed: {example.fixed}"


def _key(key: Key) -> Iterator[str]:
    from dreamerguard.core.values import spell_scalar

    yield key.path
    yield key.description
    yield ""
    yield f"value    {key.expects}{', or null' if key.optional else ''}"
    yield f"default  {'none' if key.default is None else spell_scalar(key.default)}"
    rows = list(_published(key.path))
    if rows:
        yield ""
        yield "Published values:"
        yield from rows


def _published(path: str) -> Iterator[str]:
    """Yields a line for each suite, task and size that sets a key."""
    from dreamerguard.core.values import spell_scalar
    from dreamerguard.schema import SIZES
    from dreamerguard.schema.tasks import load_suite, suite_names

    for suite in suite_names():
        data = load_suite(suite)
        values = {edition: items[path].value for edition, items in data.editions.items() if path in items}
        if values:
            shown = ", ".join(f"{spell_scalar(value)} in {edition}" for edition, value in values.items())
            yield f"  {suite:<12} {shown}"
        for task, entry in data.tasks.items():
            own = {edition: items[path].value for edition, items in entry.editions.items() if path in items}
            if own:
                shown = ", ".join(f"{spell_scalar(value)} in {edition}" for edition, value in own.items())
                yield f"  {task:<12} {shown}"
    leaf = path.removeprefix("model.")
    for size, widths in SIZES.items() if path.startswith("model.") else ():
        if leaf in widths:
            yield f"  {size:<12} {widths[leaf]}"


def _unknown(name: str, tasks: tuple[str, ...]) -> NoReturn:
    from dreamerguard.programs.native.keys import NATIVE_RENAMES, native_keys
    from dreamerguard.rules import all_rules
    from dreamerguard.util.hints import nearest, nearest_key

    renamed = NATIVE_RENAMES.get(name)
    found = [
        *(nearest(name, (rule.name for rule in all_rules())) if "." not in name else ()),
        *([renamed.path] if renamed is not None else filter(None, [nearest_key(name, native_keys())])),
        *tasks,
    ]
    hint = f" Did you mean {' or '.join(dict.fromkeys(found))}?" if found else ""
    note = (
        "" if found else " `dreamerguard lint --list-rules`, `dreamerguard schema` and `dreamerguard tasks` list them."
    )
    fail(f"there is no rule, key or task {name!r}.{hint}{note}")
