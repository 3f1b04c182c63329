"""What several settings of one section must fulfil together.

Both the schema and the linter use these functions: the linter checks a run without building pydantic models, which
would take longer than everything else it does.
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


#: Section -> what is wrong with its values, empty when nothing is. Messages name settings by their own names.
CHECKS: dict[str, Callable[[Mapping[str, Any]], str]] = {"model": _model, "optimizer": _optimizer}
