"""The program accepts the key but never reads it.

What it does:
  Reports keys of a preset that the program's defaults lack, in programs that merge presets without a check. It is
  information when the probably intended key has the same value anyway, or is set on the command line. In
  ``dreamerguard lint``, a key of a preset is also information if it is upstream's, if the similar key does not change
  the number of updates, or if no key is similar; ``dreamerguard check`` warns at that place. If the checkout is
  available, a key that its Python files read is not reported. If it is not, a key without a similar one is information,
  because a fork's code may read keys that its defaults do not declare.

Why is this bad:
  The value never takes effect, and the program prints no message. Upstream's own presets ``crafter`` and ``minecraft``
  set ``step`` and ``value``, but the program reads ``steps`` and ``critic``. Minecraft therefore stops after 1M frames
  instead of 100M, and both critics keep 2 layers.

How to fix:
  Use the key that the message suggests.

References:
  https://github.com/NM512/dreamerv3-torch/blob/6ef8646/configs.yaml
  https://github.com/NM512/dreamerv3-torch/blob/6ef8646/dreamer.py
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator

from dreamerguard.core.finding import Confidence, Finding, Severity
from dreamerguard.core.run import ResolvedRun
from dreamerguard.core.setting import Role, Setting, UnknownKey
from dreamerguard.core.values import as_number, spell_scalar
from dreamerguard.rules.helpers.example_files import TORCH_COMMAND, with_torch_preset
from dreamerguard.rules.rule import Example, Rule
from dreamerguard.util.hints import did_you_mean, nearest_key

rule = Rule("DG330", "unread-key", Severity.WARNING, dialects=("nm512_torch", "danijar"))

GOOD = [Example(TORCH_COMMAND, files=with_torch_preset("steps: 2e6", "noops: 30"))]
BAD = [
    Example(TORCH_COMMAND, files=with_torch_preset("step: 2e6"), mark="step: 2e6"),
    Example(TORCH_COMMAND, files=with_torch_preset("step: 1e8"), mark="step: 1e8"),
    Example(TORCH_COMMAND, files=with_torch_preset("value: {layers: 5}"), mark="layers: 5"),
    Example(TORCH_COMMAND, files=with_torch_preset("llcd: True"), mark="llcd: True"),
]

#: Settings to which the number of updates is proportional, directly or inversely.
_BUDGET: tuple[Role, ...] = ("frames", "train_ratio", "batch_size", "batch_length", "action_repeat")
_FACTOR = 4


@rule.check
def check(run: ResolvedRun) -> Iterator[Finding]:
    for unknown in run.unknown:
        if unknown.fatal:
            continue
        target = _target(run, unknown)
        meant = run.settings.get(target) if target is not None else None
        unlike = target is None and not unknown.evidence
        of_updates = meant is not None and meant.key in {run.roles.get(role) for role in _BUDGET}
        aside = unknown.upstream or not of_updates  # `check` warns where it stands
        block = aside and run.in_file(unknown.span) and not _costly(run, meant, unknown)
        typed = meant is not None and meant.last.kind == "command line"
        harmless = unlike or block or typed or (meant is not None and meant.value == unknown.value)
        effect = _effect(target, meant, unknown)
        yield rule.at(
            unknown.span,
            f"{unknown.key} is never read{effect}{did_you_mean(target)}",
            key=unknown.key,
            severity=Severity.INFO if harmless else None,
            confidence=Confidence.LOW if unlike else None,
            upstream=run.upstream if unknown.upstream else "",
        )


def _target(run: ResolvedRun, unknown: UnknownKey) -> str | None:
    """Returns the key that was probably intended: a known alias, or a similar name."""
    renamed = run.renamed.get(unknown.key)
    if renamed is not None:
        return renamed.path
    unread = {item.key for item in run.unknown}
    near = nearest_key(unknown.key, [key for key in run.keys if key not in unread])
    close = near is not None and difflib.SequenceMatcher(None, near, unknown.key).ratio() >= 0.85
    return near if close else None


def _costly(run: ResolvedRun, meant: Setting | None, unknown: UnknownKey) -> bool:
    """Returns whether the author's intended value would change the number of updates by a factor of 4 or more."""
    if meant is None or unknown.upstream or meant.key not in {run.roles.get(role) for role in _BUDGET}:
        return False
    given, used = as_number(unknown.value), meant.number
    return given > 0 and used > 0 and max(given / used, used / given) >= _FACTOR


def _effect(target: str | None, meant: Setting | None, unknown: UnknownKey) -> str:
    if unknown.evidence:
        return f": {unknown.evidence}"
    if target is None:
        return " by upstream's program, and the defaults do not declare it"
    if meant is None:
        return ""
    same = meant.value == unknown.value
    return f"; {target} {'is also' if same else 'stays'} {spell_scalar(meant.value)}"
