"""Prints tables on standard output: drawn tables on a terminal, plain columns without truncation elsewhere."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

import typer

from dreamerguard.util.terminal import columns as width_of
from dreamerguard.util.terminal import echo, plain_mode

#: Blanks that a drawn table puts between columns.
_DRAWN_GAP = 3


def print_table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Prints rows under column titles. A column with only numbers is aligned to the right.

    On a terminal that is too narrow for the table, each row is a sentence.
    """
    right = [bool(rows) and all(_is_number(row[i]) for row in rows) for i in range(len(columns))]
    widths = [max(len(cell) for cell in column) for column in zip(columns, *rows, strict=True)]
    screen = None if plain_mode(os.environ) else width_of(sys.stdout)
    if screen is not None and sum(widths) + _DRAWN_GAP * len(widths) <= screen:
        _draw(columns, rows, right)
        return
    if screen is not None and sum(widths) + 2 * (len(widths) - 1) > screen:
        for head, *cells in rows:
            told = ", ".join(f"{name} {cell}" for name, cell in zip(columns[1:], cells, strict=True) if cell)
            echo(f"{head}: {told}", fold=True)
        return
    for row in (columns, *rows):
        cells = [f"{cell:>{w}}" if r else f"{cell:<{w}}" for cell, w, r in zip(row, widths, right, strict=True)]
        typer.echo("  ".join(cells).rstrip())


def _draw(columns: Sequence[str], rows: Sequence[Sequence[str]], right: Sequence[bool]) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for index, (column, is_right) in enumerate(zip(columns, right, strict=True)):
        table.add_column(column, justify="right" if is_right else "left", overflow="fold", no_wrap=index == 0)
    for row in rows:
        table.add_row(*row)
    Console(markup=False, highlight=False).print(table)


def _is_number(cell: str) -> bool:
    return not cell.strip("0123456789.,-+ ")
