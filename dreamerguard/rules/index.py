"""Writes the index of rules that are only for some programs. Run it with ``python -m dreamerguard.rules.index``."""

from __future__ import annotations

import json

from . import INDEX, all_rules


def index_text() -> str:
    """Returns one line for each rule that is only for some programs: its module and its dialects."""
    rows = {
        ".".join(rule.module.__name__.split(".")[-2:]): sorted(rule.dialects) for rule in all_rules() if rule.dialects
    }
    lines = ",\n".join(f"{json.dumps(name)}: {json.dumps(dialects)}" for name, dialects in sorted(rows.items()))
    return f"{{\n{lines}\n}}\n"


if __name__ == "__main__":
    INDEX.write_text(index_text(), encoding="utf-8")
