"""Resolves a run, runs the rules and sorts the findings. Commands, tests and other programs check runs through it.

    >>> from dreamerguard.lint.engine import check_command
    >>> from dreamerguard.sources.argv import read_command
    >>> result = check_command(read_command(["dreamerguard", "train", "dmc_walker_walk", "run.train_ratio=32"]))
    >>> [finding.name for finding in result.findings]
    ['low-train-ratio']

The engine never prints and never exits.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from dreamerguard.core.environment import Probe
from dreamerguard.core.finding import Finding
from dreamerguard.core.machine import UNKNOWN, Machine
from dreamerguard.core.result import LintStats, Result
from dreamerguard.core.run import ResolvedRun
from dreamerguard.lint.settings.model import Settings
from dreamerguard.programs.interface import Program
from dreamerguard.programs.registry import by_name, programs
from dreamerguard.programs.shared.time_limits import with_time_limit
from dreamerguard.rules import Rule, all_rules
from dreamerguard.rules.redirects import current_name
from dreamerguard.sources.argv import Command
from dreamerguard.util.check_cache import check_cache_scope
from dreamerguard.util.interruption import stop_if_superseded

from . import suppressions
from .fixes import with_whole_commands
from .job_memory import for_job
from .recognition import recognised
from .run_rules import own_choice, run_rules
from .sweeps import lint_sweep
from .unread_words import rests_on_known, with_unread_words

Prober = Callable[[ResolvedRun], Probe]


class UnknownRule(LookupError):
    """A rule in ``allow`` does not exist."""

    def __init__(self, name: str, rules: Sequence[Rule] | None = None) -> None:
        from dreamerguard.util.hints import did_you_mean, nearest

        near = nearest(name, (rule.name for rule in rules or all_rules()))
        super().__init__(f"there is no rule {name!r}{did_you_mean(near[0] if near else None)}")
        self.name = name


def check_command(
    command: Command,
    machine: Machine = UNKNOWN,
    *,
    allow: Mapping[str, str] | None = None,
    folder: Path | None = None,
    settings: Settings | None = None,
    dialect: str | None = None,
    prober: Prober | None = None,
) -> Result:
    """Checks a training command.

    Args:
      dialect: name of the program, as in ``danijar`` or, with an edition, ``danijar:2023``; by default it is detected.
      prober: probes the environment of a resolved run, see `lint.environment_probe.run`; by default nothing is run.

    Raises:
      SourceError: a file of the command, the settings' baseline or one of their rules cannot be read.
      UnknownProgram: the command starts no supported training program.
      UnknownRule: ``allow`` names a rule that does not exist.
      Superseded: nobody waits for the result any more; see `interruptible`.
    """
    if any(word.text.endswith(".py") and not word.text[:1].isalnum() for word in command.words):
        from .start_folder import in_checkout  # it reads launchers, which takes long to load

        command = in_checkout(command, folder or Path())
    result = lint_without_suppressions(
        command, machine, allow=allow, folder=folder, settings=settings, dialect=dialect, prober=prober
    )
    return apply_suppressions((result,), settings, folder)[0]


@check_cache_scope()
def lint_without_suppressions(
    command: Command,
    machine: Machine = UNKNOWN,
    *,
    allow: Mapping[str, str] | None = None,
    folder: Path | None = None,
    settings: Settings | None = None,
    dialect: str | None = None,
    prober: Prober | None = None,
    known: tuple[Program, str] | None = None,
) -> Result:
    """Lints one run, or all runs of a sweep, without applying comments, settings and baseline.

    Pass the results of runs that share files to `apply_suppressions` together. ``known`` is the program of the command
    and why it was recognised, where that is known.
    """
    reasons, machine = require_rules(allow or {}, settings), for_job(machine, command.source)
    base = folder or Path()
    first = command.pick([0] * len(command.axes)) if command.axes else command
    if known is not None:
        found, (program, detected) = first, known
    elif dialect is None:
        found, program, detected = recognised(first, base)
    else:
        found, (program, detected) = first, by_name(first, dialect)

    def lint_run(one: Command) -> Result:
        stop_if_superseded()
        run = with_time_limit(with_unread_words(program.resolve(one, machine, base), one))
        if prober is not None:
            run = replace(run, probe=prober(run))
        rules = active_rules(settings, run.dialect)
        found = (own_choice(item, run, one) for item in run_rules(run, rules))
        findings = [_allowed(item, reasons) for item in found if rests_on_known(item, run)]
        checked = LintStats(len(rules), len(run.files), sum(s.chosen for s in run.settings.values()), run.overrides)
        return Result(tuple(sorted(findings, key=lambda item: item.order)), run, checked, program.name, detected)

    swept = program.with_sweep(found if found is not first else command, base)
    return lint_sweep(swept, lint_run) if swept.axes else lint_run(swept)


def apply_suppressions(
    results: Sequence[Result], settings: Settings | None = None, folder: Path | None = None
) -> tuple[Result, ...]:
    """Applies comments in the files, the settings and the baseline to results of `lint_without_suppressions`.

    Raises:
      SourceError: a selector names no rule, or the baseline cannot be read.
    """
    settings = settings or Settings()
    names = {None} if suppressions.names_rules(results, settings) else {result.run.dialect for result in results}
    rules = {rule.name: rule for name in names for rule in active_rules(settings, name)}
    judged = suppressions.mark_suppressed(results, settings, tuple(rules.values()), folder or Path())
    return tuple(replace(result, findings=with_whole_commands(result.findings)) for result in judged)


def active_rules(settings: Settings | None, dialect: str | None = None) -> tuple[Rule, ...]:
    """Returns the built-in rules, of one training program or all, and the rules that the settings add."""
    if settings is None or not (settings.local_rules or settings.plugins):
        return all_rules(dialect)
    from .plugins import load_rules

    return (*all_rules(dialect), *load_rules(settings))


def check_stored(path: Path, machine: Machine = UNKNOWN, *, name: str | None = None) -> Result | None:
    """Checks the resolved configuration that a training program stored for a run; None for other files.

    No fix is offered: the run has started, and a changed file would not change it.

    Args:
      path: the file.
      machine: facts about the machine that the run is meant for.
      name: name of the file in findings; its path by default.
    """
    shown = name or str(path)
    for program in programs():
        run = program.resolve_stored(path, shown, machine)
        if run is not None:
            run = replace(run, files=(shown,))
            found = tuple(sorted((replace(item, fix=None) for item in run_rules(run)), key=lambda item: item.order))
            chosen = sum(setting.chosen for setting in run.settings.values())
            checked = LintStats(len(all_rules(run.dialect)), 1, chosen, 0)
            return Result(found, run, checked, program.name, "the stored configuration of a run")
    return None


def require_rules(allow: Mapping[str, str], settings: Settings | None = None) -> dict[str, str]:
    """Converts rule name or code -> reason to rule name -> reason. Rules that the settings add are included.

    Raises:
      UnknownRule: a rule does not exist.
      SourceError: a rule of the settings cannot be read.
    """
    if not allow:
        return {}
    rules = active_rules(settings)
    names = {identity: rule.name for rule in rules for identity in (rule.code.lower(), rule.name)}
    current = {name: current_name(name.lower()) for name in allow}
    for name, wanted in current.items():
        if wanted not in names and not (settings is not None and settings.withheld):
            raise UnknownRule(name, rules)
    return {names[current[name]]: reason for name, reason in allow.items() if current[name] in names}


def _allowed(finding: Finding, reasons: Mapping[str, str]) -> Finding:
    return replace(finding, allowed=reasons[finding.name]) if finding.name in reasons else finding
