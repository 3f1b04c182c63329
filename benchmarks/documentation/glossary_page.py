"""The glossary, from the words that ``dreamerguard explain`` knows."""

from __future__ import annotations

from dreamerguard.commands.shared.glossary import GLOSSARY

_HEAD = """# Glossary

The words of reports and documents; `dreamerguard explain WORD` prints them too.
[Development](development.md#glossary) lists them as rules for writers.

| word | meaning |
| --- | --- |
"""


def glossary_page() -> str:
    """Returns the page."""
    return _HEAD + "".join(f"| {words} | {text} |\n" for words, text in GLOSSARY.items())
