"""NumPy's random states as plain arrays, so that a checkpoint can hold them."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ..protocol import Array, Values

_WORD = 1 << 64


def read_generator(random: np.random.Generator) -> Values:
    """Returns the state of a PCG64 generator: ``random``, uint64 [4], and ``random.half``, uint64 [2]."""
    state = random.bit_generator.state
    numbers = [part for name in ("state", "inc") for part in divmod(state["state"][name], _WORD)]
    half = [state["has_uint32"], state["uinteger"]]
    return {"random": np.array(numbers, np.uint64), "random.half": np.array(half, np.uint64)}


def write_generator(random: np.random.Generator, state: Mapping[str, Array]) -> None:
    """Restores a state of `read_generator`.

    Raises:
      ValueError: the arrays have other shapes.
    """
    high, low, inc_high, inc_low = state["random"].tolist()
    waiting, half = state["random.half"].tolist()
    random.bit_generator.state = {
        "bit_generator": "PCG64",
        "state": {"state": high * _WORD + low, "inc": inc_high * _WORD + inc_low},
        "has_uint32": waiting,
        "uinteger": half,
    }
