"""Runs ``dreamerguard lint`` once its options are read. Loads no Typer, see `lint_options`."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from dreamerguard.commands.shared.errors import fail, note
from dreamerguard.commands.shared.exit_codes import CLEAN, FINDINGS, NOTHING_CHECKED, USAGE, exit_code
from dreamerguard.commands.shared.lint_actions import fix_files, show_diff, update_baseline
from dreamerguard.commands.shared.lint_settings import read_settings
from dreamerguard.core.machine import UNKNOWN, detect_machine
from dreamerguard.core.programs import shown_program
from dreamerguard.core.source import SourceError
from dreamerguard.lint.engine import active_rules, check_command
from dreamerguard.lint.settings.model import Settings
from dreamerguard.programs.native.options import LintOptions, takes_value, typed_names
from dreamerguard.programs.registry import UnknownProgram, edition_names, program_names
from dreamerguard.sources.argv import Option, read_arguments, read_command
from dreamerguard.util.paths import exists
from dreamerguard.util.terminal import write
from dreamerguard.util.text import wants_color
from dreamerguard.util.user_cache import user_cache_scope

if TYPE_CHECKING:
    from dreamerguard.core.result import Result
    from dreamerguard.sources.argv import Command

_NOTHING = """nothing to check. Examples:
  dreamerguard lint run.yaml
  dreamerguard lint run.yaml run.train_ratio=32
  dreamerguard lint --task dmc_walker_walk run.train_ratio=32
  dreamerguard lint -- dreamerguard train dmc_walker_walk run.train_ratio=32"""
#: Names of tasks have a suite and a name.
_TASK_LIKE = re.compile(r"[a-z0-9]+(_[A-Za-z0-9-]+)+(/[0-9]+)?")

#: Name of the run file on the standard input.
_STDIN = "stdin.yaml"
#: Options that set a key of a run file.
_RUN_OPTIONS = ("--task", "--edition", "--size")


def run_lint(options: LintOptions, own: Sequence[str], training: Sequence[str] | None) -> int:
    """Checks, reports, and gives the exit code.

    Args:
      options: what the options say.
      own: the words behind ``lint``, up to ``--``.
      training: the words behind ``--``; none without one.

    Raises:
      CommandFailed: nothing could be checked.
    """
    try:
        settings = read_settings(options)
        if options.list_rules:
            write(sys.stdout, _rules(settings))
            return CLEAN
        with user_cache_scope(on=not options.no_cache), _standard_input(own, training, options) as words:
            command = _command(words, training)
            return _lint(lambda judged: _check(command, options, judged), options, settings)
    except SourceError as error:
        fail(error.message, NOTHING_CHECKED if _needs_hydra(error) else USAGE)


@contextmanager
def _standard_input(
    own: Sequence[str], training: Sequence[str] | None, options: LintOptions
) -> Iterator[Sequence[str]]:
    """Gives the words behind ``lint``; a ``-`` among them becomes the name of a file with the standard input."""
    named = [at for at, word in enumerate(own) if word == "-" and not _is_value(own, at)]
    if training is not None or not named:
        yield own
        return
    if len(named) > 1:
        fail("- stands for the standard input and can be named once")
    from dreamerguard.commands.shared.standard_input import given_as, read_standard_input

    with given_as(Path(_STDIN), read_standard_input(options)):
        yield [*own[: named[0]], _STDIN, *own[named[0] + 1 :]]


def _is_value(words: Sequence[str], at: int) -> bool:
    """Returns whether a word is the value of the option before it."""
    option = typed_names(LintOptions).get(words[at - 1]) if at else None
    return option is not None and takes_value(option)


def _needs_hydra(error: SourceError) -> bool:
    """Returns whether nothing is wrong with the input, and only a library is missing to read it."""
    return type(error).__name__ == "NeedsHydra"


def _lint(check: Callable[[Settings], Result], options: LintOptions, settings: Settings) -> int:
    if options.write_baseline or options.prune_baseline:
        update_baseline(lambda given: (check(given),), options, settings)
        return CLEAN
    if options.diff:
        result = check(settings)
        return FINDINGS if show_diff((result,), options.unsafe_fixes) else _exit_code(result)
    if options.fix:
        (result,) = fix_files(lambda: (check(settings),), Path(), options.unsafe_fixes)
    else:
        result = check(settings)
    _report(result, options, settings)
    return CLEAN if options.exit_zero else _exit_code(result)


def _command(own: Sequence[str], training: Sequence[str] | None) -> Command:
    if training is not None:
        _refuse_words_before(own)
        if not training:
            fail("nothing to check: no command behind --", NOTHING_CHECKED)
        return read_command(training)
    command = read_command(["dreamerguard", "lint", *own])
    _refuse_stray_words(command, own)
    return command


def _refuse_words_before(own: Sequence[str]) -> None:
    """Fails if something other than an option of ``lint`` stands before ``--``: the command after it is all that runs.

    Raises:
      CommandFailed: there is such an argument.
    """
    known = typed_names(LintOptions)
    for item in read_arguments(read_command(own).words, {name: takes_value(field) for name, field in known.items()}):
        if isinstance(item, Option):
            continue
        text = item.span.text.split(" ")[0]
        if text.partition("=")[0] in _RUN_OPTIONS:
            fail(f"{text} sets the task or size of a run file; after -- is a command, so write the setting there")
        if text.startswith("-"):
            from dreamerguard.commands.shared.unknown_option import no_such_option

            fail(no_such_option(text, "lint", (*known, *_RUN_OPTIONS)))
        fail(f"{text} stands before --, where only options of lint may stand; write settings after the command")


def _refuse_stray_words(command: Command, own: Sequence[str]) -> None:
    from dreamerguard.commands.shared.first_contact import about_file, about_word
    from dreamerguard.programs.native.arguments import read_native
    from dreamerguard.schema.suites import has_free_names

    arguments = read_native(command)
    if not (arguments.tasks or arguments.files or arguments.overrides):
        fail(_NOTHING, NOTHING_CHECKED)
    if flags := [item.span.text for item in arguments.overrides if item.span.text.startswith("--")]:
        from dreamerguard.commands.shared.unknown_option import mistyped_option

        if wrong := mistyped_option(flags, "lint", (*typed_names(LintOptions), *_RUN_OPTIONS)):
            fail(wrong)
    for word in arguments.files:
        if advice := about_file(word.text) or (about_word(word.text, own) if word.text.endswith(".py") else None):
            fail(advice)
    for word in arguments.tasks:
        if _TASK_LIKE.fullmatch(word.text) or has_free_names(word.text):
            continue
        if advice := about_word(word.text, own):
            fail(advice)
        kind = "run files end in .yaml, " if exists(Path(word.text)) else ""
        fail(f"{word.text!r} is neither a run file, nor key=value, nor a task: {kind}`dreamerguard tasks` lists tasks")


def _check(command: Command, options: LintOptions, settings: Settings) -> Result:
    machine, prober = detect_machine() if options.this_machine else UNKNOWN, None
    if options.probe:
        from dreamerguard.lint.environment_probe.probe_process import prober as make_prober

        prober = make_prober(command, Path(), options.probe_env)
    try:
        return check_command(command, machine, settings=settings, dialect=options.dialect, prober=prober)
    except UnknownProgram as error:
        if options.dialect is not None:
            fail(_no_dialect(options.dialect))
        known = ", ".join(map(shown_program, program_names()))
        fail(
            f"not checked: {error}; commands of these programs can be checked: {known}"
            " (--dialect NAME checks the command of a copy that does not look like one)",
            NOTHING_CHECKED,
        )


def _no_dialect(name: str) -> str:
    known, editions = program_names(), edition_names()
    if name in (*known, *editions):
        return f"--dialect {name}: the command cannot be one of that program's"
    listed = ("native (the bundled trainer)" if item == "native" else item for item in known)
    return f"--dialect {name} is unknown: known are {', '.join(listed)}, and {', '.join(editions)}"


def _report(result: Result, options: LintOptions, settings: Settings) -> None:
    from dreamerguard.reports import render

    color = options.output is None and wants_color(sys.stdout.isatty(), os.environ)
    described = active_rules(settings) if options.output_format == "sarif" else None
    text = render(options.output_format, (result,), color, described)
    if options.explain_budget and options.output_format == "full":
        from dreamerguard.reports.budget_table import render_budget

        text = f"{render_budget(result.run)}\n{text}"
    if options.output is None:
        write(sys.stdout, text)
        return
    from dreamerguard.core.atomic_write import write_atomically

    write_atomically(Path(options.output), text.encode("utf-8"))
    from dreamerguard.reports.full import summary

    note(f"{options.output}: {summary(result)}")


def _exit_code(result: Result) -> int:
    if any(finding.name == "missing-task" for finding in result.active):
        return USAGE if result.checked.settings or result.run.unknown else NOTHING_CHECKED
    return exit_code(result)


def _rules(settings: Settings) -> str:
    return "".join(f"{rule.code}  {rule.severity:<7}  {rule.name:<26}{rule.title}\n" for rule in active_rules(settings))
