"""Adds the presets of a command to the layers, in their order."""

from __future__ import annotations

from dreamerguard.core.finding import Problem
from dreamerguard.core.setting import Preset
from dreamerguard.core.source import Label
from dreamerguard.programs.shared.preset_file import PresetFile
from dreamerguard.programs.shared.task_names import suite_of
from dreamerguard.sources.argv import Word

from .editions import suite_of_preset
from .flags import Flags
from .layers import DanijarLayers


def add_presets(draft: DanijarLayers, edition: str, flags: Flags, file: PresetFile | None) -> list[Preset]:
    shipped = draft.table.presets
    presets: list[Preset] = []
    for word in flags.presets:
        name = word.text
        if name == "defaults" and not presets:
            continue  # always applied first
        before = draft.settings.copy()
        blocks = {**file.blocks, "defaults": file.defaults} if file is not None and file.blocks else None
        known = name in (blocks if blocks is not None else {*shipped, "defaults"})
        if known and blocks is not None:
            draft.add_preset(name, blocks[name])
        elif known:
            draft.add_shipped(name)
        keys = tuple(key for key, setting in draft.settings.items() if setting is not before[key])
        suite = suite_of_preset(edition, name)
        if suite and blocks is not None and "task" in blocks.get(name, {}):
            suite = suite_of(str(blocks[name]["task"].value))
        presets.append(Preset(name, word.span, known, name in shipped or name == "defaults", keys, suite))
        if not known:
            draft.problems.append(_unknown_preset(word, file, draft))
    return presets


def _unknown_preset(word: Word, file: PresetFile | None, draft: DanijarLayers) -> Problem:
    seen = file is not None and bool(file.blocks)
    names = list(file.blocks if file is not None and seen else draft.table.presets)
    where = file.source.name if file is not None and seen else draft.table.title
    return Problem(
        "unknown-preset",
        f"there is no preset {word.text} in {where}",
        Label(word.span),
        key=word.text,
        help=", ".join(name for name in names if name != "defaults"),
        place=word.span,
        value=seen,
    )
