"""Reads spaces and specs, and draws actions from them. Part of `script`, which loads it by its path.

It imports nothing of dreamerguard, which may not be installed in the training program's Python.
"""

from __future__ import annotations

from typing import Any

#: Bound from which a control counts as unlimited: MuJoCo's largest number (``mjMAXVAL``).
UNLIMITED = 1e10
#: NumPy kind of an array -> its name in rules.
KINDS = {"f": "float", "i": "integer", "u": "integer", "b": "boolean", "U": "text", "S": "text"}


def draw(space: Any) -> Any:
    """Returns a random action of a space or spec.

    Numbers of a spec without limits are drawn between -1 and 1, as a policy acts.
    """
    import numpy as np

    if hasattr(space, "sample"):
        return space.sample()
    shape = tuple(getattr(space, "shape", None) or ())
    choices = classes(space)
    if choices is not None:
        return np.random.randint(0, choices, shape or None)
    low, high = (
        np.asarray(getattr(space, first, getattr(space, second, default)), np.float64)
        for first, second, default in (("low", "minimum", None), ("high", "maximum", None))
    )
    limited = (np.abs(low) < UNLIMITED) & (np.abs(high) < UNLIMITED)  # false for None, which becomes NaN
    drawn = np.random.uniform(np.where(limited, low, -1.0), np.where(limited, high, 1.0), shape or None)
    return np.asarray(drawn, getattr(space, "dtype", None) or np.float32)


def classes(space: Any) -> int | None:
    """Returns the number of values of a discrete space; None for other spaces."""
    import numpy as np

    if type(space).__name__ == "ArraySpace":  # the bundled trainer's
        return space.classes or None
    found: Any = getattr(space, "n", getattr(space, "num_values", None))
    single = np.ndim(found) == 0 and not getattr(space, "shape", None)  # MultiBinary has n numbers
    return int(found) if found is not None and single else None


def leaves(value: Any, space: Any = None, name: str = "observation") -> dict[str, Any]:
    """Returns the leaves of nested dictionaries, and of tuples where the space is one, with ``a/b`` as names.

    A value that is no dictionary has the given name. The value may be the space itself.
    """
    spaces: Any = getattr(space, "spaces", None)
    inner = spaces if value is space and spaces is not None else value
    if isinstance(inner, (tuple, list)) and isinstance(spaces, (tuple, list)):
        inner, spaces = dict(enumerate(inner)), dict(enumerate(spaces))
    if not hasattr(inner, "items"):
        return {name: value}
    found: dict[str, Any] = {}
    for key, item in inner.items():
        known = spaces[key] if hasattr(spaces, "items") and key in spaces else None
        below = leaves(item, known, "")
        found.update({f"{key}/{rest}" if rest else str(key): leaf for rest, leaf in below.items()})
    return found


def space_facts(space: Any) -> dict[str, Any]:
    """Returns shape, kind and bounds of a space or spec, and ``classes`` of a discrete one."""
    import numpy as np

    low = getattr(space, "low", getattr(space, "minimum", None))
    high = getattr(space, "high", getattr(space, "maximum", None))
    dtype = getattr(space, "dtype", None)
    return {
        "shape": [int(size) for size in getattr(space, "shape", None) or ()],
        "kind": KINDS.get(np.dtype(dtype).kind, "other") if dtype is not None else "other",
        "classes": classes(space),
        "low": bound(low, min),
        "high": bound(high, max),
    }


def bound(values: Any, which: Any) -> float | str | None:
    """Returns the outermost bound; None without bounds, text if it is not finite."""
    import numpy as np

    if values is None or np.size(values) == 0:
        return None
    value = float(which(np.ravel(np.asarray(values, dtype=np.float64)).tolist()))
    return value if np.isfinite(value) else str(value)
