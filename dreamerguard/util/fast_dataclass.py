"""Replaces ``dataclass`` in the modules that every start loads: equal classes, applied three times as fast.

The standard decorator compiles up to eight functions for every frozen, slotted class, about a millisecond per class;
with sixty classes that was more than a third of the time of ``dreamerguard lint``. This decorator compiles only
``__init__`` and shares the other functions. Other classes go to the standard decorator.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dataclasses import dataclass
else:

    def dataclass(cls: type | None = None, /, *, frozen: bool = False, slots: bool = False, **options: bool) -> Any:
        """Applies the fast decorator to simple frozen, slotted classes without other options, else the standard one."""

        def decorate(cls: type) -> type:
            if frozen and slots and not options and _is_simple(cls):
                return _fast(cls)
            return dataclasses.dataclass(frozen=frozen, slots=slots, **options)(cls)

        return decorate if cls is None else decorate(cls)


__all__ = ["dataclass"]


def _is_simple(cls: type) -> bool:
    """Returns whether the class inherits no fields and all fields take part in ``__init__`` and comparison."""
    special = (item for item in vars(cls).values() if isinstance(item, dataclasses.Field))
    inherits = any(hasattr(base, "__dataclass_fields__") for base in cls.__mro__[1:])
    return not inherits and all(item.init and item.compare and item.kw_only is not True for item in special)


def _fast(cls: type) -> type:
    made: Any = dataclasses.dataclass(init=False, repr=False, eq=False, slots=True)(cls)
    fields = dataclasses.fields(made)
    made.__init__ = _init(made, fields)
    for function in (__repr__, __eq__, __hash__, __setattr__, __delattr__, __reduce__):
        if function.__name__ not in cls.__dict__:
            setattr(made, function.__name__, function)
    return made  # type: ignore[no-any-return]


def _init(cls: type, fields: tuple[dataclasses.Field[Any], ...]) -> Any:
    """Compiles ``__init__``: sets defaults like the standard decorator, then calls ``__post_init__``."""
    given: dict[str, Any] = {"_set": object.__setattr__, "_missing": dataclasses.MISSING}
    parameters, body = ["self"], []
    for item in fields:
        name, value = item.name, item.name
        if item.default is not dataclasses.MISSING:
            given[f"_{name}"] = item.default
            parameters.append(f"{name}=_{name}")
        elif item.default_factory is not dataclasses.MISSING:
            given[f"_{name}"] = item.default_factory
            parameters.append(f"{name}=_missing")
            value = f"_{name}() if {name} is _missing else {name}"
        else:
            parameters.append(name)
        body.append(f" _set(self, {name!r}, {value})")
    if hasattr(cls, "__post_init__"):
        body.append(" self.__post_init__()")
    lines = "\n".join(body) or " pass"
    exec(f"def __init__({', '.join(parameters)}):\n{lines}", given)
    function = given["__init__"]
    function.__qualname__ = f"{cls.__qualname__}.__init__"
    function.__module__ = cls.__module__
    return function


def _values(item: Any) -> tuple[Any, ...]:
    return tuple(getattr(item, name) for name in item.__match_args__)


def __repr__(self: Any) -> str:
    shown = (
        f"{field.name}={getattr(self, field.name)!r}" for field in self.__dataclass_fields__.values() if field.repr
    )
    return f"{type(self).__qualname__}({', '.join(shown)})"


def __eq__(self: Any, other: object) -> bool:
    return _values(self) == _values(other) if type(other) is type(self) else NotImplemented


def __hash__(self: Any) -> int:
    return hash(_values(self))


def __setattr__(self: Any, name: str, value: object) -> None:
    raise dataclasses.FrozenInstanceError(f"cannot assign to field {name!r}")


def __delattr__(self: Any, name: str) -> None:
    raise dataclasses.FrozenInstanceError(f"cannot delete field {name!r}")


def __reduce__(self: Any) -> tuple[Any, ...]:
    """Copies and pickles by the field values, since attributes cannot be set."""
    return type(self), _values(self)
