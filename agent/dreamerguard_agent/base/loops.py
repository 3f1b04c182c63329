"""How many steps one iteration of a loop over time computes."""

from __future__ import annotations

import jax

#: The platform for which functions are traced; None is that of this process.
PLATFORM: str | None = None


def unroll(steps: int) -> int:
    """Returns ``steps`` on an accelerator and 1 on a CPU. The results do not depend on it.

    On an accelerator, an iteration's counter and the copy of its carry cost kernels. On a CPU they cost nothing, and
    every copy of a step takes time to compile.
    """
    return 1 if (PLATFORM or jax.default_backend()) == "cpu" else steps
