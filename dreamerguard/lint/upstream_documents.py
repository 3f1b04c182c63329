"""Knows commands with errors in the training programs' documents. Forks keep them, but did not write them.

``upstream_documents.json`` lists each command, its shell words joined by spaces, with repository and commit.
``python -m benchmarks.upstream CHECKOUTS --documents`` writes it.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

from dreamerguard.sources.argv import Command
from dreamerguard.sources.commands.markdown_blocks import read_markdown
from dreamerguard.sources.commands.readers import reader_of

TABLE = Path(__file__).with_name("upstream_documents.json")


def spelling(command: Command) -> str:
    """Returns the shell words of a command on one line, joined by spaces."""
    return " ".join(word.text for word in command.words)


def shipped_by(command: Command) -> str:
    """Returns the repository and commit that ship this command in a document; empty for any other command."""
    if reader_of(command.source.name) is not read_markdown:
        return ""
    return _table().get(spelling(command), "")


@cache
def _table() -> dict[str, str]:
    rows: dict[str, list[str]] = json.loads(TABLE.read_text(encoding="utf-8"))
    return {text: origin for origin, texts in rows.items() for text in texts}
