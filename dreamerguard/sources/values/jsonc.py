"""JSON with comments, as editors write it, to the same tree as YAML."""

from __future__ import annotations

import re
from dataclasses import replace

from dreamerguard.core.model import Source

from .nodes import Document
from .yaml import read_yaml

_PART = re.compile(r'"(?:[^"\\\n]|\\.)*"|//[^\n]*|/\*.*?\*/|,(?=(?:\s|//[^\n]*|/\*.*?\*/)*[}\]])', re.DOTALL)


def read_jsonc(source: Source) -> Document:
    """Comments and trailing commas become spaces of the same length, so that all places stay right."""
    blanked = _PART.sub(lambda match: match[0] if match[0].startswith('"') else _blank(match[0]), source.text)
    return read_yaml(replace(source, text=blanked.replace("\t", " ")))


def _blank(text: str) -> str:
    return re.sub(r"[^\n]", " ", text)
