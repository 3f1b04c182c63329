"""Exports `RunConfig` as a JSON Schema for editors, and looks up single dotted keys."""

from __future__ import annotations

from typing import Any, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from .config import RunConfig

#: Identifier of the schema; a URN, because the schema is written beside the configuration and never fetched.
SCHEMA_ID = "urn:dreamerguard:run"


def run_schema() -> dict[str, Any]:
    """Returns the JSON Schema (draft 2020-12) of a run of the bundled trainer; numbers keep their ``unit``.

    Tasks are examples, which editors complete, and not an enumeration: ``gym:ID`` and names of one's own are valid.
    """
    from .tasks import task_names

    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": SCHEMA_ID}
    schema = head | RunConfig.model_json_schema() | {"title": "DreamerGuard run"}
    schema["properties"]["task"]["examples"] = task_names()
    return schema


def field(key: str) -> FieldInfo:
    """Returns the declaration of a dotted key such as ``run.train_ratio``.

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
    """Returns the unit of a dotted key; empty if it has no unit."""
    extra = field(key).json_schema_extra
    return str(extra.get("unit", "")) if isinstance(extra, dict) else ""
