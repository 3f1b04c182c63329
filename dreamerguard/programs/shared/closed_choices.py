"""Values that the checkout's own code refuses: it decides by a setting and stops at what it does not list."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from functools import lru_cache

from dreamerguard.core.finding import Problem, Severity
from dreamerguard.core.setting import Setting
from dreamerguard.core.source import Label, Value
from dreamerguard.core.values import spell_scalar
from dreamerguard.sources.python.choice_facts import Literal, takes
from dreamerguard.sources.python.decisions import Decision, Decisions
from dreamerguard.sources.python.index import PythonIndex
from dreamerguard.sources.python.subjects import EACH
from dreamerguard.util.hints import LONGEST

from .checkout import PythonCheckout
from .created_by_name import only_by_setting
from .python_call import is_open

#: Values that often stand for "not set" or "off".
_OFF = (None, False, "", "none", "None", 0)
#: Code of sheeprl's other algorithms.
OTHERS = re.compile(r"(^|/)algos/(?!dreamer_v3/)")
#: Keys that name places.
_PLACES = re.compile(r"(^|[._])(logdir|basedir|\w*dir|path|\w+path|folder|checkpoint|from_checkpoint)$")


def refused_values(
    settings: Mapping[str, Setting], checkout: PythonCheckout | None, reported: Collection[str], *, whole: bool
) -> Iterator[Problem]:
    """Yields the problems of values that no branch of a closed choice in the checkout takes.

    Args:
      settings: of the run.
      checkout: the checkout; without one nothing is known.
      reported: keys with another problem, and keys that are judged elsewhere.
      whole: whether a file of presets is checked.
    """
    asked = [item for item in settings.values() if item.key not in reported and _is_asked(item, whole=whole)]
    if checkout is None or not checkout.decides:
        return
    yield from _refused_items(settings, checkout, reported, whole=whole)
    if not asked:
        return
    words = frozenset(part for item in asked for part in item.key.split(".")[-2:])
    decisions = checkout.index.decisions(checkout.starts, words)
    only = only_keys(settings)
    for setting in asked:
        leaf = setting.key.rpartition(".")[2]
        deciding = [item for item in decisions.found_of(leaf) if _decides(item, setting.key, only)]
        refusing = [item for item in deciding if _refuses(item, decisions, setting, checkout.index)]
        if whole and not isinstance(setting.value, str):
            yield from _numbers_for_texts(setting, only, decisions, checkout.index)
        elif refusing:
            best = max(refusing, key=lambda item: (decisions.runs_always(item), len(item.choice.choices)))
            sure = decisions.runs_always(best) and _of_script(best, checkout)
            sure = sure and not only_by_setting(best.file, best.choice.line, checkout.index, _texts(settings))
            yield _problem(best, setting, sure=sure, whole=whole)


def _refused_items(
    settings: Mapping[str, Setting], checkout: PythonCheckout, reported: Collection[str], *, whole: bool
) -> Iterator[Problem]:
    """Yields the problems of lists with an item at which the loop over them stops."""
    lists = [item for item in settings.values() if isinstance(item.value, tuple) and item.key not in reported]
    lists = [item for item in lists if item.last.span is not None and not item.last.upstream]
    if not lists:
        return
    words = frozenset(part for item in lists for part in item.key.split(".")[-2:])
    decisions, only = checkout.index.decisions(checkout.starts, words), only_keys(settings)
    by_key = {only.get(".".join(item.path[:-1]), ""): item for item in decisions.found_of(EACH)}
    for setting in lists:
        decision, value = by_key.get(setting.key), setting.value
        if decision is None or OTHERS.search(decision.file) or not isinstance(value, tuple):
            continue
        for item in value:
            one = replace(setting, chain=(*setting.chain[:-1], replace(setting.last, value=item)))
            if isinstance(item, str) and not is_open(item) and _refuses(decision, decisions, one, checkout.index):
                sure = decisions.runs_always(decision) and _of_script(decision, checkout)
                yield _problem(decision, one, sure=sure, whole=whole)


def _is_asked(setting: Setting, *, whole: bool) -> bool:
    """Returns whether a value is written somewhere, is a plain text or, in a file, a number, and may be refused."""
    value, written = setting.value, setting.last
    if written.span is None or isinstance(value, tuple | bool) or value in _OFF or _PLACES.search(setting.key):
        return False
    if not whole and (written.upstream or not isinstance(value, str)):
        return False
    return not isinstance(value, str) or not (is_open(value) or len(value) > LONGEST or "\n" in value)


def _decides(decision: Decision, key: str, only: Mapping[str, str]) -> bool:
    """Returns whether a decision is about a key, and about no other key with the same last names."""
    if decision.choice.subject.part or OTHERS.search(decision.file):
        return False
    return only.get(".".join(decision.path)) == key


def _refuses(decision: Decision, decisions: Decisions, setting: Setting, index: PythonIndex) -> bool:
    """Returns whether a place refuses a value, and no other code takes it or gives the setting another one."""
    value: Value = setting.value
    assert not isinstance(value, tuple)
    if isinstance(value, str) and decision.choice.subject.lower:
        value = value.lower()
    if isinstance(value, str) != any(isinstance(choice, str) for choice in decision.choice.choices):
        return False  # another type: the program may convert it
    if any(takes(choice, value) for choice in decision.choice.choices) or decisions.may_take(decision, value):
        return False
    return not _is_changed(setting.key, decision, index)


def _of_script(decision: Decision, checkout: PythonCheckout) -> bool:
    """Returns whether a main function that decides is that of the started script."""
    return decision.choice.function != "main" or checkout.script in (None, decision.file)


def _is_changed(key: str, decision: Decision, index: PythonIndex) -> bool:
    """Returns whether the file that decides gives the key a value, or declares it as an option of its own."""
    facts, leaf = index.facts(decision.file), key.rpartition(".")[2]
    return facts is None or leaf in facts.given or leaf in facts.parsers.flags


def _texts(settings: Mapping[str, Setting]) -> frozenset[str]:
    return frozenset(item.value for item in settings.values() if isinstance(item.value, str))


def _problem(decision: Decision, setting: Setting, *, sure: bool, whole: bool) -> Problem:
    default = whole and setting.last.kind == "defaults"
    choices = [spell(choice) for choice in dict.fromkeys(decision.choice.choices)]
    where = "stops there" if sure else "stops if it reaches that line"
    text = f"{decision.place} does not take {spell_scalar(setting.value)} for {setting.key}, so the program {where}"
    place = setting.last.span
    assert place is not None, "only written values are asked"
    return Problem(
        "unknown-choice", text, Label(place), setting.key, help=", ".join(choices), value=setting.value,
        place=setting.last.value_span, severity=_severity(sure, default),
    )  # fmt: skip


def _numbers_for_texts(
    setting: Setting, only: Mapping[str, str], decisions: Decisions, index: PythonIndex
) -> Iterator[Problem]:
    """Yields the problem of a number where all code that reads the setting compares it with texts."""
    place = setting.last.span
    if place is None or setting.last.upstream:
        return
    leaf = setting.key.rpartition(".")[2]
    paths = (path for path in decisions.compared_paths(leaf) if only.get(".".join(path)) == setting.key)
    found = [item for path in paths for item in decisions.compared_at(path)]
    texts = [text for _, compared in found for text in compared.texts]
    if (
        not all(compared.texts for _, compared in found)
        or not all(isinstance(text, str) for text in texts)
        or not texts
    ):
        return
    lines = {(file, compared.line) for file, compared in found}
    if any(line not in lines for line in _lines_with(leaf, index)):
        return
    file, compared = found[0]
    shown = ", ".join(dict.fromkeys(str(text).strip("*") for text in texts))
    text = (
        f"{setting.key} is the number {spell_scalar(setting.value)}, but {file}:{compared.line} compares it with texts"
    )
    help = f"it compares it with {shown}"
    yield Problem("wrong-type", text, Label(place), setting.key, help=help, severity=Severity.WARNING)


def only_keys(keys: Iterable[str]) -> Mapping[str, str]:
    """Returns last names of keys, dotted -> the key, or nothing for those of several keys."""
    return _only_keys(tuple(keys))


@lru_cache(maxsize=2)  # all presets of a file have the same keys
def _only_keys(keys: tuple[str, ...]) -> Mapping[str, str]:
    found: dict[str, str] = {}
    for key in keys:
        name = key
        while name:
            found[name] = key if name not in found else ""
            name = name.partition(".")[2]
    return found


def _lines_with(leaf: str, index: PythonIndex) -> Iterator[tuple[str, int]]:
    """Yields the lines of all files that read something of a name, in code or in a text."""
    word = re.compile(rb"[.'\"]" + re.escape(leaf.encode()) + rb"\b|\b" + re.escape(leaf.encode()) + rb"\s*=")
    for name, file in index.files.items():
        for match in word.finditer(file.data or b""):
            yield name, (file.data or b"").count(b"\n", 0, match.start()) + 1


def spell(choice: Literal) -> str:
    """Returns a choice as it would be written in a file."""
    return spell_scalar(choice) if choice != "" else "''"


def _severity(sure: bool, default: bool) -> Severity | None:
    """Returns the severity of a refused value; None for the rule's own. Code that may not run is only worth knowing."""
    if not sure:
        return Severity.INFO
    return Severity.WARNING if default else None
