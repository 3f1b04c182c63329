"""Builds pieces of HTML. All text passes through `text`, so no content of a log or a command becomes markup."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Sequence

from dreamerguard.util.text import plain

#: Separates a number from its unit without a line break.
NO_BREAK_SPACE = "\u00a0"

#: Text between line breaks and non-breaking spaces.
_KEPT = re.compile(f"[^\n{NO_BREAK_SPACE}]+")

_ADDRESS = re.compile(r"(https?://[^\s()<>\"']+)")


class Html(str):
    """Markup that needs no escaping."""

    __slots__ = ()


def text(value: object) -> Html:
    """Escapes a value for page text and quoted attributes, and writes control and direction characters as escapes.

    Line breaks and non-breaking spaces stay: in a page they hide nothing.
    """
    return Html(html.escape(_KEPT.sub(lambda found: plain(found[0]), str(value)), quote=True))


def join_html(parts: Iterable[str], between: str = "") -> Html:
    """Concatenates pieces of markup with ``between`` and escapes the plain strings among them."""
    return Html(between.join(part if isinstance(part, Html) else text(part) for part in parts))


def tag(name: str, *children: str, **attributes: object) -> Html:
    """Returns an element. ``class_`` sets ``class``, ``aria_label`` sets ``aria-label``; None omits an attribute."""
    written = [
        f' {key.rstrip("_").replace("_", "-")}="{text(value)}"'
        for key, value in attributes.items()
        if value is not None
    ]
    return Html(f"<{name}{''.join(written)}>{join_html(children)}</{name}>")


def link(label: object, url: str) -> Html:
    """Returns a link for an http or https address, otherwise the label alone."""
    if not url.startswith(("https://", "http://")):
        return text(label)
    return tag("a", text(label), href=url, rel="noopener noreferrer")


def linked(value: object) -> Html:
    """Returns text in which http and https addresses are links."""
    pieces = _ADDRESS.split(str(value))
    return join_html(link(piece, piece) if i % 2 else text(piece) for i, piece in enumerate(pieces))


def html_table(
    head: Sequence[str],
    rows: Iterable[Sequence[str]],
    caption: str,
    numbers: int | None = None,
    class_: str | None = None,
) -> Html:
    """Returns a paragraph with the caption, and a table that scrolls sideways on a narrow screen.

    Args:
      head: column titles.
      rows: cells of each row; the first cell is the row title.
      caption: description of the table.
      numbers: index of the first column with numbers; these columns are aligned to the right.
      class_: ``dense`` for many columns; ``stacked`` for a long last cell, which gets a line on a narrow screen.
    """
    first = len(head) if numbers is None else numbers

    def style(index: int) -> str | None:
        return "number" if index >= first else None

    top = join_html(tag("th", cell, scope="col", class_=style(i)) for i, cell in enumerate(head))
    body = join_html(
        tag(
            "tr",
            join_html(
                tag("td", cell, class_=style(i)) if i else tag("th", cell, scope="row") for i, cell in enumerate(row)
            ),
        )
        for row in rows
    )
    content = join_html([tag("thead", tag("tr", top)), tag("tbody", body)])
    scroll = tag(
        "div", tag("table", content, class_=class_), class_="scroll", tabindex="0", role="region", aria_label=caption
    )
    return join_html([tag("p", caption, class_="caption"), scroll])


def items(parts: Iterable[str], class_: str | None = None) -> Html:
    """Returns an unordered list."""
    return tag("ul", join_html(tag("li", part) for part in parts), class_=class_)


def count(value: float) -> str:
    """Formats a number of frames with a unit: 490 k, 1.1 M."""
    for size, unit in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= size:
            return f"{value / size:.4g}{NO_BREAK_SPACE}{unit}"
    return f"{value:.4g}"


def figure(value: float | None) -> str:
    """Formats a score or rate; a dash for None."""
    if value is None:
        return "–"
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"


def axis_figure(value: float) -> str:
    """Formats a score on an axis: like `figure`, and short from 10,000 on."""
    return count(value) if abs(value) >= 10_000 else figure(value)


def percent(value: float) -> str:
    """Formats a share as a percentage with two or three digits."""
    return f"{100 * value:.3g}{NO_BREAK_SPACE}%" if value >= 0.1 else f"{100 * value:.2g}{NO_BREAK_SPACE}%"
