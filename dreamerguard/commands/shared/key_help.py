"""The keys of a run in ``train --help`` and ``lint --help``."""

from __future__ import annotations

from typing import Any

#: Keys that most runs set, shown with what they mean. The others are only named.
_MAIN = (
    "run.frames",
    "run.train_ratio",
    "run.envs",
    "env.action_repeat",
    "env.make",
    "edition",
    "size",
    "seed",
    "purpose",
    "replay.storage",
    "eval.every",
)
#: Longest text of a key, unless its first sentence is longer.
_LONGEST = 130


def write_keys(formatter: Any) -> None:
    """Writes the keys into the help of a command.

    Args:
      formatter: Typer's formatter of help texts.
    """
    from dreamerguard.schema.key_table import key_rows

    rows = key_rows()
    with formatter.section("Settings (key=value or --key value)"):
        formatter.write_dl([(key, _meaning(rows[key]["description"])) for key in _MAIN])
    sections: dict[str, list[str]] = {}
    for key in rows:
        section, _, name = key.rpartition(".")
        if key not in _MAIN:
            sections.setdefault(f"{section}." if section else "(no section)", []).append(name)
    with formatter.section("All other keys by section; `dreamerguard explain KEY` describes one"):
        formatter.write_dl([(section, ", ".join(names)) for section, names in sections.items()])


def _meaning(description: str) -> str:
    """Returns the first sentence of a description, and further ones while the text stays short."""
    first, *others = description.rstrip(".").split(". ")
    for sentence in others:
        if len(first) + len(sentence) > _LONGEST:
            break
        first = f"{first}. {sentence}"
    return first
