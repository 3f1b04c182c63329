"""``dreamerguard init``: writes a commented run configuration with the published settings of a task."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dreamerguard.commands.shared.completions import offer, suites, tasks
from dreamerguard.commands.shared.errors import fail, note
from dreamerguard.commands.shared.sweep_template import SWEEP_SCHEMA_FILE, sweep_configuration
from dreamerguard.schema.published_editions import Edition
from dreamerguard.schema.sizes import SizeName
from dreamerguard.util.terminal import echo

if TYPE_CHECKING:
    from dreamerguard.schema.tasks import TaskDefaults

#: Section -> its settings in the written file. `size` comes first, outside the sections.
_SECTIONS = {"run": ("frames", "train_ratio", "envs"), "env": ("action_repeat", "observation", "image_size")}

#: Name of the schema file that is written next to the configuration.
SCHEMA_FILE = "dreamerguard.schema.json"


def init(
    task: Annotated[
        str, typer.Argument(help="Task, for example dmc_walker_walk or gym:CartPole-v1.", autocompletion=offer(tasks))
    ],
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="File to write; by default run.yaml or sweep.yaml.")
    ] = None,
    suite: Annotated[
        str | None,
        typer.Option("--suite", help="Suite, if several suites have the task.", autocompletion=offer(suites)),
    ] = None,
    edition: Annotated[Edition | None, typer.Option("--edition", help="Edition of published defaults.")] = None,
    size: Annotated[SizeName | None, typer.Option("--size", help="Model size instead of the published one.")] = None,
    make: Annotated[
        str | None,
        typer.Option("--make", help="Your own environment: module:function, as env.make.", metavar="FUNCTION"),
    ] = None,
    schema_url: Annotated[
        str | None, typer.Option("--schema-url", help="Point editors to this schema instead of writing one.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite existing files.")] = False,
    sweep: Annotated[bool, typer.Option("--sweep", help="Write a sweep file instead of a run file.")] = False,
) -> None:
    """Write a commented run configuration with the published settings of a task, or a sweep file.

    For an id such as gym:CartPole-v1, or your own environment (--make), the settings are defaults of the reference
    program and starting points.
    """
    import json

    from dreamerguard.programs.native.runnable import why_not_here
    from dreamerguard.schema.publish import SCHEMA_ID, run_schema
    from dreamerguard.schema.suites import has_free_names
    from dreamerguard.sweep.plan.sweep_file import SCHEMA_ID as schema_id
    from dreamerguard.sweep.plan.sweep_file import sweep_schema

    schema_file = SWEEP_SCHEMA_FILE if sweep else SCHEMA_FILE
    out = out if out is not None else Path("sweep.yaml" if sweep else "run.yaml")
    address = schema_url or schema_file
    if sweep:
        name, text = _sweep(task, suite, make or edition or size, address)
    elif make is not None or (suite is None and has_free_names(task)):
        name, text = task, _own(task, make, edition, size, address)
    else:
        name, text = _published(task, suite, edition, size, address)
    if out.is_dir():
        fail(f"{out} is a folder; name the file to write, for example --out {out / 'run.yaml'}")
    files = {out: text}
    if schema_url is None:
        schema = sweep_schema() if sweep else run_schema()
        files[out.with_name(schema_file)] = json.dumps(schema, indent=2, ensure_ascii=False) + "\n"
    identifier = schema_id if sweep else SCHEMA_ID
    taken = [path for path in files if path.exists() and not (force or _is_generated_schema(path, identifier))]
    if taken:
        fail(f"{' and '.join(map(str, taken))} already exists; --force overwrites it.")
    made = "" if out.parent.exists() else f"; made the folder {out.parent}"
    for path, content in files.items():
        _write(path, content)
    echo(f"wrote {' and '.join(map(str, files))}{made}")
    if make is None and (reason := why_not_here(name)):
        note(reason)


def _own(task: str, make: str | None, edition: Edition | None, size: SizeName | None, schema: str) -> str:
    """Returns the run file of an environment without published settings, or ends the command."""
    from dreamerguard.commands.shared.own_environment import check_own, own_configuration

    if edition is not None:
        fail(f"no edition has values for {task}; leave out --edition")
    if reason := check_own(task, make):
        fail(reason)
    return own_configuration(task, make, size, schema)


def _sweep(task: str, suite: str | None, unused: object, schema: str) -> tuple[str, str]:
    """Returns name and sweep file of a task, or ends the command."""
    from dreamerguard.schema.suites import has_free_names
    from dreamerguard.schema.tasks import UnknownTask, find_task

    if unused is not None:
        fail("--sweep takes neither --make, --edition nor --size: write them as settings of the sweep file")
    if suite is None and has_free_names(task):
        return task, sweep_configuration(task, None, schema)
    try:
        defaults = find_task(task, suite)
    except UnknownTask as error:
        fail(str(error))
    return defaults.name, sweep_configuration(defaults.name, defaults, schema)


def _published(
    task: str, suite: str | None, edition: Edition | None, size: SizeName | None, schema: str
) -> tuple[str, str]:
    """Returns name and run file of a task with published settings, or ends the command."""
    from dreamerguard.schema.tasks import UnknownTask, find_task

    try:
        defaults = find_task(task, suite)
    except UnknownTask as error:
        fail(f"{error} For your own environment, add --make module:function")
    chosen = edition or defaults.default_edition
    if chosen not in defaults.editions:
        fail(f"edition {chosen} has no values for {defaults.name}; choose {', '.join(defaults.editions)}.")
    return defaults.name, configuration(defaults, chosen, size, schema)


def configuration(
    defaults: TaskDefaults, edition: Edition, size: SizeName | None = None, schema: str = SCHEMA_FILE
) -> str:
    """Returns the text of a run configuration with an edition's main settings, each with its unit and source.

    Args:
      defaults: published defaults of the task.
      edition: one of `defaults.editions`.
      size: model size instead of the published one.
      schema: address of the JSON Schema, relative to the file or absolute.
    """
    from dreamerguard.schema.tasks import prefixes

    values = defaults.values(edition)
    shown = ["size", *(f"{section}.{name}" for section, names in _SECTIONS.items() for name in names)]
    sources = list(dict.fromkeys(values[key].source for key in shown if key in values))
    lines = [
        f"# yaml-language-server: $schema={schema}",
        f"# {defaults.name} as DreamerV3 was run in edition {edition}. Numbers in brackets name the sources below.",
        "",
        f"task: {defaults.name}",
    ]
    if len(prefixes()[defaults.name.split("_", 1)[0]]) > 1:
        lines.append(f"suite: {defaults.suite}")
    lines += [f"edition: {edition}", _line("size", defaults, edition, sources, size)]
    for section, names in _SECTIONS.items():
        settings = [f"  {_line(f'{section}.{name}', defaults, edition, sources)}" for name in names]
        kept = [line for line in settings if line.strip()]
        if any(not line.lstrip().startswith("#") for line in kept):
            lines += ["", f"{section}:", *kept]
    lines += ["", "# Sources"]
    for number, name in enumerate(sources, 1):
        source = defaults.sources[name]
        lines += [
            f"# [{number}] {source.title}",
            f"#     {source.url}",
            *([f"#     {source.detail}"] if source.detail else []),
        ]
    return "\n".join(lines) + "\n"


def _line(key: str, defaults: TaskDefaults, edition: Edition, sources: list[str], size: SizeName | None = None) -> str:
    """Returns one setting with its comment. Without a published value: a comment for `run.frames`, else empty text."""
    from dreamerguard.schema.publish import unit

    name, value = key.rpartition(".")[2], defaults.values(edition).get(key)
    if value is None:
        return f"# {name}: {unit(key)}; no source states it for this edition" if key == "run.frames" else ""
    if size is not None:
        return f"size: {size}  # chosen; published is {value.value} [{sources.index(value.source) + 1}]"
    comment = "; ".join(part for part in (unit(key), value.note) if part)
    return f"{name}: {value.value}  # {comment + ' ' if comment else ''}[{sources.index(value.source) + 1}]"


def _write(path: Path, content: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
    except OSError as error:
        fail(f"cannot write {path}: {error.strerror}.")


def _is_generated_schema(path: Path, schema_id: str) -> bool:
    """Returns whether a file is a schema that this command wrote earlier; it may be overwritten without --force."""
    if path.name not in (SCHEMA_FILE, SWEEP_SCHEMA_FILE) or not path.is_file():
        return False
    return f'"$id": "{schema_id}"' in path.read_text(encoding="utf-8", errors="replace")
