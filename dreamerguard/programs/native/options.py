"""The options of ``dreamerguard lint`` and ``train`` that set nothing in the run, each in one place.

A field is an option: its name (a last ``_`` only avoids a keyword of Python), its default, its help and the values it
takes. The reader of native commands, the quick reader of ``lint`` and the signatures of the Typer commands are all
derived from these tables. A false default means a switch, a tuple gathers repeated options. Loads neither Typer nor
pydantic.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import Field, field, fields
from enum import StrEnum
from typing import Any

from dreamerguard.core.finding import Confidence, Severity
from dreamerguard.util.fast_dataclass import dataclass


class OutputFormat(StrEnum):
    """Formats of the lint report."""

    FULL = "full"
    CONCISE = "concise"
    JSON = "json"
    JSONL = "jsonl"
    SARIF = "sarif"
    GITHUB = "github"
    GITLAB = "gitlab"
    JUNIT = "junit"
    MARKDOWN = "markdown"


class PlanFormat(StrEnum):
    """Formats of the plan that ``train --dry-run`` prints."""

    TEXT = "text"
    JSON = "json"


def _option(
    default: Any,
    help: str,
    choices: type[StrEnum] | None = None,
    *,
    commas: bool = False,
    short: str = "",
    completes: str = "",
) -> Any:
    """An option.

    Args:
      default: value without the option.
      help: one line for ``--help``.
      choices: the values that the option takes; by default any text.
      commas: whether one value may list several names.
      short: abbreviation with one dash.
      completes: what the shell offers as its value, by name in `dreamerguard.commands.shared.completions`.
    """
    facts = {"help": help, "choices": choices, "commas": commas, "short": short, "completes": completes}
    return field(default=default, metadata=facts)


_CONFIG_FILE = "Lint settings to read, instead of the nearest ones."
_NO_CONFIG = "Read no lint settings."
_LOCAL_RULES = "Run the local rules and plugins that the lint settings name: code of the folder."


@dataclass(frozen=True, slots=True)
class LintOptions:
    """Options of ``dreamerguard lint``; ``check`` takes some of them."""

    output_format: OutputFormat = _option(OutputFormat.FULL, "Report to write.", OutputFormat)
    output: str | None = _option(None, "File for the report, instead of printing it.", short="-o")
    explain_budget: bool = _option(False, "Also show how the number of gradient updates comes about.")
    this_machine: bool = _option(False, "The run is meant for this machine: check GPU and memory too.")
    dialect: str | None = _option(None, "The program of the command: r2dreamer, or danijar:2023.")
    probe: bool = _option(False, "Make the environment, play two random episodes: runs the program's code.")
    probe_env: str | None = _option(None, "module:function that makes it, given the task; with --probe.")
    list_rules: bool = _option(False, "List all rules and exit.")
    select: tuple[str, ...] = _option(
        (), "Only these rules: names, codes or beginnings of codes.", commas=True, completes="rules"
    )
    ignore: tuple[str, ...] = _option((), "Not these rules.", commas=True, completes="rules")
    min_severity: Severity | None = _option(None, "Report only findings of at least this severity.", Severity)
    min_confidence: Confidence | None = _option(None, "Report only findings of at least this confidence.", Confidence)
    config_file: str | None = _option(None, _CONFIG_FILE)
    no_config: bool = _option(False, _NO_CONFIG)
    allow_local_rules: bool = _option(False, _LOCAL_RULES)
    no_cache: bool = _option(False, "Neither read nor write facts of Python files in the user's cache directory.")
    baseline: str | None = _option(None, "Known findings that do not count.")
    write_baseline: bool = _option(False, "Put all findings of this run into the baseline.")
    prune_baseline: bool = _option(False, "Remove from the baseline the findings that no longer occur.")
    fix: bool = _option(False, "Correct files where the original could not have run.")
    unsafe_fixes: bool = _option(False, "With --fix or --diff: also make corrections that change the training.")
    diff: bool = _option(False, "Show what --fix would change, and change nothing.")
    exit_zero: bool = _option(False, "Exit with 0 in spite of findings.")


@dataclass(frozen=True, slots=True)
class TrainOptions:
    """Options of ``dreamerguard train``."""

    config: str | None = _option(None, "Run file.")
    logdir: str | None = _option(None, "Run directory; by default runs/ and a name from the configuration.")
    restart: bool = _option(False, "Start from the beginning; an earlier run there is kept in a folder before-N.")
    from_: str | None = _option(
        None, "Start from the parameters of RUN, RUN@FRAMES or a checkpoint of danijar/dreamerv3."
    )
    from_parts: tuple[str, ...] = _option((), "With --from: only these parameters, such as enc,dec,dyn.", commas=True)
    allow: tuple[str, ...] = _option((), 'Start in spite of a finding: RULE="reason". Repeatable.', completes="rules")
    notify: tuple[str, ...] = _option(
        (), "Channel for WATCH, REGRESSED, errors and the end: a URL of apprise, '${VARIABLE}', or off. Repeatable."
    )
    metrics_file: str | None = _option(None, "File NAME.prom for the state, in Prometheus' text format.")
    num_processes: str | None = _option(
        None, "Processes that train the run together; auto asks Slurm. Without --process-id, all start here."
    )
    process_id: str | None = _option(None, "Number of this process, from 0; process 0 writes all files.")
    coordinator_address: str | None = _option(None, "Where process 0 is reached by the others, HOST:PORT.")
    dry_run: bool = _option(False, "Lint, resolve and print the plan; start nothing and write nothing.")
    output_format: PlanFormat = _option(PlanFormat.TEXT, "Format of the plan, with --dry-run.", PlanFormat)
    config_file: str | None = _option(None, _CONFIG_FILE)
    no_config: bool = _option(False, _NO_CONFIG)
    allow_local_rules: bool = _option(False, _LOCAL_RULES)


def options_of(table: type, names: Collection[str] = ()) -> dict[str, Field[Any]]:
    """Options of a table by how they are typed, ``--output-format``: those with the names of fields, or all."""
    return {
        f"--{item.name.rstrip('_').replace('_', '-')}": item
        for item in fields(table)
        if not names or item.name in names
    }


def typed_names(table: type) -> dict[str, Field[Any]]:
    """Options of a table by every way to type them: ``--output`` and ``-o``."""
    options = options_of(table)
    return options | {item.metadata["short"]: item for item in options.values() if item.metadata["short"]}


def takes_value(option: Field[Any]) -> bool:
    """Returns whether a value follows the option."""
    return not isinstance(option.default, bool)


def gathers(option: Field[Any]) -> bool:
    """Returns whether the option may be repeated."""
    return isinstance(option.default, tuple)


def values(option: Field[Any], text: str) -> tuple[str, ...]:
    """The values that one use of a repeatable option adds."""
    parts = text.split(",") if option.metadata["commas"] else [text]
    return tuple(part.strip() for part in parts if part.strip())
