"""``dreamerguard schema``: the JSON Schema of a run configuration or of a sweep file."""

from __future__ import annotations

from typing import Annotated

import typer


def schema(
    indent: Annotated[int, typer.Option("--indent", min=0, max=8, help="Spaces per level; 0 prints one line.")] = 2,
    sweep: Annotated[bool, typer.Option("--sweep", help="The schema of a sweep file.")] = False,
) -> None:
    """Print the JSON Schema of a run configuration, or of a sweep file, for editors and validators."""
    import json

    from dreamerguard.schema.publish import run_schema
    from dreamerguard.sweep.plan.sweep_file import sweep_schema

    content = sweep_schema() if sweep else run_schema()
    typer.echo(json.dumps(content, indent=indent or None, ensure_ascii=False))
