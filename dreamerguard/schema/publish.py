"""`RunConfig` as a JSON Schema for editors, and what it says about a single dotted key."""

from __future__ import annotations

from typing import Any, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from .run import RunConfig

#: Name of the schema. A URN, because the schema is written beside the configuration and never fetched.
SCHEMA_ID = "urn:dreamerguard:run"


def run_schema() -> dict[str, Any]:
    """JSON Schema (draft 2020-12) of a native run; numbers keep their ``unit``."""
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": SCHEMA_ID}
    return head | RunConfig.model_json_schema() | {"title": "DreamerGuard run"}


def field(key: str) -> FieldInfo:
    """Declaration of a dotted key such as ``run.train_ratio``.

    Raises:
      KeyError: RunConfig has no such key.
    """
    model: type[BaseModel] = RunConfig
    *sections, last = key.split(".")
    for section in sections:
        annotation = model.model_fields[section].annotation if section in model.model_fields else None
        if get_origin(annotation) is not None or not isinstance(annotation, type):
            raise KeyError(key)
        if not issubclass(annotation, BaseModel):
            raise KeyError(key)
        model = annotation
    if last not in model.model_fields:
        raise KeyError(key)
    return model.model_fields[last]


def unit(key: str) -> str:
    """Unit of a dotted key, empty where it has none."""
    extra = field(key).json_schema_extra
    return str(extra.get("unit", "")) if isinstance(extra, dict) else ""
