"""The decoder rebuilds other observations than the encoder sees.

What it does:
  Compares the patterns that choose images and vectors for encoder and decoder, where both are chosen by pattern.

Why is this bad:
  What the encoder sees and the decoder does not rebuild only teaches the world model through rewards. What the decoder
  rebuilds and the encoder never sees can only be guessed; a run on vectors then spends most of its model on images. A
  decoder without any observation leaves the world model nothing but rewards to learn from.

How to mend:
  Give encoder and decoder the same ``mlp_keys`` and ``cnn_keys``, or the same ``spaces``.

References:
  https://github.com/NM512/dreamerv3-torch/issues/15
"""

from __future__ import annotations

from collections.abc import Iterator

from dreamerguard.model import Finding, Severity
from dreamerguard.resolved import ResolvedRun
from dreamerguard.rules.examples import TORCH_COMMAND, with_torch_preset
from dreamerguard.rules.rule import Example, Rule
from dreamerguard.sources.scalars import spell_scalar

rule = Rule("DG621", "pattern-mismatch", Severity.WARNING, dialects=("danijar", "nm512_torch"))

GOOD = [
    Example(
        TORCH_COMMAND,
        files=with_torch_preset(
            "encoder: {mlp_keys: '.*', cnn_keys: '$^'}",
            "decoder: {mlp_keys: '.*', cnn_keys: '$^'}",
        ),
    ),
]
BAD = [
    Example(
        TORCH_COMMAND,
        files=with_torch_preset("encoder: {mlp_keys: '.*', cnn_keys: '$^'}"),
        mark="cnn_keys: '$^'",
    ),
    Example(
        TORCH_COMMAND,
        files=with_torch_preset("decoder: {cnn_keys: '$^'}"),
        mark="cnn_keys: '$^'",
    ),
]

#: The pattern that no key matches.
_NONE = "$^"


@rule.check
def check(run: ResolvedRun) -> Iterator[Finding]:
    for kind, what in (("cnn_keys", "images"), ("mlp_keys", "vectors")):
        encoder, decoder = run.settings.get(f"encoder.{kind}"), run.settings.get(f"decoder.{kind}")
        if encoder is None or decoder is None or not (encoder.chosen or decoder.chosen):
            continue
        sees, rebuilds = encoder.value != _NONE, decoder.value != _NONE
        blamed = encoder if encoder.chosen else decoder
        if rebuilds and not sees:
            text = f"the decoder rebuilds {what} ({spell_scalar(decoder.value)}) that the encoder never sees"
        elif sees and not rebuilds:
            text = f"the encoder sees {what} ({spell_scalar(encoder.value)}) that the decoder does not rebuild"
        else:
            continue
        both = encoder.chosen and decoder.chosen  # then it is more likely meant, for example privileged observations
        yield rule.at(run.place(blamed), text, key=blamed.key, severity=Severity.INFO if both else None)
        return
