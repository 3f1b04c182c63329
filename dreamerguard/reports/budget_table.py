"""Renders the calculation of a run's gradient updates beside the published run's."""

from __future__ import annotations

from collections.abc import Iterator

from dreamerguard.core.budget import Budget
from dreamerguard.core.run import ResolvedRun
from dreamerguard.core.setting import Role, Setting
from dreamerguard.core.values import spell_scalar
from dreamerguard.util.text import plain

_INPUTS: tuple[tuple[str, str, Role], ...] = (
    ("frames", "environment frames", "frames"),
    ("action repeat", "frames per agent step", "action_repeat"),
    ("train ratio", "replayed per agent step", "train_ratio"),
    ("batch size", "windows", "batch_size"),
    ("batch length", "agent steps", "batch_length"),
)


def render_budget(run: ResolvedRun) -> str:
    """Returns a table of the inputs, with the source of each value, and of the results computed from them."""
    if not run.trains:
        return "The run does not train, so it has no update budget.\n"
    if run.budget is None:
        return "The update budget is unknown: values are missing.\n"
    reference = run.reference.budget if run.reference is not None else None
    rows = [("", "this run", "published", ""), *_inputs(run, reference), *_derived(run.budget, reference)]
    share = run.update_share
    if share is not None:
        counted = "updates per frame" if run.purpose == "short" else "updates"
        rows.append((f"share of {counted}", f"{share:.3g}", "1", f"purpose {run.purpose}"))
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    lines = [
        f"{row[0]:<{widths[0]}}  {row[1]:>{widths[1]}}  {row[2]:>{widths[2]}}  {plain(row[3])}".rstrip() for row in rows
    ]
    title = f"published: {run.reference.suite}, edition {run.reference.edition}\n" if run.reference else ""
    return title + "\n".join(lines) + "\n"


def _inputs(run: ResolvedRun, reference: Budget | None) -> Iterator[tuple[str, str, str, str]]:
    for name, unit, role in _INPUTS:
        setting = run.setting(role)
        theirs = "-" if reference is None else _number(getattr(reference, role))
        if setting is not None:
            yield name, _number(setting.number), theirs, f"{unit}; {_chain(setting)}"


def _derived(run: Budget, reference: Budget | None) -> Iterator[tuple[str, str, str, str]]:
    for name, unit, attribute in (
        ("agent steps", "frames / action repeat", "agent_steps"),
        ("updates per agent step", "train ratio / (batch size x batch length)", "updates_per_step"),
        ("updates per frame", "", "updates_per_frame"),
        ("warm-up", "agent steps before the first update", "warmup_steps"),
        ("updates in all", "", "updates"),
    ):
        theirs = "-" if reference is None else _number(getattr(reference, attribute))
        yield name, _number(getattr(run, attribute)), theirs, unit


def _chain(setting: Setting) -> str:
    """Returns the layers of a setting, the strongest first: ``32 (command line:1:36) over 512 (schema default)``."""
    return " over ".join(
        f"{spell_scalar(layer.value)} ({layer.span if layer.span is not None else layer.name})"
        for layer in reversed(setting.chain)
    )


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1000 or float(value).is_integer() else f"{value:.4g}"
