"""Reads JSON with comments, as editors write it, into the tree that `read_yaml` returns."""

from __future__ import annotations

import re
from dataclasses import replace

from dreamerguard.core.source import Source

from .nodes import Document
from .yaml import read_yaml

_PART = re.compile(r'"(?:[^"\\\n]|\\.)*"|//[^\n]*|/\*.*?\*/|,(?=(?:\s|//[^\n]*|/\*.*?\*/)*[}\]])', re.DOTALL)


def read_jsonc(source: Source) -> Document:
    """Parses JSON with comments. Spaces replace comments and trailing commas, so that all positions stay right."""
    blanked = _PART.sub(lambda match: match[0] if match[0].startswith('"') else _blank(match[0]), source.text)
    return read_yaml(replace(source, text=blanked.replace("\t", " ")))


def _blank(text: str) -> str:
    return re.sub(r"[^\n]", " ", text)
