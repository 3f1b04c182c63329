"""Holds back what cannot be judged because the shell may add flags to a command: ``"$@"``, ``$OPTIONS``."""

from __future__ import annotations

from dataclasses import replace

from dreamerguard.core.finding import Finding, Problem
from dreamerguard.core.run import ResolvedRun
from dreamerguard.core.source import Label
from dreamerguard.sources.argv import Command
from dreamerguard.sources.commands.lost_lines import lost_line

#: Rules about something that is absent.
_ABSENT = frozenset({"missing-task", "missing-logdir", "missing-module", "unselected-task"})


def with_unread_words(run: ResolvedRun, command: Command) -> ResolvedRun:
    """Returns the run with the command's unknown words, and with a problem for a broken line continuation."""
    if command.broken is not None:
        text = "a blank follows the backslash, so the command ends here and the next line is not part of it"
        problem = Problem(
            "malformed-override", text, Label(command.broken), help="remove the blank behind the backslash"
        )
        run = replace(run, problems=(*run.problems, problem))
    lost = lost_line(command)
    if lost is not None:
        text = "the line above does not end in a backslash, so these words are not part of the command"
        problem = Problem("malformed-override", text, Label(lost), help="end the line above with a backslash")
        run = replace(run, problems=(*run.problems, problem))
    unread = (*run.unread, *command.unread)
    return replace(run, open=run.open or command.open, unread=unread, unlisted=command.unlisted)


def rests_on_known(finding: Finding, run: ResolvedRun) -> bool:
    """Returns whether unknown flags cannot refute a finding.

    If the shell may add flags, a finding about a setting counts only if the command itself sets it, and a finding
    about the words of the command counts anyway.
    """
    if not run.open:
        return True
    if finding.name in _ABSENT:
        return False
    if finding.name == "dead-key" and run.whole:
        return True
    if any(problem.rule == finding.name for problem in run.problems):
        return True
    setting = run.settings.get(finding.key)
    if setting is None:
        return bool(finding.key) and any(item.key == finding.key for item in run.unknown)
    return setting.last.kind == "command line"
