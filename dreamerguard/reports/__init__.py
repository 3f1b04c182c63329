"""Renders lint results as text. The functions are pure, decide nothing, and escape markup in all texts."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module

from dreamerguard.core.result import Result
from dreamerguard.rules import Rule

from .concise import render_concise
from .full import render_full
from .json import render_json

__all__ = ["render", "render_concise", "render_full", "render_json"]


def render(name: str, results: Sequence[Result], color: bool = False, rules: Sequence[Rule] | None = None) -> str:
    """Returns the report, in one format, on runs that were checked together.

    Args:
      name: ``full``, ``concise``, ``json``, ``jsonl``, ``sarif``, ``github``, ``gitlab``, ``junit`` or ``markdown``.
      results: results of the runs. JSON gives one object for one run, and one object on each line for several.
      color: whether the full report is coloured.
      rules: all rules that ran, for formats that describe the rules.
    """
    if name == "full":
        return "\n".join(render_full(result, color) for result in results)
    if name == "concise":
        return "".join(render_concise(result) for result in results)
    if name == "json":
        return "".join(render_json(result, indent=2 if len(results) == 1 else None) for result in results)
    module = import_module(f"{__name__}.{name}")  # loaded on demand: the default report needs none of them
    text: str = module.render_sarif(results, rules) if name == "sarif" else getattr(module, f"render_{name}")(results)
    return text
