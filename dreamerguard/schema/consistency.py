"""Checks conditions that several settings of one section must meet together.

The schema and the linter both use these functions. The linter does not build pydantic models, which would take longer
than all its other work.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any


def _model(values: Mapping[str, Any]) -> str:
    if values["deter"] % values["blocks"]:
        return f"deter {values['deter']} is not a multiple of blocks {values['blocks']}"
    if values["policy_min_std"] > values["policy_max_std"]:
        return "policy_min_std is larger than policy_max_std"
    return ""


def _optimizer(values: Mapping[str, Any]) -> str:
    if values["schedule"] != "const" and values["anneal"] <= values["warmup"]:
        return f"schedule {values['schedule']} needs anneal larger than warmup {values['warmup']}"
    return ""


#: Section -> function that returns the fault of its values, or an empty text. Messages use keys without the section.
CHECKS: dict[str, Callable[[Mapping[str, Any]], str]] = {"model": _model, "optimizer": _optimizer}
