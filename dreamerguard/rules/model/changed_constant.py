"""A constant of the algorithm is far from its value in every published run.

What it does:
  Compares loss scales, the entropy scale, the imagination length, the discount horizon and the learning rate with the
  values that the papers keep fixed over all benchmarks. It reports a warning from 8 times on for loss scales, entropy
  and learning rate, and information from 3 times on for the lengths. It is also information where a file sets the value
  that the command uses, and on a task that nothing is published for; not for a learning rate that is 100 times off.

Why is this bad:
  DreamerV3 is designed to work everywhere with one set of constants. A representation loss ten times as strong pulls
  the encoder towards states that the dynamics can predict. Imagination four times as long takes four times the
  computation.

How to fix:
  Leave the setting out, unless it is the experiment.

References:
  https://arxiv.org/abs/2301.04104
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from dreamerguard.core.finding import Confidence, Finding, Severity
from dreamerguard.core.run import ResolvedRun
from dreamerguard.core.setting import Setting
from dreamerguard.core.values import spell_scalar
from dreamerguard.rules.helpers.example_files import COMMAND, with_preset
from dreamerguard.rules.rule import Example, Rule

rule = Rule(
    "DG420", "changed-constant", Severity.WARNING, confidence=Confidence.MEDIUM, dialects=("danijar", "nm512_torch")
)

GOOD = [Example(COMMAND, files=with_preset("agent.loss_scales.rep: 0.2"))]
BAD = [
    Example(COMMAND, files=with_preset("agent.loss_scales.rep: 1.0"), mark="agent.loss_scales.rep: 1.0"),
    Example(COMMAND, files=with_preset("agent.imag_length: 64"), mark="agent.imag_length: 64"),
]

_LENGTHS = {"imag_length": 3.0, "imag_horizon": 3.0, "horizon": 3.0}
_STRENGTHS = {"dyn": 8.0, "rep": 8.0, "actent": 8.0, "dyn_scale": 8.0, "rep_scale": 8.0, "lr": 8.0, "model_lr": 8.0}
#: Factor of a learning rate that nobody chooses.
_FAR = 100


@rule.check
def check(run: ResolvedRun) -> Iterator[Finding]:
    for key, setting in run.settings.items():
        limit = _limit(key)
        if limit is None:
            continue
        theirs = run.constants.get(key)
        if not setting.chosen or not isinstance(theirs, int | float) or not setting.number > 0 or theirs <= 0:
            continue
        factor = max(setting.number / theirs, theirs / setting.number)
        if factor >= limit and not any(preset.name == "debug" for preset in run.presets):
            yield rule.at(
                run.place(setting),
                f"{key} is {spell_scalar(setting.value)}, a factor of {factor:.3g} from the published value"
                f" {spell_scalar(theirs)}",
                key=key,
                severity=None if _stops_learning(key, factor) else _severity(key, run, setting),
            )


def _stops_learning(key: str, factor: float) -> bool:
    """Returns whether a learning rate is so far off that hardly anything is learned on any task."""
    return key.rpartition(".")[2] in ("lr", "model_lr") and factor >= _FAR


def _severity(key: str, run: ResolvedRun, setting: Setting) -> Severity | None:
    return Severity.INFO if key.rpartition(".")[2] in _LENGTHS or _own_choice(run, setting) else None


def _own_choice(run: ResolvedRun, setting: Setting) -> bool:
    """Returns whether a fork's own file sets the value, or the task is one that nothing is published for."""
    span = setting.last.span
    return run.reference is None or (span is not None and run.in_file(span))


@lru_cache(maxsize=4096)
def _limit(key: str) -> float | None:
    """Returns the factor that counts as far from the published value; none for other keys."""
    leaf = key.rpartition(".")[2]
    return _LENGTHS.get(leaf) or (_STRENGTHS.get(leaf) if _is_constant(key, leaf) else None)


def _is_constant(key: str, leaf: str) -> bool:
    """Returns whether a leaf is the constant: ``dyn`` and ``rep`` are constants among the loss scales only."""
    return leaf not in ("dyn", "rep") or "loss_scales." in key
