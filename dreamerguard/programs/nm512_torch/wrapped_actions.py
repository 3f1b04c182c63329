"""Suites of a fork whose branch of ``make_env`` makes the actions discrete or continuous, against the actor's kind."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath

from dreamerguard.core.finding import Problem, Severity
from dreamerguard.core.setting import Setting
from dreamerguard.core.source import Label, Span
from dreamerguard.programs.shared.checkout import PythonCheckout
from dreamerguard.programs.shared.task_names import suite_of
from dreamerguard.sources.python.names import last_name
from dreamerguard.sources.python.python_files import parse

from .suite_branch import branch_of

#: Wrapper -> the kind of actions behind it.
_KINDS = {"OneHotAction": "discrete", "NormalizeActions": "continuous"}
_WORTH = re.compile(rb"\b(?:OneHotAction|NormalizeActions)\(")
#: Suites of upstream, which the rule knows.
_UPSTREAMS = frozenset({"dmc", "atari", "dmlab", "memorymaze", "crafter", "minecraft"})
_REFUSES = re.compile(rb"^[ \t]*raise ValueError\(f?[\"']Invalid one-hot action", re.MULTILINE)


def wrapped_actions(
    settings: Mapping[str, Setting], suite: str, checkout: PythonCheckout | None, anchor: Span, *, whole: bool
) -> Iterator[Problem]:
    """Yields the problem of an actor that draws another kind of actions than the wrapper of the suite takes.

    Args:
      settings: of the run.
      suite: the suite of the task, or the name of a preset without a task, which begins with it.
      checkout: the checkout.
      anchor: place of the command or of the preset.
      whole: whether a file of presets is checked.
    """
    dist = settings.get("actor.dist", settings.get("actor_dist"))
    if checkout is None or dist is None or suite_of(suite) in _UPSTREAMS or not isinstance(dist.value, str):
        return
    drawn = "discrete" if dist.value.startswith("onehot") else "continuous"
    beside = (checkout.index.files[name].data for name in checkout.beside)
    for data in checkout.script_texts or tuple(data for data in beside if data is not None):
        tree = parse(data) if _WORTH.search(data) and suite_of(suite).encode() in data else None
        made = (branch_of(tree, name) for name in (suite, suite_of(suite))) if tree is not None else ()
        kind = _kind(next((body for body in made if body is not None), []))
        if kind and kind != drawn:
            task = settings.get("task")
            place = dist.last.span if dist.chosen else None
            written = task.last.span if task is not None and task.last.kind == "command line" and not whole else None
            stops = kind == "discrete" and _refuses(checkout)
            text = f"{suite} has {kind} actions by its wrapper in make_env, but {dist.key} is {dist.value}"
            yield Problem(
                "action-distribution", f"{text}: the program stops" if stops else text,
                Label(place or written or anchor), dist.key,
                severity=Severity.ERROR if stops and not whole else Severity.WARNING,
            )  # fmt: skip
            return


def _kind(body: list[ast.stmt]) -> str:
    """Returns the kind of the actions behind the only wrapper that a branch always applies; empty without one."""
    names = [_wrapper(item) for item in body if isinstance(item, ast.Assign | ast.Return)]
    kinds = {_KINDS[name] for name in names if name in _KINDS}
    others = sum(last_name(node) in _KINDS for statement in body for node in ast.walk(statement))
    return kinds.pop() if len(kinds) == 1 and others == sum(name in _KINDS for name in names) else ""


def _wrapper(statement: ast.Assign | ast.Return) -> str:
    value = statement.value
    return last_name(value.func) if isinstance(value, ast.Call) else ""


def _refuses(checkout: PythonCheckout) -> bool:
    """Returns whether the checkout's wrapper stops at an action that is not one-hot."""
    found = (file for name, file in checkout.index.files.items() if PurePosixPath(name).name == "wrappers.py")
    return any(file.data is not None and _REFUSES.search(file.data) is not None for file in found)
