"""The command adds a key that nothing reads.

What it does:
  Reports ``+key=value`` and ``++key=value`` when the configuration has no such key. It is a warning when the name is
  close to an existing key, otherwise information. Arguments of a function that the configuration names with
  ``_target_`` are not reported.

Why is this bad:
  Hydra's own message for a misspelt key advises to write ``+key``. That hides the error and sets a key that the program
  never reads. The intended key keeps its value.

How to fix:
  Use the existing key, without the plus.

References:
  https://github.com/facebookresearch/hydra/issues/1457
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator

from dreamerguard.core.finding import Confidence, Finding, Severity
from dreamerguard.core.run import ResolvedRun
from dreamerguard.core.setting import UnknownKey
from dreamerguard.rules.rule import Example, Rule
from dreamerguard.util.hints import did_you_mean, nearest_key

rule = Rule("DG318", "added-key", Severity.WARNING, confidence=Confidence.MEDIUM, dialects=("r2dreamer", "sheeprl"))

GOOD = [
    Example("python train.py env=dmc_vision trainer.steps=1.01e6"),
    Example("sheeprl exp=dreamer_v3 env=gym env.id=My-v0 +env.wrapper.max_episode_steps=500"),
]
BAD = [
    Example("python train.py env=dmc_vision +trainer.eval_evry=5000", mark="+trainer.eval_evry=5000"),
    Example("sheeprl exp=dreamer_v3 +train_ratio=512", mark="+train_ratio=512"),
]


@rule.check
def check(run: ResolvedRun) -> Iterator[Finding]:
    """Looks for an existing key that the added one resembles."""
    yield from (_finding(run, item) for item in run.unknown if not item.fatal)


def _finding(run: ResolvedRun, item: UnknownKey) -> Finding:
    renamed = run.renamed.get(item.key)
    target = renamed.path if renamed is not None else nearest_key(item.key, run.keys)
    close = renamed is not None or (target is not None and _likeness(item.key, target) > 0.85)
    return rule.at(
        item.span,
        f"{run.upstream} does not read {item.key}{did_you_mean(target if close else None)}",
        label="added without an error",
        key=item.key,
        severity=None if close else Severity.INFO,
        help=f"{target} is {run.keys[target].expects}" if close and target is not None and target in run.keys else "",
    )


def _likeness(key: str, target: str) -> float:
    return difflib.SequenceMatcher(None, key, target).ratio()
