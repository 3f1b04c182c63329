"""The shape of a batch, which r2dreamer keeps twice: one copy for the buffer, one for the trainer.

At 546e4fa, ``configs/configs.yaml`` sets both copies from the keys without a section, ``batch_size`` and
``batch_length``. An override of one copy leaves the other as it was: ``trainer.py`` schedules updates by
``trainer.batch_size * trainer.batch_length`` and trains as soon as every environment has made
``trainer.batch_length + 2`` steps, while ``buffer.py`` draws ``buffer.batch_size`` sequences of
``buffer.batch_length + 1`` steps, and none that is shorter.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from dreamerguard.core.finding import Problem, Severity
from dreamerguard.core.setting import Setting
from dreamerguard.core.source import Label
from dreamerguard.core.values import spell_scalar


def batch_problems(settings: Mapping[str, Setting]) -> Iterator[Problem]:
    """Yields a problem for each copy that differs from the other one: an error if the first batch cannot be drawn."""
    for name in ("batch_size", "batch_length"):
        trainer, buffer = settings.get(f"trainer.{name}"), settings.get(f"buffer.{name}")
        if trainer is None or buffer is None or not trainer.number >= 1 or not buffer.number >= 1:
            continue
        blamed, other = (trainer, buffer) if trainer.last.span is not None and trainer.chosen else (buffer, trainer)
        if trainer.number == buffer.number or not blamed.chosen or blamed.last.span is None:
            continue
        early = name == "batch_length" and trainer.number + 2 < buffer.number + 1
        effect = (
            f"training begins before the buffer has {spell_scalar(buffer.number + 1)} steps, and its sampler stops the"
            " program"
            if early
            else "the buffer cuts the batches, and the trainer counts updates by another size"
        )
        yield Problem(
            "inconsistent-settings",
            f"{blamed.key} is {spell_scalar(blamed.number)} and {other.key} {spell_scalar(other.number)}: {effect}",
            Label(blamed.last.span),
            blamed.key,
            help=f"write {name}={spell_scalar(blamed.number)}, which sets both",
            severity=Severity.ERROR if early else Severity.WARNING,
        )
