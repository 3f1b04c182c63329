"""Suites of a fork whose environments never get the action repeat, although the script counts steps by it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath

from dreamerguard.core.finding import Problem, Severity
from dreamerguard.core.setting import Setting
from dreamerguard.core.source import Label, Span
from dreamerguard.core.values import spell_scalar
from dreamerguard.programs.shared.checkout import PythonCheckout
from dreamerguard.sources.python.python_files import parse

from .suite_branch import branch_of, ignores

#: ``config.steps //= config.action_repeat``: the script counts by the repeat.
_COUNTS = re.compile(rb"//=?\s*\w*config\.action_repeat\b")
_REPEAT = re.compile("repeat|frame_?skip", re.IGNORECASE)
#: Suites of upstream, which the rule knows.
_UPSTREAMS = frozenset({"dmc", "atari", "dmlab", "memorymaze", "crafter", "minecraft"})


def unapplied_repeat(
    settings: Mapping[str, Setting], suite: str, checkout: PythonCheckout | None, anchor: Span
) -> Iterator[Problem]:
    """Yields the problem of an action repeat that the branch of ``make_env`` for a suite does not hand on.

    Args:
      settings: of the run.
      suite: the suite of the task.
      checkout: the checkout.
      anchor: place of the command.
    """
    repeat = settings.get("action_repeat")
    if checkout is None or repeat is None or not repeat.number > 1 or suite in _UPSTREAMS:
        return
    beside = (checkout.index.files[name].data for name in checkout.beside)
    for data in checkout.script_texts or tuple(data for data in beside if data is not None):
        tree = parse(data) if _COUNTS.search(data) and suite.encode() in data else None
        body = branch_of(tree, suite) if tree is not None else None
        if body is None or not all(ignores(item, _REPEAT) for item in body) or not _is_plain(body, checkout):
            continue
        number = spell_scalar(repeat.value)
        text = f"action_repeat {number} is not applied to {suite}: the run sees 1/{number} of the frames that it counts"
        yield Problem(
            "unapplied-action-repeat", text, Label(repeat.last.span or anchor), "action_repeat",
            help=f"set it to 1, or hand it to the environment in make_env, {suite}", severity=Severity.WARNING,
        )  # fmt: skip
        return


def _is_plain(body: list[ast.stmt], checkout: PythonCheckout) -> bool:
    """Returns whether the modules that a branch imports are files of the checkout that know no repeat."""
    names = [name for statement in body for name in _imported(statement)]
    found = [
        item.data
        for name in names
        for path, item in checkout.index.files.items()
        if PurePosixPath(path).with_suffix("").as_posix().endswith(name.replace(".", "/"))
    ]
    return len(found) == len(names) > 0 and not any(
        data is None or _REPEAT.search(data.decode("utf-8", "replace")) for data in found
    )


def _imported(statement: ast.stmt) -> Iterator[str]:
    if isinstance(statement, ast.Import):
        yield from (item.name for item in statement.names)
    elif isinstance(statement, ast.ImportFrom):
        yield statement.module or "."
