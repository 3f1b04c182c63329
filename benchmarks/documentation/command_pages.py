"""One page for each command, from the Typer application: what ``--help`` says, as tables."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import typer

from dreamerguard.commands.app import COMMANDS, app

from .prose import code, prose

#: Command -> lines that people type.
EXAMPLES = {
    "lint": (
        "dreamerguard lint run.yaml run.train_ratio=32",
        "dreamerguard lint -- python dreamerv3/main.py --configs dmc_proprio --task dmc_walker_walk",
    ),
    "check": ("dreamerguard check", "dreamerguard check configs scripts --against ../base --output-format markdown"),
    "train": ("dreamerguard train dmc_walker_walk --dry-run", "dreamerguard train --config run.yaml"),
    "eval": ("dreamerguard eval runs/RUN --episodes 20",),
    "guard": ("dreamerguard guard -- python dreamerv3/main.py --configs dmc_proprio --task dmc_walker_walk",),
    "watch": ("dreamerguard watch runs/RUN", "dreamerguard watch --once runs/*"),
    "notify": ("dreamerguard notify '${SLACK_URL}'",),
    "compare": ("dreamerguard compare new --baseline old", "dreamerguard compare new --baseline old --sequential"),
    "report": ("dreamerguard report runs/RUN -o report.html", "dreamerguard report new --baseline old -o gate.html"),
    "reference": ("dreamerguard reference build runs/* -o own.json",),
    "tasks": ("dreamerguard tasks", "dreamerguard tasks dmc_walker_walk"),
    "explain": ("dreamerguard explain low-train-ratio", "dreamerguard explain run.train_ratio"),
    "doctor": ("dreamerguard doctor run.yaml",),
    "init": ("dreamerguard init dmc_walker_walk", "dreamerguard init gym:CartPole-v1"),
    "schema": ("dreamerguard schema > dreamerguard.schema.json",),
    "server": ("dreamerguard server",),
    "config": ("dreamerguard config show",),
    "test-rules": ("dreamerguard test-rules",),
}

#: Command -> pages that say more.
MORE = {
    "lint": ("settings.md", "rules/index.md", "tutorials/danijar.md"),
    "check": ("settings.md", "integrations.md", "tutorials/ci.md"),
    "train": ("keys.md", "runs.md", "tutorials/train.md"),
    "eval": ("runs.md", "agent.md"),
    "guard": ("watching.md", "tutorials/danijar.md"),
    "watch": ("watching.md", "statistics.md"),
    "notify": ("watching.md",),
    "compare": ("comparing.md", "statistics.md", "tutorials/compare.md"),
    "report": ("comparing.md",),
    "reference": ("watching.md",),
    "tasks": ("keys.md",),
    "explain": ("rules/index.md", "keys.md"),
    "doctor": ("doctor.md",),
    "init": ("keys.md", "tutorials/train.md"),
    "schema": ("keys.md",),
    "server": ("editors.md",),
    "config": ("settings.md",),
    "test-rules": ("api.md", "settings.md"),
}


def command_pages() -> dict[str, str]:
    """Returns the pages: name of the file -> text, with an index."""
    group: Any = typer.main.get_command(app)
    context = group.make_context("dreamerguard", ["check"], resilient_parsing=True)
    commands = {name: group.get_command(context, name) for name in COMMANDS}
    pages = {f"{name}.md": "\n".join(_page(name, command)) + "\n" for name, command in commands.items()}
    return {"index.md": "\n".join(_index(commands)) + "\n", **pages}


def _index(commands: dict[str, Any]) -> Iterator[str]:
    yield "# Commands"
    yield ""
    yield "Every command has `--help`. `dreamerguard` without a command says what the folder holds and what to type."
    yield "`--plain`, with every command, prints lines that stay, without bars, boxes and carets, for screen readers."
    yield ""
    yield "| command | what it does |"
    yield "| --- | --- |"
    for name, command in commands.items():
        yield f"| [{name}]({name}.md) | {_paragraphs(command)[0]} |"


def _page(name: str, command: Any, path: str = "dreamerguard", level: str = "#") -> Iterator[str]:
    yield f"{level} {path} {name}"
    for paragraph in _paragraphs(command):
        yield ""
        yield paragraph
    subcommands = getattr(command, "commands", {})
    if level == "#" and name in EXAMPLES:
        yield ""
        yield from (f"    {line}" for line in EXAMPLES[name])
    if not subcommands:
        yield from _parameters(command)
    for sub in subcommands:
        yield ""
        yield from _page(sub, subcommands[sub], f"{path} {name}", f"{level}#")
    if level == "#" and MORE.get(name):
        yield ""
        yield "More: " + ", ".join(f"[{page.removesuffix('.md')}](../{page})" for page in MORE[name]) + "."


def _paragraphs(command: Any) -> list[str]:
    """Returns the paragraphs of the help, each as one line of Markdown."""
    paragraphs = re.split(r"\n\s*\n", (command.help or "").strip())
    return [prose(" ".join(paragraph.split())) for paragraph in paragraphs]


def _parameters(command: Any) -> Iterator[str]:
    arguments = [item for item in command.params if item.param_type_name == "argument"]
    options = [item for item in command.params if item.param_type_name == "option"]
    context = typer.Context(command, info_name=command.name)
    if arguments:
        yield from ("", "| argument | meaning |", "| --- | --- |")
        for item in arguments:
            shown = item.metavar or item.name.upper()
            yield f"| {code(shown)} | {prose(item.help or '')} |"
    if options:
        yield from ("", "| option | meaning |", "| --- | --- |")
        for item in options:
            names, text = item.get_help_record(context)
            yield f"| {code(names)} | {prose(' '.join(text.split()))} |"
