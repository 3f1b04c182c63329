"""Runs that explore until their end, in a fork that does not train the task's policy while it explores."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping

from dreamerguard.core.finding import Problem
from dreamerguard.core.setting import Setting
from dreamerguard.core.source import Label, Span
from dreamerguard.core.values import spell_scalar
from dreamerguard.programs.shared.checkout import PythonCheckout
from dreamerguard.sources.python.python_files import parse

#: Parts of a script that trains the task's policy and asks whether it still explores.
_NEEDED = (b"_task_behavior", b"_should_expl", b"expl_until", b"Until(")
_ASKS, _BEHAVIOUR, _TRAINS = "_should_expl", "_task_behavior", "_train"


def untrained_policy(
    settings: Mapping[str, Setting], checkout: PythonCheckout | None, anchor: Span
) -> Iterator[Problem]:
    """Yields the problem of an exploration that ends after the run, where only its end starts the task's training.

    Upstream trains the task's policy all the time. An ``expl_until`` on the command line is a choice: such a run
    collects data for a later one.

    Args:
      settings: of the run.
      checkout: the checkout.
      anchor: place of the command.
    """
    until, steps, behaviour = (settings.get(key) for key in ("expl_until", "steps", "expl_behavior"))
    if checkout is None or until is None or steps is None or behaviour is None:
        return
    explores = isinstance(behaviour.value, str) and behaviour.value not in ("greedy", "")
    if not explores or not until.number >= steps.number > 0 or until.last.kind == "command line":
        return
    beside = (checkout.index.files[name].data for name in checkout.beside)
    texts = checkout.script_texts or tuple(data for data in beside if data is not None)
    if not any(_trains_only_after(data) for data in texts):
        return
    place = steps.last.span or until.last.span or anchor
    others = (Label(until.last.span, "the end of the exploration"),) if until.last.span is not None else ()
    yield Problem(
        "untrained-policy",
        f"the run explores up to its end: steps is {spell_scalar(steps.value)}, expl_until {spell_scalar(until.value)},"
        " and this fork trains the task's policy only afterwards",
        Label(place),
        "steps",
        secondary=tuple(label for label in others if label.span != place),
        help=f"set steps above {spell_scalar(until.value)}, or lower expl_until",
    )


def _trains_only_after(data: bytes) -> bool:
    """Returns whether all training of the task's policy is below ``if not self._should_expl(...)``."""
    if not all(part in data for part in _NEEDED):
        return False
    tree = parse(data)
    if tree is None:
        return False
    names = {
        target.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign) and _asks(node.value)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    guarded = {
        id(call)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and _negates(node.test, names)
        for statement in node.body
        for call in ast.walk(statement)
        if _trains(call)
    }
    calls = {id(node) for node in ast.walk(tree) if _trains(node)}
    return bool(calls) and calls == guarded


def _asks(node: ast.expr) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == _ASKS


def _negates(test: ast.expr, names: set[str]) -> bool:
    if not isinstance(test, ast.UnaryOp) or not isinstance(test.op, ast.Not):
        return False
    return _asks(test.operand) or (isinstance(test.operand, ast.Name) and test.operand.id in names)


def _trains(node: ast.AST) -> bool:
    """Returns whether a node is ``self._task_behavior._train(...)``."""
    function = node.func if isinstance(node, ast.Call) else None
    if not isinstance(function, ast.Attribute) or function.attr != _TRAINS:
        return False
    return isinstance(function.value, ast.Attribute) and function.value.attr == _BEHAVIOUR
