"""Values that the trace follows. A value is a set of atoms; the empty set is something that holds no settings."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

#: The kind of an atom stands first: a letter of those below.
Atom = tuple[Any, ...]
Value = frozenset[Atom] | set[Atom]
Path = tuple[str, ...]
#: A place that holds a value: a variable, an attribute of an object, the result of a function.
Cell = tuple[Any, ...]

#: The configuration at a path: ``(SETTING, ("agent", "opt"))``.
SETTING = "p"
#: An object, by its number: an instance of a class, a dictionary, a list.
OBJECT = "o"
FUNCTION = "f"
#: A function that already has its first argument.
METHOD = "b"
CLASS = "c"
MODULE = "m"
#: Something from a package outside the checkout, with its dotted name.
OUTSIDE = "x"
TEXT = "s"
#: A function with some arguments, by its number.
PARTIAL = "t"
#: The file of presets.
PRESETS = "y"

EMPTY: frozenset[Atom] = frozenset()
UNKNOWN: Atom = ("u",)
ANY: frozenset[Atom] = frozenset({UNKNOWN})
ROOT: Atom = (SETTING, ())
#: Any key of a group, in a path.
STAR = "*"

#: Calls that keep an object of settings together.
WRAPPERS = frozenset({
    "Config", "dict", "Dict", "Namespace", "SimpleNamespace", "Box", "EasyDict", "edict", "Munch", "AttrDict",
    "AttributeDict", "dotdict", "DotDict", "DictConfig", "OrderedDict", "deepcopy", "copy", "vars", "asdict",
    "to_container", "create", "Flags", "list", "tuple", "set", "sorted", "reversed", "iter", "enumerate", "zip",
    "cast", "MappingProxyType", "namedtuple_from", "ConfigDict", "FlatConfig", "to_dict", "munchify",
    "dict_to_namespace", "next", "chain", "merge", "filter", "map", "structured", "freeze", "unfreeze",
    "recursive_update",
})  # fmt: skip
#: Methods and attributes of settings that give settings.
SAME = frozenset({
    "copy", "deepcopy", "update", "parse", "to_dict", "replace", "items", "values", "flat", "__dict__", "merge",
    "parse_known", "nested", "todict", "as_dict", "dict", "unlock", "lock", "freeze", "unfreeze",
})  # fmt: skip
#: Methods that show or store settings, or change them.
QUIET = frozenset({
    "save", "load", "write", "dump", "keys", "format", "pprint", "print", "pretty", "set_default", "setdefault",
    "clear", "append", "extend", "index", "count", "tolist", "item", "resolve", "from_flat", "__setattr__",
    "__setitem__",
})  # fmt: skip
#: Lists and dictionaries of anything else.
DATA: frozenset[Atom] = frozenset({(OUTSIDE, "data")})
_FOLLOWED = frozenset({SETTING, PRESETS, CLASS})
_IN_TABLES = frozenset({*_FOLLOWED, FUNCTION, PARTIAL, TEXT})
_WHOLE = frozenset({SETTING, PRESETS, OBJECT})
#: Mark of the number of a list or dictionary that begins empty.
BLANK = "blank"


def matters(value: Value, *, table: bool = False) -> bool:
    """Returns whether a list or dictionary with this value must be followed; ``table``: it has names."""
    kinds = _IN_TABLES if table else _FOLLOWED
    return any(
        atom[0] in kinds or (atom[0] == OBJECT and atom[1].__class__ is tuple and atom[1][1] != BLANK) for atom in value
    )


def certain(value: Value) -> Value:
    """Returns a value without its unknown part where it certainly holds the whole configuration."""
    return {atom for atom in value if atom[0] in _WHOLE} if ROOT in value or (PRESETS,) in value else value


def ordered(value: Value) -> Iterable[Atom]:
    """Returns the atoms in an order that does not depend on the interpreter's hashes.

    The order decides which code runs first, and so which atoms a cell keeps that is given too many.
    """
    return tuple(value) if len(value) < 2 else sorted(value, key=repr)
