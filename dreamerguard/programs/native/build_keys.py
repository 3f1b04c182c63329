"""Writes the table of the bundled trainer's keys from `RunConfig`.

Run ``python -m dreamerguard.programs.native.build_keys`` after any change of the schema. Linting reads the table
and not the schema, because building pydantic models takes longer than all of its other work.
"""

from __future__ import annotations

import json
import types
from collections.abc import Iterator
from dataclasses import asdict, fields
from typing import Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from dreamerguard.core.key import Key, Kind
from dreamerguard.schema import RunConfig
from dreamerguard.schema.key_table import TABLE

_KINDS: dict[object, Kind] = {
    bool: "boolean",
    int: "integer",
    float: "number",
    str: "text",
    tuple[int, ...]: "integers",
}
_BOUNDS = {
    "ge": "low",
    "le": "high",
    "gt": "above",
    "lt": "below",
    "multiple_of": "multiple",
    "min_length": "fewest",
    "max_length": "most",
}


def schema_keys() -> dict[str, Key]:
    """Returns dotted key -> key, in the order of the schema."""
    return {key.path: key for key in _keys(RunConfig, "")}


def table() -> str:
    """Returns the text of the table: a JSON array with one line for each key, without fields at their default."""
    rows = [
        {name: value for name, value in asdict(key).items() if _differs(name, value)} for key in schema_keys().values()
    ]
    return "[\n" + ",\n".join(json.dumps(row, ensure_ascii=False) for row in rows) + "\n]\n"


def _differs(name: str, value: object) -> bool:
    blank = {item.name: item.default for item in fields(Key)}[name]
    return value != blank or type(value) is not type(blank)


def _keys(model: type[BaseModel], prefix: str) -> Iterator[Key]:
    for name, info in model.model_fields.items():
        path = f"{prefix}{name}"
        if isinstance(info.annotation, type) and issubclass(info.annotation, BaseModel):
            yield from _keys(info.annotation, f"{path}.")
        elif get_origin(info.annotation) is not dict:  # keys below a mapping are free, see `keys.FREE_KEYS`
            yield _key(path, info)


def _key(path: str, info: FieldInfo) -> Key:
    annotation, optional = _unwrap(info.annotation)
    choices = get_args(annotation) if get_origin(annotation) is Literal else ()
    bounds: dict[str, Any] = {
        bound: getattr(item, name) for item in info.metadata for name, bound in _BOUNDS.items() if hasattr(item, name)
    }
    extra = info.json_schema_extra if isinstance(info.json_schema_extra, dict) else {}
    return Key(
        path,
        "choice" if choices else _KINDS[annotation],
        None if info.is_required() else info.default,
        description=info.description or "",
        unit=str(extra.get("unit", "")),
        choices=choices,
        optional=optional,
        **bounds,
    )


def _unwrap(annotation: Any) -> tuple[Any, bool]:
    if get_origin(annotation) in (Union, types.UnionType):
        inner = [item for item in get_args(annotation) if item is not type(None)]
        return inner[0], True
    return annotation, False


if __name__ == "__main__":
    TABLE.write_text(table(), encoding="utf-8")
