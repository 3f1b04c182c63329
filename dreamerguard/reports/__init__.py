"""Results to text. Pure functions: they decide nothing, and nothing they print is taken as markup."""

from __future__ import annotations

from collections.abc import Callable

from dreamerguard.engine import Result

from .concise import render_concise
from .full import render_full
from .json import render_json

#: Output format -> report. Only `full` uses colours.
FORMATS: dict[str, Callable[[Result, bool], str]] = {
    "full": render_full,
    "concise": lambda result, color: render_concise(result),
    "json": lambda result, color: render_json(result),
}

__all__ = ["FORMATS", "render_concise", "render_full", "render_json"]
