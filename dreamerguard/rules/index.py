"""Writes which rules are only for some programs: ``python -m dreamerguard.rules.index``, after adding such a rule."""

from __future__ import annotations

import json

from . import INDEX, all_rules


def index_text() -> str:
    """One line for each such rule: its module and its dialects."""
    rows = {
        ".".join(rule.module.__name__.split(".")[-2:]): sorted(rule.dialects) for rule in all_rules() if rule.dialects
    }
    lines = ",\n".join(f"{json.dumps(name)}: {json.dumps(dialects)}" for name, dialects in sorted(rows.items()))
    return f"{{\n{lines}\n}}\n"


if __name__ == "__main__":
    INDEX.write_text(index_text(), encoding="utf-8")
