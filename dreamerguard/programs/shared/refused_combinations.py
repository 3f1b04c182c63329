"""Settings that the checkout's own code refuses together: ``if config.a and config.b != 1: raise ValueError``."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping

from dreamerguard.core.finding import Problem, Severity
from dreamerguard.core.setting import Setting
from dreamerguard.core.source import Label
from dreamerguard.core.values import spell_scalar
from dreamerguard.sources.python.choice_facts import Guard, Subject
from dreamerguard.sources.python.decisions import Decisions
from dreamerguard.sources.python.guard_values import Unknown, value_of
from dreamerguard.sources.python.index import PythonIndex

from .checkout import PythonCheckout
from .closed_choices import OTHERS, only_keys
from .python_call import is_open

#: Code that gives a key another value, with ``KEY`` for its last name.
_CHANGES = "|".join((
    r"(?:[cC]onfig|cfg|conf|args|hparams|hp|[fF]lags|FLAGS)\.(?:\w+\.)*KEY\s*(?://|\*\*|[-+*/%|&])?=(?!=)",
    r"\[['\"](?:[\w.]+\.)?KEY['\"]\]\s*(?://|\*\*|[-+*/%|&])?=(?!=)",
    r"setattr\([^,\n]+,\s*['\"]KEY['\"]",
    r"(?:update|replace|set_defaults)\([^()]{0,400}?\bKEY\b",
))  # fmt: skip
#: Layers of a run that a user writes, the weakest first.
_LAYERS = ("defaults", "file", "preset", "command line")


def refused_combinations(
    settings: Mapping[str, Setting], checkout: PythonCheckout | None, reported: Collection[str], *, whole: bool
) -> Iterator[Problem]:
    """Yields the problems of settings at which the checkout's code stops, where all of them are known.

    Args:
      settings: of the run.
      checkout: the checkout; without one nothing is known.
      reported: keys with another problem.
      whole: whether a file of presets is checked: a command may still replace the values.
    """
    chosen = [item for item in settings.values() if _is_choice(item, whole=whole)]
    if checkout is None or not checkout.decides or not chosen:
        return
    words = frozenset(item.key.rpartition(".")[2] for item in chosen)
    decisions, only = checkout.index.decisions(checkout.starts, words), only_keys(settings)
    found: set[str] = set()
    for file, guard in decisions.certain_guards():
        if OTHERS.search(file):
            continue
        together = _broken(guard, decisions, settings, only)
        keys = {item.key for item in together}
        at_fault = _at_fault(item for item in together if _is_choice(item, whole=whole) and item.key not in found)
        if not at_fault or keys & set(reported) or not _called_once(guard, checkout.index):
            continue
        if any(_is_changed(key, checkout.index) for key in keys):
            continue
        if whole and any(_is_task(item) and item.last.kind != "preset" for item in together):
            continue  # every command of another task replaces the default
        found |= keys
        yield _problem(f"{file}:{guard.line}", at_fault, together, whole=whole)


def _is_choice(setting: Setting, *, whole: bool) -> bool:
    """Returns whether the user wrote a value: in the preset that is checked, or anywhere for a command."""
    return setting.chosen and (not whole or setting.last.kind == "preset")


def _at_fault(settings: Iterable[Setting]) -> list[Setting]:
    """Returns the settings of the strongest layer, which do not fit to those below."""
    ranked = [(_LAYERS.index(item.last.kind), item) for item in settings if item.last.kind in _LAYERS]
    strongest = max((rank for rank, _ in ranked), default=0)
    return [item for rank, item in ranked if rank == strongest]


def _is_task(setting: Setting) -> bool:
    return setting.key.rpartition(".")[2] == "task"


def _broken(
    guard: Guard, decisions: Decisions, settings: Mapping[str, Setting], only: Mapping[str, str]
) -> tuple[Setting, ...]:
    """Returns the settings at which a place stops, in the order in which its condition names them."""
    asked: dict[Subject, Setting] = {}
    for subject in guard.condition.subjects():
        path = decisions.path_of(subject)
        setting = settings.get(only.get(".".join(path), "")) if path is not None else None
        if setting is None:
            return ()
        asked[subject] = setting
    try:
        stops = value_of(guard.condition, lambda subject: _value(asked[subject], subject))
    except Unknown:
        return ()
    return tuple(dict.fromkeys(asked.values())) if stops and len(set(asked.values())) > 1 else ()


def _value(setting: Setting, subject: Subject) -> object:
    """Returns what the code sees of a setting."""
    value: object = setting.value
    if isinstance(value, str):
        if is_open(value):
            raise Unknown
        value = value.partition("_")[0] if subject.first else value
        value = value.lower() if subject.lower else value
    elif subject.first or subject.lower:
        raise Unknown
    return value


def _is_changed(key: str, index: PythonIndex) -> bool:
    """Returns whether code of the checkout gives a key another value than the configuration has."""
    word = re.compile(_CHANGES.replace("KEY", re.escape(key.rpartition(".")[2])).encode())
    return any(word.search(file.data or b"") for file in index.files.values())


def _called_once(guard: Guard, index: PythonIndex) -> bool:
    """Returns whether all arguments in a condition come from one call, so that they belong together."""
    for name in {subject.owner for subject in guard.condition.subjects() if subject.owner}:
        word = re.compile(rb"(?<!def )(?<!class )\b" + re.escape(name.encode()) + rb"\(")
        if sum(len(word.findall(file.data or b"")) for file in index.files.values()) != 1:
            return False
    return True


def _problem(place: str, at_fault: list[Setting], together: tuple[Setting, ...], *, whole: bool) -> Problem:
    """Returns the problem of settings that do not fit; those that the user wrote are marked."""
    first, *others = at_fault
    label = first.last.span
    assert label is not None, "only written values are at fault"
    values = " and ".join(f"{item.key} {spell_scalar(item.value)}" for item in together)
    where = "stops unless a command sets another value" if whole else "stops"
    text = f"{place} refuses {values} together, so the program {where}"
    marks = tuple(Label(item.last.span, "does not fit") for item in others if item.last.span is not None)
    severity = Severity.WARNING if whole else None
    help = f"change one of {', '.join(item.key for item in together)}"
    return Problem("inconsistent-settings", text, Label(label), first.key, marks, help, severity=severity)
