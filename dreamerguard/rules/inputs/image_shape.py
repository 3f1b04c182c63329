"""The network cannot process images of this size.

What it does:
  Checks the image size after the encoder has halved it: 3 to 16 pixels must remain in danijar/dreamerv3 since December
  2024, and exactly ``minres`` in its earlier editions and in dreamerv3-torch. sheeprl needs powers of two.

Why is this bad:
  The program stops when it builds the encoder or the decoder.

How to fix:
  Use 64 x 64, which works everywhere. Larger sizes are 96 or 128 for the 2025 edition of danijar/dreamerv3, powers of
  two times ``minres``, 4 by default, in its earlier editions and dreamerv3-torch, and 128 in sheeprl.

References:
  https://github.com/danijar/dreamerv3/issues/85
  https://github.com/NM512/dreamerv3-torch/issues/59
  https://github.com/Eclectic-Sheep/sheeprl/blob/33b636681fd8b5340b284f2528db8821ab8dcd0b/sheeprl/algos/dreamer_v3/dreamer_v3.py#L371
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from dreamerguard.core.finding import Finding, Severity
from dreamerguard.core.run import ResolvedRun
from dreamerguard.core.setting import Setting
from dreamerguard.core.values import as_number, spell_scalar
from dreamerguard.rules.rule import Example, Rule

rule = Rule("DG613", "image-shape", Severity.ERROR, dialects=("danijar", "nm512_torch", "sheeprl"))

GOOD = [
    Example("python dreamerv3/main.py --configs crafter --env.crafter.size 96 96 --logdir logs"),
    Example("python dreamer.py --configs dmc_vision --size 128,128 --logdir logs"),
    Example("sheeprl exp=dreamer_v3 env.screen_size=128"),
]
BAD = [
    Example(
        "python dreamerv3/main.py --configs crafter --env.crafter.size 84 84 --logdir logs",
        mark="--env.crafter.size 84 84",
    ),
    Example("python dreamer.py --configs dmc_vision --size 84,84 --logdir logs", mark="--size 84,84"),
    Example("sheeprl exp=dreamer_v3 env.screen_size=84", mark="env.screen_size=84"),
]


@rule.check
def check(run: ResolvedRun) -> Iterator[Finding]:
    """Tests the size."""
    size = run.setting("image_size")
    if size is None or (run.budget is None if run.dialect == "sheeprl" else not size.chosen):
        return
    sides = _sides(run, size)
    if not sides or _fits(run, sides):
        return
    certain = run.dialect == "sheeprl" or size.last.kind == "command line"
    yield rule.at(
        run.place(size),
        f"{size.key} {' x '.join(spell_scalar(side) for side in sides)} does not fit the encoder",
        label=_limits(run),
        severity=None if certain else Severity.WARNING,
        key=size.key,
    )


def _sides(run: ResolvedRun, size: Setting) -> tuple[float, ...]:
    """Returns the side lengths that the program reads; None if they are not numbers, which another rule reports."""
    if run.dialect == "sheeprl":
        return (size.number,) if size.number >= 1 and size.number.is_integer() else ()
    if not isinstance(size.value, tuple):
        return ()
    sides = tuple(map(as_number, size.value))
    return () if any(map(math.isnan, sides)) else sides


def _fits(run: ResolvedRun, sides: tuple[float, ...]) -> bool:
    if run.dialect == "sheeprl":
        return int(sides[0]) & (int(sides[0]) - 1) == 0
    if len(sides) != 2 or any(side <= 0 or not side.is_integer() for side in sides):
        return False
    if run.edition == "2025":
        factor = 2.0 ** _stages(run)
        return all(side % factor == 0 and 3 <= side / factor <= 16 for side in sides)
    least = _least(run)
    return sides[0] == sides[1] and sides[0] > least and math.log2(sides[0] / least).is_integer()


def _stages(run: ResolvedRun) -> int:
    mults, outer = run.settings.get("agent.enc.simple.mults"), run.settings.get("agent.enc.simple.outer")
    count = len(mults.value) if mults is not None and isinstance(mults.value, tuple) else 4
    return count - int(outer is not None and outer.value is True)


def _least(run: ResolvedRun) -> float:
    found = [run.settings[key].number for key in ("encoder.minres", "enc.simple.minres") if key in run.settings]
    return found[0] if found and found[0] > 0 else 4.0


def _limits(run: ResolvedRun) -> str:
    if run.dialect == "sheeprl":
        return "powers of two fit"
    if run.edition == "2025":
        factor = 2 ** _stages(run)
        return f"multiples of {factor} from {3 * factor} to {16 * factor} fit"
    return f"square images of {spell_scalar(_least(run))} times a power of two fit"
