"""Defines the base class of all sections of a run configuration."""

from __future__ import annotations

import math
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field
from pydantic.config import JsonDict

from .consistency import CHECKS


class Section(BaseModel):
    """A frozen group of settings. It refuses unknown keys, so that a misspelt key is never ignored."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True, allow_inf_nan=False)


def setting(default: Any, description: str, *, unit: str = "", **bounds: Any) -> Any:
    """Declares one setting.

    Args:
      default: the default value; ``...`` for a required setting.
      description: effect of the setting; ``dreamerguard explain`` and editors show it.
      unit: the unit of a number, for example ``environment frames``; kept in the JSON Schema as ``unit``.
      **bounds: pydantic's range keywords (``ge``, ``gt``, ``le``, ``lt``).
    """
    extra: JsonDict | None = {"unit": unit} if unit else None
    return Field(default, description=description, json_schema_extra=extra, **bounds)


def plain_values(value: Any, where: str = "") -> Any:
    """Returns a nested value of texts, finite numbers, booleans, nulls, lists and mappings; tuples become lists.

    Raises:
      ValueError: something else is in it.
    """
    if value is None or isinstance(value, str | bool | int) or (isinstance(value, float) and math.isfinite(value)):
        return value
    if isinstance(value, list | tuple):
        return [plain_values(item, where) for item in value]
    if isinstance(value, dict) and all(isinstance(key, str) for key in value):
        return {key: plain_values(item, f"{where}{key}.") for key, item in value.items()}
    raise ValueError(f"{where.rstrip('.') or 'a value'} is {value!r}, which is no plain value")


Checked = TypeVar("Checked", bound=Section)


def consistent(name: str, section: Checked) -> Checked:
    """Returns the section if it is consistent; for use in a validator.

    Raises:
      ValueError: its values contradict each other, see `CHECKS`.
    """
    wrong = CHECKS[name](section.__dict__)
    if wrong:
        raise ValueError(wrong)
    return section
