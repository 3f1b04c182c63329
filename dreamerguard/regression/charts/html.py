"""Pieces of HTML. Text only comes in through `text`, so that nothing a log or a command says can be markup."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Sequence

from dreamerguard.util.text import plain

#: Between a figure and its unit, where no line may break.
_SPACE = "\u00a0"


_ADDRESS = re.compile(r"(https?://[^\s()<>\"']+)")


class Html(str):
    """Markup that may stand in a page as it is."""

    __slots__ = ()


def text(value: object) -> Html:
    """A value as text of a page, also inside quotes of an attribute; control and direction characters are spelled."""
    return Html(html.escape("\n".join(plain(line) for line in str(value).split("\n")), quote=True))


def join(parts: Iterable[str], between: str = "") -> Html:
    """Several pieces of markup in a row; plain strings among them are escaped."""
    return Html(between.join(part if isinstance(part, Html) else text(part) for part in parts))


def tag(name: str, *children: str, **attributes: object) -> Html:
    """An element. ``class_`` and ``aria_label`` stand for ``class`` and ``aria-label``; None leaves one out."""
    words = [
        f' {key.rstrip("_").replace("_", "-")}="{text(value)}"'
        for key, value in attributes.items()
        if value is not None
    ]
    return Html(f"<{name}{''.join(words)}>{join(children)}</{name}>")


def link(label: object, url: str) -> Html:
    """A link where the address is one of the web, else the label alone."""
    if not url.startswith(("https://", "http://")):
        return text(label)
    return tag("a", text(label), href=url, rel="noopener noreferrer")


def linked(value: object) -> Html:
    """Text in which addresses of the web are links."""
    pieces = _ADDRESS.split(str(value))
    return join(link(piece, piece) if i % 2 else text(piece) for i, piece in enumerate(pieces))


def table(head: Sequence[str], rows: Iterable[Sequence[str]], caption: str, numbers: int | None = None) -> Html:
    """A table that scrolls sideways inside itself where the screen is narrow.

    Args:
      head: column titles.
      rows: cells; the first is the row's title.
      caption: what the table shows.
      numbers: first column whose cells are figures, aligned to the right.
    """
    first = len(head) if numbers is None else numbers

    def style(index: int) -> str | None:
        return "number" if index >= first else None

    top = join(tag("th", cell, scope="col", class_=style(i)) for i, cell in enumerate(head))
    body = join(
        tag(
            "tr",
            join(tag("td", cell, class_=style(i)) if i else tag("th", cell, scope="row") for i, cell in enumerate(row)),
        )
        for row in rows
    )
    content = join([tag("caption", caption), tag("thead", tag("tr", top)), tag("tbody", body)])
    return tag("div", tag("table", content), class_="scroll", tabindex="0", role="region", aria_label=caption)


def items(parts: Iterable[str], class_: str | None = None) -> Html:
    """A list."""
    return tag("ul", join(tag("li", part) for part in parts), class_=class_)


def count(value: float) -> str:
    """A number of frames, short: 490 K, 1.1 M."""
    for size, unit in ((1e9, "G"), (1e6, "M"), (1e3, "K")):
        if abs(value) >= size:
            return f"{value / size:.4g}{_SPACE}{unit}"
    return f"{value:.4g}"


def figure(value: float | None) -> str:
    """A score or rate; a dash where there is none."""
    if value is None:
        return "–"
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"


def percent(value: float) -> str:
    """A share as a percentage with two or three figures."""
    return f"{100 * value:.3g}{_SPACE}%" if value >= 0.1 else f"{100 * value:.2g}{_SPACE}%"
