"""``dreamerguard schema``: the JSON Schema of a run configuration."""

from __future__ import annotations

from typing import Annotated

import typer


def schema(
    indent: Annotated[int, typer.Option("--indent", min=0, max=8, help="Spaces per level; 0 prints one line.")] = 2,
) -> None:
    """Print the JSON Schema of a run configuration, for editors and validators."""
    import json

    from dreamerguard.schema.publish import run_schema

    typer.echo(json.dumps(run_schema(), indent=indent or None, ensure_ascii=False))
