"""Lightning Fabric does not support this precision.

What it does:
  Compares ``fabric.precision`` of sheeprl with the names that Lightning Fabric supports.

Why is this bad:
  The program stops when it builds Fabric.

How to fix:
  Use ``32-true``, the default, or ``bf16-mixed`` on cards that have bfloat16.

References:
  https://lightning.ai/docs/fabric/stable/fundamentals/precision.html
"""

from __future__ import annotations

from collections.abc import Iterator

from dreamerguard.core.finding import Finding, Severity
from dreamerguard.core.run import ResolvedRun
from dreamerguard.rules.rule import Example, Rule
from dreamerguard.util.hints import did_you_mean, nearest

rule = Rule("DG508", "unknown-precision", Severity.ERROR, dialects=("sheeprl",))

GOOD = [Example("sheeprl exp=dreamer_v3 fabric.precision=bf16-mixed")]
BAD = [
    Example(
        "sheeprl exp=dreamer_v3 fabric.precision=bf16-mix",
        mark="fabric.precision=bf16-mix",
        fixed="sheeprl exp=dreamer_v3 fabric.precision=bf16-mixed",
    )
]

_NAMES = (
    "32-true", "16-mixed", "bf16-mixed", "16-true", "bf16-true", "64-true", "transformer-engine",
    "transformer-engine-float16", "16", "32", "64", "bf16",
)  # fmt: skip


@rule.check
def check(run: ResolvedRun) -> Iterator[Finding]:
    """Looks the name up."""
    precision = run.settings.get("fabric.precision")
    if precision is None or precision.value is None or str(precision.value) in _NAMES:
        return
    near = nearest(str(precision.value), _NAMES)
    yield rule.at(
        run.place(precision),
        f"Lightning Fabric has no precision {precision.value}{did_you_mean(near[0] if near else None)}",
        key=precision.key,
        fix=run.correct(precision, near[0], f"use {near[0]}", safe=True) if near else None,
        help=f"names include {', '.join(_NAMES[:6])}",
    )
