"""Presets whose names are known in part only, ``${MODE}_smoothing``, and none of which changes what is judged."""

from __future__ import annotations

import re
from dataclasses import replace

from dreamerguard.programs.shared.preset_file import PresetFile
from dreamerguard.programs.shared.preset_values import is_pattern
from dreamerguard.sources.argv import UNKNOWN

from .editions import Edition
from .flags import Flags

#: Keys beside the roles that decide what a run is.
_DECISIVE = re.compile(r"task|(?:run\.)?script|env\..*\.repeat|replay_context|run\.(?:train_fill|from_checkpoint\w*)")
_PART = re.compile(rf"{UNKNOWN}|\$\{{\w+\}}|\$\w+")


def without_idle(flags: Flags, file: PresetFile | None, edition: Edition) -> Flags:
    """Returns the flags; unknown presets count as known if no preset that they may be changes what is judged.

    Args:
      flags: of the command.
      file: the presets of the checkout.
      edition: edition of the fork.
    """
    if file is None or not file.blocks or not flags.open_names:
        return flags
    roles = frozenset(edition.roles.values())
    left = tuple(name for name in flags.open_names if not _is_idle(name, file, roles))
    return replace(flags, open_names=left)


def _is_idle(name: str, file: PresetFile, roles: frozenset[str]) -> bool:
    parts = _PART.split(name)
    if not any(parts):
        return False
    meant = re.compile(".+".join(map(re.escape, parts)))
    blocks = [block for block in file.blocks if meant.fullmatch(block)]
    keys = {key for block in blocks for key in file.blocks[block]}
    return bool(blocks) and not any(is_pattern(key) or key in roles or _DECISIVE.fullmatch(key) for key in keys)
