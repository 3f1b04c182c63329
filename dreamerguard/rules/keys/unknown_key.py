"""The key does not exist.

What it does:
  Reports a key that the program does not have, and suggests the nearest key. It also recognises the names that other
  training programs use for the same setting. A file with mostly unknown keys is reported once.

Why is this bad:
  The value cannot take effect, so the command is refused. A program that ignored it would train something else.

How to fix:
  Use the key that the message suggests. ``dreamerguard explain KEY`` describes a key, and ``dreamerguard schema`` lists
  all keys.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator

from dreamerguard.core.finding import Confidence, Finding, Fix, Severity
from dreamerguard.core.run import ResolvedRun, fix
from dreamerguard.core.setting import UnknownKey
from dreamerguard.core.source import Edit
from dreamerguard.rules.rule import Example, Rule
from dreamerguard.util.hints import did_you_mean, nearest_key

rule = Rule("DG301", "unknown-key", Severity.ERROR)

GOOD = [Example("dreamerguard train dmc_walker_walk run.train_ratio=512")]
BAD = [
    Example(
        "dreamerguard train dmc_walker_walk run.train_ration=512",
        mark="run.train_ration=512",
        fixed="dreamerguard train dmc_walker_walk run.train_ratio=512",
    ),
    Example(
        "dreamerguard train run.yaml",
        file="task: dmc_walker_walk\nbatch_size: 16\n",
        mark="batch_size: 16",
        fixed="task: dmc_walker_walk\nreplay.batch_size: 16\n",
    ),
    Example("dreamerguard train dmc_walker_walk run.steps=1e6", mark="run.steps=1e6"),
]


#: A file with more unknown keys than this, and more than known keys, is reported as one mistake.
_MANY = 8
#: Number of unknown keys that get a suggestion. More would take long and not help.
_GUESSES = 40
_PATTERN = re.compile(r"[^\w.+-]")


@rule.check
def check(run: ResolvedRun) -> Iterator[Finding]:
    """Looks unknown keys up in the known aliases first, then by similarity."""
    foreign = [name for name in run.files if _is_foreign(run, name)]
    yield from (_foreign(run, name) for name in foreign)
    own = [item for item in run.unknown if item.fatal and item.span.source.name not in foreign]
    for index, unknown in enumerate(own):
        yield _finding(run, unknown, guess=index < _GUESSES)


def _finding(run: ResolvedRun, unknown: UnknownKey, guess: bool) -> Finding:
    renamed = run.renamed.get(unknown.key.replace("-", "_"))
    nearest = nearest_key(unknown.key, run.keys) if guess and renamed is None else None
    target = renamed.path if renamed is not None else nearest
    note = f"; {renamed.note}" if renamed is not None and renamed.note else ""
    sure = unknown.certain or renamed is not None or (target is not None and _close(unknown.key, target))
    if not sure:
        return rule.at(
            unknown.span,
            f"{run.upstream} has no key {unknown.key}",
            key=unknown.key,
            severity=Severity.INFO,
            confidence=Confidence.LOW,
            help="run dreamerguard in the checkout, so that it reads the keys there",
        )
    return rule.at(
        unknown.span,
        f"{_what(unknown.key)}{did_you_mean(target)}",
        key=unknown.key,
        fix=_rename(unknown, target) if target and not note else None,
        help=_explain(run, target, note) if target else _listed(run),
        upstream=run.upstream if unknown.upstream else "",
        confidence=None if unknown.certain else Confidence.MEDIUM,
    )


def _close(key: str, target: str) -> bool:
    """Returns whether one key looks like a misspelling of the other."""
    return difflib.SequenceMatcher(None, key, target).ratio() >= 0.9


def _what(key: str) -> str:
    return f"the pattern {key} matches no key" if _PATTERN.search(key) else f"there is no key {key}"


def _listed(run: ResolvedRun) -> str:
    if run.dialect == "native":
        return "`dreamerguard schema` lists all keys"
    return f"keys are listed in {run.files[0]}" if run.files else f"keys are those of {run.upstream}"


def _is_foreign(run: ResolvedRun, file: str) -> bool:
    unknown = sum(item.fatal and item.span.source.name == file for item in run.unknown)
    if unknown <= _MANY:
        return False
    known = sum(layer.name == file for setting in run.settings.values() for layer in setting.chain)
    return unknown > known


def _foreign(run: ResolvedRun, file: str) -> Finding:
    keys = [item for item in run.unknown if item.span.source.name == file]
    return rule.at(
        keys[0].span,
        f"{len(keys)} keys of {file} do not exist: the file looks like one of another program",
        label="first unknown key",
        key=keys[0].key,
        help="`dreamerguard init` writes a run file for a task",
    )


def _explain(run: ResolvedRun, target: str, note: str) -> str:
    key = run.keys.get(target)
    if key is not None and key.kind == "text" and key.default is None:
        key = None  # null in the program's files: its type is not known
    return f"{target} is {key.expects}{note}" if key is not None else note.removeprefix("; ")


def _rename(unknown: UnknownKey, target: str) -> Fix | None:
    """Replaces the key; a nested key keeps its section, so it is only replaced when the section is right."""
    place = unknown.key_span
    if place is None:
        return None
    *path, _ = unknown.key.split(".")
    *section, leaf = target.split(".")
    if place.text.strip("'\"") == unknown.key:
        text = target
    elif path == section:
        text = leaf
    else:
        return None
    return fix(Edit(place, text), f"rename it to {target}", safe=True)
