"""Commands in documents of the programs themselves that hold a mistake. Forks keep these, and did not write it.

``upstream_documents.json`` lists them: words as in the document, joined by blanks, and who ships it. ``python -m
benchmarks.upstream CHECKOUTS --documents`` writes it.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

from dreamerguard.sources.argv import Command
from dreamerguard.sources.commands.markdown import read_markdown
from dreamerguard.sources.commands.readers import reader_of

TABLE = Path(__file__).with_name("upstream_documents.json")


def spelling(command: Command) -> str:
    """The words of a command in one line, however it was broken into lines."""
    return " ".join(word.text for word in command.words)


def shipped_by(command: Command) -> str:
    """Repository and commit whose document has this command; empty for commands elsewhere, and of one's own."""
    if reader_of(command.source.name) is not read_markdown:
        return ""
    return _table().get(spelling(command), "")


@cache
def _table() -> dict[str, str]:
    rows: dict[str, list[str]] = json.loads(TABLE.read_text(encoding="utf-8"))
    return {text: origin for origin, texts in rows.items() for text in texts}
