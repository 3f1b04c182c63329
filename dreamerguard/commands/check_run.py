"""Runs ``dreamerguard check`` once its options are read."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from dreamerguard.commands.shared.errors import fail, note
from dreamerguard.commands.shared.exit_codes import CLEAN, FINDINGS, NOTHING_CHECKED, exit_code
from dreamerguard.commands.shared.lint_actions import fix_files, show_diff, update_baseline
from dreamerguard.commands.shared.lint_settings import read_settings
from dreamerguard.commands.shared.standard_input import given_as, read_standard_input
from dreamerguard.core.machine import UNKNOWN, detect_machine
from dreamerguard.core.result import RepositoryResult, Result
from dreamerguard.core.source import SourceError
from dreamerguard.lint.engine import active_rules
from dreamerguard.lint.fixes import fixes_within
from dreamerguard.lint.rebase_paths import below
from dreamerguard.lint.repository import check_tree, root_of
from dreamerguard.lint.settings.model import Settings
from dreamerguard.programs.native.options import LintOptions, OutputFormat
from dreamerguard.util.terminal import write
from dreamerguard.util.text import wants_color
from dreamerguard.util.user_cache import user_cache_scope

#: The first line of YAML that is no comment: a key, or the beginning of a document.
_YAML = re.compile(r"\A(?:[ \t]*(?:#[^\n]*)?\n)*(?:---|[\"']?[\w.-]+[\"']?[ \t]*:(?:[ \t\n]|$))")


def run_check(
    options: LintOptions,
    paths: Sequence[Path],
    *,
    allow_nothing: bool,
    stdin_filename: str | None,
    watch: bool = False,
) -> int:
    """Checks, reports, and gives the exit code.

    Args:
      options: what the options say.
      paths: files and folders, or ``-`` alone.
      allow_nothing: whether it is fine that there is nothing to check.
      stdin_filename: name of the file on the standard input.
      watch: whether to check again after every change of a file, until Ctrl-C.

    Raises:
      CommandFailed: nothing could be checked.
    """
    if not watch:
        return _check_once(options, paths, allow_nothing, stdin_filename)
    _refuse_with_watch(options, paths)
    from dreamerguard.commands.shared.check_again import check_again
    from dreamerguard.lint.discovery import state_below

    return check_again(
        lambda: _check_once(options, paths, allow_nothing, stdin_filename),
        lambda: state_below(root_of(paths)),
    )


def _check_once(options: LintOptions, paths: Sequence[Path], allow_nothing: bool, stdin_filename: str | None) -> int:
    try:
        settings = read_settings(options)
        with user_cache_scope(on=not options.no_cache), _standard_input(paths, options, stdin_filename) as files:
            return _Check(files, options, settings, allow_nothing).run()
    except SourceError as error:
        fail(error.message)


def _refuse_with_watch(options: LintOptions, paths: Sequence[Path]) -> None:
    """Fails if something was asked for that happens once.

    Raises:
      CommandFailed: there is such an option.
    """
    once = {
        "--fix": options.fix, "--diff": options.diff, "--write-baseline": options.write_baseline,
        "--prune-baseline": options.prune_baseline, "-": Path("-") in paths,
    }  # fmt: skip
    if named := next((name for name, given in once.items() if given), None):
        fail(f"--watch only reports, and does not go with {named}")


@contextmanager
def _standard_input(paths: Sequence[Path], options: LintOptions, name: str | None) -> Iterator[Sequence[Path]]:
    """Gives the paths to check; for ``-`` the name of the file that the standard input holds."""
    if Path("-") not in paths:
        if name is not None:
            fail("--stdin-filename needs - as the only path")
        yield paths
        return
    if len(paths) > 1:
        fail("- stands for the standard input and must be the only path")
    data = read_standard_input(options)
    if name is None:
        name = "stdin.yaml" if _YAML.match(data.decode("utf-8-sig", "replace")) else "stdin.sh"
    with given_as(Path(name), data) as path:
        yield [path]


class _Check:
    def __init__(self, paths: Sequence[Path], options: LintOptions, settings: Settings, allow_nothing: bool) -> None:
        self.paths = paths
        self.options = options
        self.settings = settings
        self.allow_nothing = allow_nothing
        self.root = root_of(paths)
        self.machine = detect_machine() if options.this_machine else UNKNOWN
        self.outcome = RepositoryResult()

    def run(self) -> int:
        options = self.options
        if options.write_baseline or options.prune_baseline:
            update_baseline(self._results, options, self.settings, self.root)
            self._require_runs()
            return CLEAN
        if options.diff:
            changes = show_diff(self._editable(), options.unsafe_fixes)
            self._require_runs()
            return FINDINGS if changes else self._exit_code()
        if options.fix:
            fix_files(self._editable, self.root, options.unsafe_fixes)
        else:
            self._results(self.settings)
        self._report(below(self.outcome, self.root) if self.root != Path() else self.outcome)
        self._require_runs()
        return self._exit_code()

    def _results(self, settings: Settings) -> Sequence[Result]:
        self.outcome = check_tree(self.paths, self.machine, settings=settings)
        return self.outcome.results

    def _editable(self) -> Sequence[Result]:
        return fixes_within(self._results(self.settings), self.root, self.paths or [self.root])

    def _report(self, outcome: RepositoryResult) -> None:
        from dreamerguard.reports import render
        from dreamerguard.reports.repository_summary import repository_summary

        name = self.options.output_format
        color = self.options.output is None and wants_color(sys.stdout.isatty(), os.environ)
        text = render(name, outcome, color, active_rules(self.settings) if name == "sarif" else None)
        if name is not OutputFormat.FULL or self.options.output is not None:
            for line in repository_summary(outcome).split("\n"):
                note(line)
        if self.options.output is None:
            write(sys.stdout, text)
            return
        from dreamerguard.core.atomic_write import write_atomically

        write_atomically(Path(self.options.output), text.encode("utf-8"))

    def _require_runs(self) -> None:
        outcome = self.outcome
        if outcome.checked or self.allow_nothing:
            return
        reason = "; ".join((outcome.unread or outcome.unreadable)[:3])
        reason = reason or f"no run among {outcome.seen} file{'s' if outcome.seen != 1 else ''}"
        fail(f"nothing to check: {reason}", NOTHING_CHECKED)

    def _exit_code(self) -> int:
        codes = {exit_code(result) for result in self.outcome.results}
        if self.options.exit_zero:
            return CLEAN
        if FINDINGS in codes:
            return FINDINGS
        return NOTHING_CHECKED if codes == {NOTHING_CHECKED} else CLEAN
