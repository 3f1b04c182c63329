"""Builds Typer signatures from the tables of options in `dreamerguard.programs.native.options`."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import Field
from functools import wraps
from typing import Annotated, Any

import typer

from dreamerguard.commands.shared.completions import COMPLETIONS, offer
from dreamerguard.programs.native.options import gathers, options_of, takes_value, values


def takes_options(table: type, *names: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Adds options of a table to a Typer command. The command gets them as one argument ``options``.

    Args:
      table: a table of options.
      names: fields of the table to offer; by default all of them.
    """
    offered = options_of(table, names)

    def decorate(function: Callable[..., None]) -> Callable[..., None]:
        @wraps(function)
        def command(**given: Any) -> None:
            gathered = {item.name: _value(item, given.pop(item.name)) for item in offered.values()}
            function(**given, options=table(**gathered))

        own = [
            item for item in inspect.signature(function, eval_str=True).parameters.values() if item.name != "options"
        ]
        parameters = [*own, *(_parameter(name, item) for name, item in offered.items())]
        command.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
        command.__annotations__ = {item.name: item.annotation for item in parameters}
        return command

    return decorate


def _parameter(name: str, option: Field[Any]) -> inspect.Parameter:
    kind: Any = bool
    default = None if gathers(option) else option.default
    if gathers(option):
        kind = list[str] | None
    elif takes_value(option):
        plain = option.metadata["choices"] or str
        kind = plain | None if default is None else plain
    names = (name, option.metadata["short"]) if option.metadata["short"] else (name,)
    complete = COMPLETIONS.get(option.metadata["completes"])
    offered = offer(complete) if complete else None
    annotation = Annotated[kind, typer.Option(*names, help=option.metadata["help"], autocompletion=offered)]
    return inspect.Parameter(option.name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)


def _value(option: Field[Any], given: Any) -> Any:
    return tuple(part for text in given or () for part in values(option, text)) if gathers(option) else given
