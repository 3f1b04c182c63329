"""Values with which nothing can train: a learning rate of zero, an empty batch, a discount above 1, text for a number.

The programs check few of them. Each names its own keys; the limits of a role hold for all programs.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping

from dreamerguard.core.finding import Problem, Severity
from dreamerguard.core.key import Key
from dreamerguard.core.setting import Role, Setting
from dreamerguard.core.source import Edit, Label
from dreamerguard.core.values import spell_scalar
from dreamerguard.util.text import shortened

from .python_call import is_open

#: Role -> least value; none where another rule judges the value and only text and not-a-number are wrong.
_LEAST: dict[Role, float | None] = {
    "envs": 1,
    "action_repeat": 1,
    "batch_size": 1,
    "batch_length": 1,
    "train_ratio": None,
}
#: Last names of settings that load trained weights or keep them as they are.
_LOADS = re.compile(r"(ckpt|checkpoint|load|pretrain|resume|init_from|freeze|frozen|weights)", re.IGNORECASE)
_SAVES = re.compile(r"(save|every|freq|keep|upload|interval)", re.IGNORECASE)
_NO_FILE = ("", "none", "null", "false", "/dev/null")


def learning_rates(*paths: str) -> tuple[Key, ...]:
    """Limits of learning rates."""
    return tuple(Key(path, "number", None, above=0, high=1) for path in paths)


def shares(*paths: str) -> tuple[Key, ...]:
    """Limits of numbers from 0 to 1: a discount, the lambda of a return."""
    return tuple(Key(path, "number", None, low=0, high=1) for path in paths)


def counts(*paths: str) -> tuple[Key, ...]:
    """Limits of numbers of steps: an imagined rollout, a replay."""
    return tuple(Key(path, "number", None, low=1) for path in paths)


def endless_counts(*paths: str) -> tuple[Key, ...]:
    """Limits of numbers of steps that may be infinite: a replay buffer that keeps everything."""
    return tuple(Key(path, "number", None, low=1, high=math.inf) for path in paths)


def lengths(*paths: str) -> tuple[Key, ...]:
    """Limits of the length of a run, for programs that need a finite one."""
    return tuple(Key(path, "number", None, above=0) for path in paths)


def horizons(*paths: str) -> tuple[Key, ...]:
    """Limits of horizons: the discount is ``1 - 1 / horizon``, above 0 and at most 1."""
    return tuple(Key(path, "number", None, above=1, high=math.inf) for path in paths)


def role_limits(roles: Mapping[Role, str]) -> Iterator[Key]:
    """Limits of the keys that play a role. A run may be endless unless the program has `lengths` for it."""
    if "frames" in roles:
        yield Key(roles["frames"], "number", None, above=0, high=math.inf)
    for role, least in _LEAST.items():
        if role in roles:
            yield Key(roles[role], "number", None, low=least)


def beyond_limits(
    settings: Mapping[str, Setting], limits: Iterable[Key], reported: Iterable[Problem] = ()
) -> Iterator[Problem]:
    """Problems of written values that the limits do not allow.

    Args:
      settings: of the run.
      limits: of its keys, the last one of a key; keys that the run does not have are left out.
      reported: problems that are known already, so that no key is reported twice.
    """
    known = {problem.key for problem in reported}
    by_path = {limit.path: limit for limit in limits}
    rates = [key for key in by_path.values() if _is_rate(key)]
    for key in by_path.values():
        setting = settings.get(key.path)
        if setting is None or not setting.chosen or key.path in known:
            continue
        others = any(other is not key and _number(settings, other) > 0 for other in rates)
        if key in rates and setting.number == 0 and others:
            yield from _frozen(setting, settings)
            continue
        problem = _problem(key, setting)
        if problem is not None:
            yield problem


def _is_rate(key: Key) -> bool:
    return key.above == 0 and key.high == 1


def _number(settings: Mapping[str, Setting], key: Key) -> float:
    setting = settings.get(key.path)
    return setting.number if setting is not None else math.nan


def _frozen(setting: Setting, settings: Mapping[str, Setting]) -> Iterator[Problem]:
    """Yields the problem of one of several learning rates that is 0, unless the run loads weights that stay fixed."""
    place = setting.last.span
    if place is None or any(_loads(item) for item in settings.values()):
        return
    text = f"{setting.key} is 0: the networks of this optimizer keep their random weights"
    yield Problem(
        "out-of-range", text, Label(place), setting.key, help="write a number above 0, or load trained weights",
        severity=Severity.WARNING,
    )  # fmt: skip


def _loads(setting: Setting) -> bool:
    """Returns whether somebody chose a setting that loads or fixes weights."""
    name, value = setting.key.rpartition(".")[2], setting.value
    if not setting.chosen or _LOADS.search(name) is None or _SAVES.search(name) is not None:
        return False
    return value is True or (isinstance(value, str) and value.strip().lower() not in _NO_FILE)


def _problem(key: Key, setting: Setting) -> Problem | None:
    value, place = setting.value, setting.last.span
    assert place is not None, "a chosen setting has a place"
    if isinstance(value, str | bool):
        return _no_number(key, setting) if isinstance(value, bool) or not is_open(value) else None
    if not isinstance(value, int | float):
        return None
    if key.in_range(value):
        return None
    text = f"{key.path} is {spell_scalar(value)}; it must be {key.expected_instead(value)}"
    return Problem("out-of-range", text, Label(place), key.path)


def _no_number(key: Key, setting: Setting) -> Problem:
    value, place, edit = setting.value, setting.last.span, setting.last.value_span
    assert place is not None, "a chosen setting has a place"
    shown = spell_scalar(value) if isinstance(value, bool) else f"the text {shortened(str(value))!r}"
    meant = _meant(str(value)) if edit is not None and isinstance(value, str) else ""
    edits = (Edit(edit, meant),) if meant and edit is not None else ()
    text = f"{key.path} is {shown}; it must be {key.expects}"
    return Problem("wrong-type", text, Label(place), key.path, edits=edits, fix=f"write {meant}" if edits else "")


def _meant(text: str) -> str:
    try:
        return text.strip() if math.isfinite(float(text)) else ""
    except ValueError:
        return ""
