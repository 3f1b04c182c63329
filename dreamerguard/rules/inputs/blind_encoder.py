"""The encoder sees nothing.

What it does:
  Reports patterns for images and for vectors that both match no key.

Why is this bad:
  The program stops when it builds the encoder, or at the first batch: there is nothing to concatenate.

How to mend:
  ``cnn_keys: image`` for images, ``mlp_keys: .*`` for vectors; ``$^`` switches one of them off.

References:
  https://github.com/danijar/dreamerv3/issues/27
"""

from __future__ import annotations

from collections.abc import Iterator

from dreamerguard.model import Finding, Severity
from dreamerguard.resolved import ResolvedRun
from dreamerguard.rules.examples import TORCH_COMMAND, with_torch_preset
from dreamerguard.rules.rule import Example, Rule

rule = Rule("DG622", "blind-encoder", Severity.ERROR, dialects=("danijar", "nm512_torch"))

GOOD = [Example("python dreamer.py --configs dmc_proprio --logdir logs")]
BAD = [
    Example(
        TORCH_COMMAND,
        files=with_torch_preset("encoder: {cnn_keys: '$^'}", "decoder: {cnn_keys: '$^'}"),
        mark="cnn_keys: '$^'",
    ),
]


@rule.check
def check(run: ResolvedRun) -> Iterator[Finding]:
    images, vectors = run.settings.get("encoder.cnn_keys"), run.settings.get("encoder.mlp_keys")
    if images is None or vectors is None or not (images.chosen or vectors.chosen):
        return
    if images.value == vectors.value == "$^":
        blamed = images if images.chosen else vectors
        yield rule.at(run.place(blamed), "the encoder sees neither images nor vectors", key=blamed.key)
