"""Builds the shell of a page: one file that needs no network, no scripts and no other file.

A content security policy blocks every load; text is escaped in `html`.
"""

from __future__ import annotations

from collections.abc import Iterable
from importlib import resources

from .html import Html, join_html, tag, text

_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"


def whole_page(title: str, body: Iterable[Html], made: str) -> str:
    """Returns the page.

    Args:
      title: of the browser's window.
      body: content.
      made: footer that states when and with which program the page was made.
    """
    style = resources.files(__package__).joinpath("page.css").read_text(encoding="utf-8")
    head = join_html(
        [
            Html('<meta charset="utf-8">'),
            Html('<meta name="viewport" content="width=device-width, initial-scale=1">'),
            Html(f'<meta http-equiv="Content-Security-Policy" content="{text(_POLICY)}">'),
            Html('<meta name="color-scheme" content="light dark"><link rel="icon" href="data:,">'),
            tag("title", title),
            tag("style", Html(style)),
        ]
    )
    content = tag("main", *body, tag("p", made, class_="soft"))
    return f'<!doctype html>\n<html lang="en"><head>{head}</head>\n<body>{content}</body></html>\n'
