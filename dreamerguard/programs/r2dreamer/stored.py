"""The preset of a run that hydra stored in ``.hydra/config.yaml``: its file of the group ``env``."""

from __future__ import annotations

from pathlib import Path

from dreamerguard.programs.hydra.composed import Composed
from dreamerguard.programs.hydra.program import preset_composition
from dreamerguard.programs.shared.stored_run import read_stored

#: Keys that every stored configuration has.
STORED_KEYS = frozenset(
    {"env.task", "trainer.steps", "trainer.train_ratio", "trainer.action_repeat", "buffer.max_size"}
)


def stored_option(composed: Composed, path: Path, primary: str) -> str | None:
    """Returns the file of the group ``env`` that a stored run used; None if it is unknown.

    Hydra notes it beside the configuration; without that note, the only file of upstream that fits is taken.

    Args:
      composed: the stored configuration.
      path: its file.
      primary: name of upstream's primary file.
    """
    beside = read_stored(path.with_name("hydra.yaml"), "hydra.yaml")
    noted = beside.items.get("hydra.runtime.choices.env") if beside is not None else None
    if noted is not None:
        return noted.value if isinstance(noted.value, str) else None
    fitting = [option for option in composed.table.options("env") if _fits(composed, option, primary)]
    return fitting[0] if len(fitting) == 1 else None


def _fits(composed: Composed, option: str, primary: str) -> bool:
    preset, task = preset_composition("r2dreamer", primary, f"env={option}"), composed.value("env.task")
    own, keys = preset.value("env.task"), ("env.encoder.cnn_keys", "env.encoder.mlp_keys")
    suites = isinstance(own, str) and isinstance(task, str) and own.split("_")[0] == task.split("_")[0]
    return suites and all(preset.value(key) == composed.value(key) for key in keys)
