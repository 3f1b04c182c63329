"""The batch cannot be divided among the training devices.

What it does:
  Compares ``batch_size`` with the number of ``jax.train_devices`` in danijar/dreamerv3.

Why is this bad:
  Every device gets an equal part of each batch. If the number of devices does not divide the batch size, JAX refuses
  the batch and the program stops at its first update, after it has filled the replay buffer.

How to fix:
  Use a batch size that is a multiple of the number of devices, or fewer devices.

References:
  https://github.com/danijar/dreamerv3/blob/e3f02248693a79dc8b0ebd62c93683888ddaccfe/embodied/jax/agent.py#L95
  https://github.com/danijar/dreamerv3/blob/8fa35f8/dreamerv3/jaxagent.py
"""

from __future__ import annotations

from collections.abc import Iterator

from dreamerguard.core.finding import Finding, Severity
from dreamerguard.core.run import ResolvedRun
from dreamerguard.core.source import Label
from dreamerguard.core.values import spell_scalar
from dreamerguard.rules.rule import Example, Rule

rule = Rule("DG509", "indivisible-batch", Severity.ERROR, dialects=("danijar",))

_MAIN = "python dreamerv3/main.py --configs crafter"

GOOD = [Example(f"{_MAIN} --jax.train_devices 0 1"), Example(_MAIN)]
BAD = [
    Example(f"{_MAIN} --jax.train_devices 0 1 2", mark="--jax.train_devices 0 1 2"),
    Example(f"{_MAIN} --jax.train_devices 0 1 --batch_size 15", mark="--batch_size 15"),
]

#: All devices share the batch; another mesh also divides the weights.
_DATA_PARALLEL = "-1,1,1"


@rule.check
def check(run: ResolvedRun) -> Iterator[Finding]:
    devices, batch, mesh = (
        run.settings.get("jax.train_devices"),
        run.setting("batch_size"),
        run.settings.get("jax.train_mesh"),
    )
    if devices is None or batch is None or not isinstance(devices.value, tuple) or not batch.number >= 1:
        return
    if mesh is not None and mesh.value != _DATA_PARALLEL:
        return
    count = len(devices.value)
    if not (devices.chosen or batch.chosen) or count < 2 or not batch.number % count > 0:
        return
    blamed, other = (batch, devices) if batch.chosen else (devices, batch)
    secondary = (Label(other.last.span, "does not fit"),) if other.chosen and other.last.span is not None else ()
    yield rule.at(
        run.place(blamed),
        f"{batch.key} {spell_scalar(batch.value)} is not a multiple of the {count} training devices",
        key=blamed.key,
        secondary=secondary,
        help=f"use a multiple of {count}",
    )
