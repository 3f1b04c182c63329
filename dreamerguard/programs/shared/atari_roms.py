"""Atari tasks whose game the Arcade Learning Environment does not have under this spelling: ``choppercommand``.

The programs hand the name of the game to ALE as it is, except ``james_bond``. A fork may find games in another way, so
in a checkout only code that does the same counts.
"""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path

from dreamerguard.core.finding import Problem, Severity
from dreamerguard.core.setting import Setting
from dreamerguard.core.source import Label

from .checkout import PythonCheckout
from .python_call import is_open

#: A name that all programs translate.
_TRANSLATED = "james_bond"
_TASK = re.compile(r"(atari(?:100k)?_)(\w+)", re.ASCII)
_CLASS = re.compile(rb"^class \w*Atari\w*\b", re.MULTILINE)
#: Code that hands the name on: danijar/dreamerv3 e3f0224 and 2411f7d, dreamerv3-torch 6ef8646 and danijar 8fa35f8.
_HANDED_ON = re.compile(rb"\b(?:get_rom_path|rom_id_to_name)\(\s*name\s*\)|\bAtariEnv\(\s*game\s*=\s*name\b")
_CHANGED = re.compile(rb"^[ \t]*name\s*=(?!=|\s*['\"]jamesbond['\"])", re.MULTILINE)
#: Variables with a folder of other files, which may have any names.
_OWN_FILES = re.compile(r"\bALE_ROMS?_(?:PATH|DIR)\b")


def unknown_rom(setting: Setting | None, checkout: PythonCheckout | None) -> Problem | None:
    """Returns the problem of an Atari game in a spelling that ALE lacks; None if it has it, or if nobody knows.

    Args:
      setting: the task.
      checkout: the checkout, if there is one; its own code decides.
    """
    if setting is None or not setting.chosen or setting.last.span is None or not isinstance(setting.value, str):
        return None
    found = _TASK.fullmatch(setting.value) if not is_open(setting.value) else None
    if found is None or found[2] in rom_names() or found[2] == _TRANSLATED:
        return None
    meant = _by_letters().get(_letters(found[2]))
    if meant is None or _OWN_FILES.search(setting.last.span.source.text) or not _hands_on(checkout):
        return None
    text = f"there is no Atari game {found[2]}, so the program stops"
    return Problem(
        "unknown-task", text, Label(setting.last.span), setting.key, help=f"{found[1]}{meant}",
        value=setting.value, place=setting.last.value_span, severity=Severity.ERROR,
    )  # fmt: skip


@cache
def rom_names() -> frozenset[str]:
    """Returns the names of ALE's games, which are names of files without ``.bin``."""
    data = json.loads(Path(__file__).with_name("atari_roms.json").read_text(encoding="utf-8"))
    return frozenset(data["roms"])


@cache
def _by_letters() -> dict[str, str]:
    return {_letters(name): name for name in rom_names()}


def _letters(name: str) -> str:
    return name.replace("_", "").lower()


def _hands_on(checkout: PythonCheckout | None) -> bool:
    """Returns whether the code hands the name of a game to ALE as it is; upstream's code does."""
    if checkout is None:
        return True
    texts = [file.data for file in checkout.index.files.values() if file.data is not None and _CLASS.search(file.data)]
    return bool(texts) and all(_HANDED_ON.search(text) and not _CHANGED.search(text) for text in texts)
