"""``dreamerguard config``: shows the linter settings that apply here, and the origin of each."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dreamerguard.commands.shared.errors import fail, note

if TYPE_CHECKING:
    from dreamerguard.lint.settings.model import Settings

app = typer.Typer(
    help="Settings of the linter.", no_args_is_help=True, rich_markup_mode=None, add_completion=False,
    pretty_exceptions_enable=False,
)  # fmt: skip


@app.callback()
def _options() -> None:
    """Settings of the linter."""


@app.command("show")
def show(
    config_file: Annotated[
        str | None, typer.Option("--config-file", help="Settings file to read instead of the nearest one.")
    ] = None,
) -> None:
    """Show every setting with its value and the file that sets it.

    Exit code 2: the settings cannot be read, or name a rule that does not exist.
    """
    from dreamerguard.core.source import SourceError
    from dreamerguard.lint.engine import active_rules
    from dreamerguard.lint.selection import check_selectors
    from dreamerguard.lint.settings.finder import load_settings
    from dreamerguard.util.text import plain

    try:
        settings = load_settings(Path(), config_file, allow_local_rules=True)  # shown, not run
        applied = load_settings(Path(), config_file)
        check_selectors(applied, active_rules(applied))
    except SourceError as error:
        fail(error.message)
    typer.echo(plain(f"# {settings.file if settings.file is not None else 'no settings file: these are the defaults'}"))
    if applied.withheld:
        note(applied.withheld)
    for name, value in _rows(settings):
        origin = settings.origins.get(name.replace("-", "_"), "default")
        typer.echo(plain(f"{name} = {value}  # {origin}"))


def _rows(settings: Settings) -> list[tuple[str, str]]:
    """Returns names and values as in a settings file."""
    from dreamerguard.notify.channel import Channel

    per_path: dict[str, dict[str, str]] = {}
    for item in settings.per_path:
        per_path.setdefault(item.pattern, {}).update(dict.fromkeys(item.selectors, item.reason))
    values: dict[str, object] = {
        "select": list(settings.select),
        "ignore": dict(settings.ignore),
        "severity": {name: str(value) for name, value in settings.severity.items()},
        "min-severity": str(settings.min_severity),
        "min-confidence": str(settings.min_confidence),
        "per-path-ignores": per_path,
        "exclude": list(settings.exclude),
        "baseline": "" if settings.baseline is None else str(settings.baseline),
        "local-rules": [str(path) for path in settings.local_rules],
        "plugins": list(settings.plugins),
        "notify": [Channel(text, "").shown for text in settings.notify],
    }
    return [(name, _toml(value)) for name, value in values.items()]


def _toml(value: object) -> str:
    import json

    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(key)} = {_toml(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_toml(item) for item in value) + "]"
    return json.dumps(value, ensure_ascii=False)
