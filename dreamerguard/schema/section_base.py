"""Defines the base class of all sections of a run configuration."""

from __future__ import annotations

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
