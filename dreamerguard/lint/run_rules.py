"""Runs the rules that apply to a run, and lowers the severity where the author made a choice."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from graphlib import TopologicalSorter

from dreamerguard.core.finding import Finding, Severity
from dreamerguard.core.run import ResolvedRun
from dreamerguard.core.setting import Role, is_debug
from dreamerguard.rules import Rule, all_rules
from dreamerguard.sources.argv import Command

from .trials import called_trial, has_tiny_length, is_trial

#: Rules about how a command is written, which hold whatever it trains.
_ANY_ALGORITHM = frozenset({"unknown-key", "misplaced-key", "malformed-override", "invalid-yaml", "duplicate-key"})
#: Rules about training outside the category of the train ratio; they do not hold for an evaluation.
_TRAINING = frozenset(
    {"debug-left-on", "frames-unit", "ignored-length", "late-crash", "long-evaluation", "misnamed-run",
     "indivisible-batch", "missing-checkpoint-regex", "no-checkpoint", "nonpositive-interval", "reward-clip",
     "replay-exceeds-memory", "replay-on-gpu", "slow-on-cpu", "sparse-logging", "steps-unit", "undersized-model",
     "oversized-model", "zero-interval"}
)  # fmt: skip

#: Rules about what is usual. On a task of the user's own, an unusual value in a preset is a choice, unless its finding
#: states the cost.
_USUAL = frozenset(
    {"sparse-logging", "long-prefill", "dense-updates", "learning-starts", "high-replay-ratio", "image-shape"}
)
#: Those that cost time only, so that a value on the command line is a choice too.
_ANYWHERE = frozenset({"dense-updates"})

#: Rules about the size of a run, which a trial of the program does not have.
_OF_SIZE = frozenset(
    {
        "low-update-budget",
        "low-train-ratio",
        "sparse-logging",
        "changed-batch-shape",
        "undersized-model",
        "little-replay",
        "online-replay",
        "long-prefill",
    }
)
#: Rules about a smaller batch, which a command of a tiny length has for a trial.
_OF_BATCH = frozenset({"unadapted-ratio"})
#: Rules about what a preset for trials makes of a run, which text beside the command may call a trial.
_OF_DEBUG = frozenset({"debug-left-on", "dense-updates"})
#: Roles of the settings that decide about the number of updates per frame.
_SIZES: tuple[Role, ...] = ("train_ratio", "batch_size", "batch_length", "action_repeat", "envs")
#: Rules about the length of a run.
_OF_LENGTH = frozenset({"low-update-budget"})
#: Rules about the content of a preset: `check` says it where it stands, and a command that chooses it is not at fault.
_IN_PRESET = frozenset(
    {
        "interval-unit",
        "long-evaluation",
        "shrunk-preset",
        "sparse-logging",
        "unapplied-action-repeat",
        "unread-by-script",
    }
)


#: Categories of rules about what a value does.
_OF_VALUES = frozenset({"ratio", "schedule", "model", "frames"})


def run_rules(run: ResolvedRun, rules: tuple[Rule, ...] | None = None) -> Iterator[Finding]:
    """Yields the findings of all rules. A rule is skipped if a rule in its `unless` has found something."""
    fired, refused = set[str](), refused_keys(run)
    unknown_size = any(run.roles.get(role) in refused for role in _SIZES)
    unknown_length = run.roles.get("frames") in refused
    for rule in _order(all_rules(run.dialect) if rules is None else rules):
        if rule.dialects and run.dialect not in rule.dialects:
            continue
        if run.other and rule.name not in _ANY_ALGORITHM:
            continue
        if not run.trains and (rule.category == "ratio" or rule.name in _TRAINING):
            continue
        if (unknown_size and rule.category == "ratio") or (unknown_length and rule.name in _OF_LENGTH):
            continue
        if fired.isdisjoint(rule.unless):
            for finding in rule.run(run):
                if rule.category in _OF_VALUES and _is_dead(finding.key, run):
                    continue  # no code reads the value, which `dead-key` says
                if finding.key in refused and not any(problem.rule == finding.name for problem in run.problems):
                    continue  # it would judge the value that the refused one was meant to replace
                fired.add(rule.name)
                yield finding


def _is_dead(key: str, run: ResolvedRun) -> bool:
    known = run.keys.get(key)
    return known is not None and bool(known.dead)


def refused_keys(run: ResolvedRun) -> frozenset[str]:
    """Returns the keys of values that the program refuses, so that their settings still hold other values."""
    refused = (problem for problem in run.problems if problem.rule == "wrong-type")
    return frozenset(
        problem.key
        for problem in refused
        if (setting := run.settings.get(problem.key)) is not None and setting.last.span != problem.label.span
    )


def own_choice(finding: Finding, run: ResolvedRun, command: Command | None = None) -> Finding:
    """Returns a finding as information if it is about a preset, a trial, or a choice where nothing is published."""
    own = run.reference is None and run.seen and finding.name in _USUAL and not finding.upstream
    own = own and finding.harm is None
    placed = run.whole or run.in_file(finding.primary.span) or finding.name in _ANYWHERE
    preset = finding.upstream or run.in_file(finding.primary.span)
    content = finding.name in _IN_PRESET and preset and not run.whole
    if finding.severity is not Severity.WARNING:
        return finding
    choice = (own and placed) or content or _of_trial(finding, run, command)
    return replace(finding, severity=Severity.INFO) if choice else finding


def of_size(finding: Finding) -> bool:
    """Returns whether a finding is about the size of a run, which a trial of the program does not have."""
    return finding.name in _OF_SIZE


def _of_trial(finding: Finding, run: ResolvedRun, command: Command | None) -> bool:
    """Returns whether a finding is about the size of a run that only tries the program out."""
    if finding.name not in _OF_SIZE | _OF_BATCH | _OF_DEBUG:
        return False
    debug = any(is_debug(preset.name) for preset in run.presets)
    if (finding.name in _OF_SIZE and (debug or is_trial(run))) or (finding.name in _OF_DEBUG and debug and run.whole):
        return True
    return (finding.name in _OF_BATCH and has_tiny_length(run)) or (command is not None and called_trial(command))


def _order(given: tuple[Rule, ...]) -> Iterator[Rule]:
    rules = {rule.name: rule for rule in given}
    return (rules[name] for name in _sorted(tuple((rule.name, rule.unless) for rule in given)) if name in rules)


@cache
def _sorted(given: tuple[tuple[str, tuple[str, ...]], ...]) -> tuple[str, ...]:
    """Returns the names of the rules, each after the rules in its `unless`."""
    return tuple(TopologicalSorter({name: sorted(unless) for name, unless in given}).static_order())
