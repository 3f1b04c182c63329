"""Presets of a fork that have upstream's name and a far smaller network."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from dreamerguard.core.finding import Problem
from dreamerguard.core.setting import Preset, Setting, is_debug
from dreamerguard.core.source import Label
from dreamerguard.core.values import as_number, spell_scalar
from dreamerguard.programs.shared.key_tables import Table

from .editions import Edition
from .published import preset_values

#: A preset that is named after its number of parameters.
_SIZE = re.compile(r"size\d+m", re.IGNORECASE)
#: A recurrent state this many times smaller is another model; of a preset that is not only a size, many times more.
_SMALLER, _FAR_SMALLER = 8, 64


def shrunk_presets(
    settings: Mapping[str, Setting], presets: Iterable[Preset], edition: Edition, table: Table
) -> Iterator[Problem]:
    """Yields the problem of a preset whose recurrent state is far smaller than in upstream's preset of this name.

    Args:
      settings: of the run.
      presets: presets of the run.
      edition: edition of the fork.
      table: upstream's presets.
    """
    setting = settings.get(edition.roles["deter"])
    if setting is None or setting.last.kind != "preset" or setting.last.upstream or setting.last.span is None:
        return
    name = setting.last.name
    if not any(preset.name == name and preset.upstream for preset in presets) or name not in table.presets:
        return
    theirs = as_number(preset_values(table, name).get(setting.key))
    factor = _SMALLER if _SIZE.fullmatch(name) else _FAR_SMALLER
    if is_debug(name) or not 0 < setting.number * factor <= theirs:
        return
    text = f"preset {name} sets {setting.key} to {spell_scalar(setting.value)}; upstream's sets {spell_scalar(theirs)}"
    yield Problem(
        "shrunk-preset", text, Label(setting.last.span), setting.key,
        help="give a small network for tests another name, such as debug",
    )  # fmt: skip
