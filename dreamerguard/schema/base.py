"""What every section of a run configuration has in common."""

from __future__ import annotations

from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field
from pydantic.config import JsonDict

from .consistency import CHECKS


class Section(BaseModel):
    """One frozen group of settings. Unknown keys are refused, so that a misspelt key can never be ignored."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True, allow_inf_nan=False)


def setting(default: Any, description: str, *, unit: str = "", **bounds: Any) -> Any:
    """Declares one setting.

    Args:
      default: the value of the weakest layer, ``...`` when there is none.
      description: what the setting does, for people; shown by ``dreamerguard explain`` and by editors.
      unit: the unit of a number, for example ``environment frames``; kept in the JSON Schema as ``unit``.
      **bounds: pydantic's range keywords (``ge``, ``gt``, ``le``, ``lt``).
    """
    extra: JsonDict | None = {"unit": unit} if unit else None
    return Field(default, description=description, json_schema_extra=extra, **bounds)


Checked = TypeVar("Checked", bound=Section)


def consistent(name: str, section: Checked) -> Checked:
    """The section itself, for a validator.

    Raises:
      ValueError: its values contradict each other, see `CHECKS`.
    """
    wrong = CHECKS[name](section.__dict__)
    if wrong:
        raise ValueError(wrong)
    return section
