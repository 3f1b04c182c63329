"""The program does not support this precision.

What it does:
  Reports ``precision`` of dreamerv3-torch other than 16 and 32, and ``compute_dtype`` of danijar/dreamerv3 other than
  bfloat16, float16 and float32.

Why is this bad:
  dreamerv3-torch treats every other value as 32. danijar/dreamerv3 stops when it builds the agent.

How to fix:
  Write one of the supported values.

References:
  https://github.com/NM512/dreamerv3-torch/blob/6ef8646/models.py
"""

from __future__ import annotations

from collections.abc import Iterator

from dreamerguard.core.finding import Finding, Severity
from dreamerguard.core.run import ResolvedRun
from dreamerguard.core.values import spell_scalar
from dreamerguard.rules.helpers.example_files import with_torch_preset
from dreamerguard.rules.rule import Example, Rule

rule = Rule("DG523", "unusable-precision", Severity.WARNING, dialects=("danijar", "nm512_torch"))

GOOD = [Example("python dreamerv3/main.py --configs crafter --jax.compute_dtype float32 --logdir logs")]
BAD = [
    Example(
        "python dreamerv3/main.py --configs crafter --jax.compute_dtype fp16 --logdir logs",
        mark="--jax.compute_dtype fp16",
    ),
    Example(
        "python dreamer.py --configs crafter2 --precision 8 --logdir logs",
        files={
            "configs.yaml": with_torch_preset("seed: 1")["configs.yaml"]
            .replace("mine", "crafter2")
            .replace("seed: 0", "seed: 0\n  precision: 32")
        },
        mark="--precision 8",
    ),
]

_TORCH = (16, 32)
_JAX = ("bfloat16", "float16", "float32")


@rule.check
def check(run: ResolvedRun) -> Iterator[Finding]:
    torch = run.dialect == "nm512_torch"
    key = "precision" if torch else "jax.precision" if run.edition == "2023" else "jax.compute_dtype"
    setting = run.settings.get(key)
    known = _TORCH if torch else _JAX
    if setting is None or not setting.chosen or setting.value is None or setting.value in known:
        return
    yield rule.at(
        run.place(setting),
        f"{key} is {spell_scalar(setting.value)}; the program supports {', '.join(map(str, known))}",
        label="treated as 32" if torch else "",
        key=key,
        severity=None if torch else Severity.ERROR,
    )
