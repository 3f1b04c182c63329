"""The configuration that danijar/dreamerv3 wrote into the log directory of a run: every value, and no presets.

A value that upstream's defaults or its preset for the task have is upstream's; every other value was chosen.
"""

from __future__ import annotations

from dataclasses import replace

from dreamerguard.core.machine import Machine
from dreamerguard.core.run import ResolvedRun
from dreamerguard.core.setting import Layer, Setting
from dreamerguard.programs.shared.stored_run import StoredRun

from .editions import EDITIONS, edition_of_keys
from .flags import NO_FLAGS
from .published import preset_of, preset_values
from .resolve import default_layers, finish

#: A resolved configuration has far more keys; a smaller file is not worth loading the tables.
_LEAST = 25


def resolve_stored_run(stored: StoredRun, machine: Machine) -> ResolvedRun | None:
    """Returns the run of a stored configuration; None if the keys are those of no edition."""
    name = edition_of_keys(stored.items) if len(stored.items) >= _LEAST else None
    task = stored.items.get("task")
    if name is None or task is None or not isinstance(task.value, str):
        return None
    draft, table = default_layers(EDITIONS[name], None), EDITIONS[name].load()
    values = {key: item.value for key, item in stored.items.items()}
    preset = preset_of(name, values, task.value, ())
    block = preset if preset is not None and preset in table.presets else "defaults"
    theirs = preset_values(table, block) if block != "defaults" else dict(table.defaults)
    for key, item in stored.items.items():
        if key != "task" and (item.value == theirs.get(key) or key not in theirs):
            layer = Layer("preset", block, item.value, table.origin(block), upstream=True)
        else:
            layer = Layer("file", stored.name, item.value, item.span)
        before = draft.settings.get(key)
        draft.settings[key] = Setting(key, (*(before.chain if before is not None else ()), layer))
    run = finish(draft, EDITIONS[name], NO_FLAGS, None, task.span, machine, None, whole=False)
    return replace(run, given=run.given | {"logdir"})  # no command starts the run
