"""The network cannot take images of this size.

What it does:
  Checks the image size against what the encoder halves it to: 3 to 16 pixels in danijar/dreamerv3 since December 2024,
  exactly ``minres`` in its earlier editions and in dreamerv3-torch.

Why is this bad:
  The program stops when it builds the encoder or the decoder.

How to mend:
  64 x 64 works everywhere. Of larger sizes take 96 or 128 for the 2025 edition, and powers of two times ``minres``,
  4 by default, elsewhere.

References:
  https://github.com/danijar/dreamerv3/issues/85
  https://github.com/NM512/dreamerv3-torch/issues/59
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from dreamerguard.model import Finding, Severity
from dreamerguard.resolved import ResolvedRun
from dreamerguard.rules.rule import Example, Rule
from dreamerguard.sources.scalars import spell_scalar

rule = Rule("DG623", "indivisible-image", Severity.ERROR, dialects=("danijar", "nm512_torch"))

GOOD = [
    Example("python dreamerv3/main.py --configs crafter --env.crafter.size 96 96 --logdir logs"),
    Example("python dreamer.py --configs dmc_vision --size 128,128 --logdir logs"),
]
BAD = [
    Example(
        "python dreamerv3/main.py --configs crafter --env.crafter.size 84 84 --logdir logs",
        mark="--env.crafter.size 84 84",
    ),
    Example("python dreamer.py --configs dmc_vision --size 84,84 --logdir logs", mark="--size 84,84"),
]


@rule.check
def check(run: ResolvedRun) -> Iterator[Finding]:
    size = run.chosen("image_size")
    if size is None or not isinstance(size.value, tuple):
        return
    sides = [float(side) for side in size.value if isinstance(side, int | float)]
    if len(sides) != len(size.value) or _fits(run, sides):
        return
    yield rule.at(
        run.place(size),
        f"{size.key} {' x '.join(spell_scalar(side) for side in size.value)} does not fit the encoder",
        label=_limits(run),
        severity=None if size.last.kind == "command line" else Severity.WARNING,
        key=size.key,
    )


def _fits(run: ResolvedRun, sides: list[float]) -> bool:
    if len(sides) != 2 or any(side <= 0 or not side.is_integer() for side in sides):
        return False
    if run.edition == "2025":
        factor = 2.0 ** _stages(run)
        return all(side % factor == 0 and 3 <= side / factor <= 16 for side in sides)
    least = _least(run)
    return sides[0] == sides[1] and math.log2(sides[0] / least).is_integer() and sides[0] > least


def _stages(run: ResolvedRun) -> int:
    mults, outer = run.settings.get("agent.enc.simple.mults"), run.settings.get("agent.enc.simple.outer")
    count = len(mults.value) if mults is not None and isinstance(mults.value, tuple) else 4
    return count - int(outer is not None and outer.value is True)


def _least(run: ResolvedRun) -> float:
    found = [run.settings[key].number for key in ("encoder.minres", "enc.simple.minres") if key in run.settings]
    return found[0] if found and found[0] > 0 else 4.0


def _limits(run: ResolvedRun) -> str:
    if run.edition == "2025":
        factor = 2 ** _stages(run)
        return f"multiples of {factor} from {3 * factor} to {16 * factor} fit"
    return f"square images of {spell_scalar(_least(run))} times a power of two fit"
