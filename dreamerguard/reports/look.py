"""How a report for people looks: colours, drawn carets, and the width of the screen."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TextIO

from dreamerguard.util.fast_dataclass import dataclass
from dreamerguard.util.terminal import columns, plain_mode
from dreamerguard.util.text import folded, wants_color


@dataclass(frozen=True, slots=True)
class ReportLook:
    """How a report for people looks.

    Attributes:
      color: whether to colour it.
      drawn: whether places are shown by source lines with carets; otherwise they are told in words.
      columns: width of the screen; None for lines of any length.
    """

    color: bool = False
    drawn: bool = True
    columns: int | None = None


def look_of(stream: TextIO, environment: Mapping[str, str]) -> ReportLook:
    """Returns how a report on a stream looks: folded and perhaps coloured on a terminal, plain lines elsewhere."""
    plain = plain_mode(environment)
    color = not plain and wants_color(stream.isatty(), environment)
    return ReportLook(color, not plain, None if plain else columns(stream))


def fold(line: str, look: ReportLook, indent: int = 6) -> str:
    """Returns a line, broken between words where it is wider than the screen.

    Args:
      line: the line, perhaps with colours.
      look: its screen.
      indent: spaces before the further lines.
    """
    return folded(line, look.columns, indent)
