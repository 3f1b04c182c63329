"""Checks conditions that several settings of one section must meet together.

The schema and the linter both use these functions. The linter does not build pydantic models, which would take longer
than all its other work.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from typing import Any


def _model(values: Mapping[str, Any]) -> str:
    if values["deter"] % values["blocks"]:
        return f"deter {values['deter']} is not a multiple of blocks {values['blocks']}"
    if values["policy_min_std"] > values["policy_max_std"]:
        return "policy_min_std is larger than policy_max_std"
    for key in ("encoder_mlp_keys", "encoder_cnn_keys", "decoder_mlp_keys", "decoder_cnn_keys"):
        try:
            re.compile(values[key])
        except re.error as error:
            return f"{key} is not a regular expression: {error}"
    return ""


def _optimizer(values: Mapping[str, Any]) -> str:
    if values["schedule"] != "const" and values["anneal"] <= values["warmup"]:
        return f"schedule {values['schedule']} needs anneal larger than warmup {values['warmup']}"
    return ""


def _env(values: Mapping[str, Any]) -> str:
    if any(camera < -1 for camera in values["cameras"]):
        return "cameras are numbers from 0, or -1 for the task's default camera"
    for key, value in values.items():
        if key.partition(".")[0] == "kwargs" and (wrong := _not_plain(value)):
            return f"{key} holds {wrong}; use text, finite numbers, true, false, null, lists and mappings"
    return ""


def split_batch(devices: int, batch: int, seeds: int) -> str:
    """Returns why the batch of a run cannot be split over devices; empty if it can."""
    if devices > 1 and seeds > 1:
        return f"runtime.devices {devices} splits the batch of one agent, but seeds is {seeds}"
    if batch % devices:
        return f"replay.batch_size {batch} is not a multiple of runtime.devices {devices}"
    return ""


def split_processes(processes: int, devices: int, batch: int, envs: int, seeds: int) -> str:
    """Returns why a run cannot be split over processes of so many devices each; empty if it can."""
    if seeds > 1:
        return f"{processes} processes split the batch of one agent, but seeds is {seeds}"
    if envs % processes:
        return f"run.envs {envs} is not a multiple of the {processes} processes"
    if batch % (processes * devices):
        parts = f"{processes} processes" if devices == 1 else f"{processes} processes x {devices} devices"
        return f"replay.batch_size {batch} is not a multiple of {parts}"
    return ""


def _not_plain(value: Any) -> str:
    """Returns what is not plain in a nested value; empty if it is of texts, finite numbers, booleans and nulls."""
    if isinstance(value, list | tuple):
        return next((wrong for item in value if (wrong := _not_plain(item))), "")
    if isinstance(value, Mapping):
        keys = next((f"the name {key!r}" for key in value if not isinstance(key, str)), "")
        return keys or next((wrong for item in value.values() if (wrong := _not_plain(item))), "")
    plain = value is None or isinstance(value, str | bool | int) or (isinstance(value, float) and math.isfinite(value))
    return "" if plain else repr(value)


#: Section -> function that returns the fault of its values, or an empty text. Messages use keys without the section.
CHECKS: dict[str, Callable[[Mapping[str, Any]], str]] = {
    "model": _model,
    "optimizer": _optimizer,
    "env": _env,
}
