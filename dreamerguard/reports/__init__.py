"""Renders lint results as text. The functions are pure, decide nothing, and escape markup in all texts."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module

from dreamerguard.core.result import RepositoryResult, Result
from dreamerguard.rules import Rule

from .concise import render_concise
from .full import render_full
from .json import render_json
from .look import ReportLook, look_of

__all__ = ["ReportLook", "look_of", "render", "render_concise", "render_full", "render_json"]


def render(
    name: str,
    results: Sequence[Result] | RepositoryResult,
    color: bool = False,
    rules: Sequence[Rule] | None = None,
    look: ReportLook | None = None,
) -> str:
    """Returns the report, in one format, on runs that were checked together.

    Args:
      name: ``full``, ``concise``, ``json``, ``jsonl``, ``sarif``, ``github``, ``gitlab``, ``junit`` or ``markdown``.
      results: results of the runs, or the result on a repository. JSON gives one object for one run, one object for a
        repository, and one object on each line for several runs.
      color: whether the full report is coloured.
      rules: all rules that ran, for formats that describe the rules.
      look: how the full report looks, instead of ``color``.
    """
    look = look or ReportLook(color)
    if isinstance(results, RepositoryResult):
        return _render_repository(name, results, look, rules)
    if name == "full":
        return "\n".join(render_full(result, look=look) for result in results)
    if name == "concise":
        return "".join(render_concise(result) for result in results)
    if name == "json":
        return "".join(render_json(result, indent=2 if len(results) == 1 else None) for result in results)
    module = import_module(f"{__name__}.{name}")  # loaded on demand: the default report needs none of them
    text: str = module.render_sarif(results, rules) if name == "sarif" else getattr(module, f"render_{name}")(results)
    return text


def _render_repository(name: str, outcome: RepositoryResult, look: ReportLook, rules: Sequence[Rule] | None) -> str:
    if name == "full":
        from .repository_summary import render_tree

        return render_tree(outcome, look)
    if name == "concise":
        from .concise import render_concise_check

        return render_concise_check(outcome)
    if name == "json":
        from .check_json import render_check_json

        return render_check_json(outcome)
    if name == "markdown":
        from .markdown import render_markdown
        from .repository_summary import repository_summary

        return render_markdown(outcome.results, repository_summary(outcome).split("\n"), outcome.change)
    return render(name, outcome.results, rules=rules)
