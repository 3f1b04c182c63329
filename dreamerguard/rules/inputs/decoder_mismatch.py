"""The decoder reconstructs other observations than the encoder sees.

What it does:
  Compares the keys of the encoder and the decoder. sheeprl: each decoder list must be part of the encoder's list, and
  the two must have a common key. Patterns, in danijar/dreamerv3 before 2024 and dreamerv3-torch: images must be on in
  both or off in both, and so must vectors. r2dreamer with ``model.rep_loss=dreamer``: the decoder must reconstruct
  something.

Why is this bad:
  sheeprl raises RuntimeError before it trains; the DIAMBRA commands in its documentation do this. Elsewhere the run
  continues. Observations that only the encoder sees teach the world model only through rewards. Observations that only
  the decoder reconstructs can only be guessed, and a run on vectors then spends most of its model on images.

How to fix:
  Set the decoder's keys together with the encoder's. ``exp=dreamer_v3`` of sheeprl sets both CNN lists to ``[rgb]``.

References:
  https://github.com/NM512/dreamerv3-torch/issues/15
  https://github.com/Eclectic-Sheep/sheeprl/blob/33b636681fd8b5340b284f2528db8821ab8dcd0b/sheeprl/algos/dreamer_v3/dreamer_v3.py#L413
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from dreamerguard.core.finding import Finding, Severity
from dreamerguard.core.run import ResolvedRun
from dreamerguard.core.setting import Setting
from dreamerguard.core.source import Label
from dreamerguard.core.values import spell_scalar
from dreamerguard.rules.helpers.example_files import R2_COMMAND, TORCH_COMMAND, with_r2_env, with_torch_preset
from dreamerguard.rules.rule import Example, Rule

rule = Rule(
    "DG611",
    "decoder-mismatch",
    Severity.ERROR,
    unless=("no-inputs",),
    dialects=("danijar", "nm512_torch", "r2dreamer", "sheeprl"),
)

GOOD = [
    Example("sheeprl exp=dreamer_v3 algo.mlp_keys.encoder=[life,inventory] algo.mlp_keys.decoder=[life]"),
    Example("python train.py env=dmc_vision model.rep_loss=dreamer"),
    Example(
        TORCH_COMMAND,
        files=with_torch_preset(
            "encoder: {mlp_keys: '.*', cnn_keys: '$^'}",
            "decoder: {mlp_keys: '.*', cnn_keys: '$^'}",
        ),
    ),
]
BAD = [
    Example("sheeprl exp=dreamer_v3 env=diambra algo.cnn_keys.encoder=[frame]", mark="'algo.cnn_keys.encoder=[frame]'"),
    Example(
        f"{R2_COMMAND} model.rep_loss=dreamer",
        files=with_r2_env("decoder: {mlp_keys: '$^', cnn_keys: '$^'}"),
        mark="cnn_keys: '$^'",
    ),
    Example(
        TORCH_COMMAND,
        files=with_torch_preset("encoder: {mlp_keys: '.*', cnn_keys: '$^'}"),
        mark="cnn_keys: '$^'",
    ),
    Example(TORCH_COMMAND, files=with_torch_preset("decoder: {cnn_keys: '$^'}"), mark="cnn_keys: '$^'"),
]

#: sheeprl's algorithms that learn from a reconstruction; a fork's own algorithm may need none.
_ALGORITHMS = re.compile(r"dreamer_v[123]|p2e_dv[123](_exploration|_finetuning)?")

#: Lines between two patterns that belong together.
_NEAR = 2
#: The pattern that no key matches.
_NONE = "$^"


@rule.check
def check(run: ResolvedRun) -> Iterator[Finding]:
    """Compares as the program does."""
    yield from {"sheeprl": _lists, "r2dreamer": _empty_decoder}.get(run.dialect, _patterns)(run)


def _side_by_side(encoder: Setting, decoder: Setting) -> bool:
    """Returns whether both patterns stand next to each other in one file."""
    first, second = encoder.last.span, decoder.last.span
    if first is None or second is None or first.source.name != second.source.name:
        return False
    text = first.source.text[min(first.start, second.start) : max(first.start, second.start)]
    return text.count("\n") <= _NEAR


def _both_in(run: ResolvedRun, cause: Setting) -> bool:
    """Returns whether the preset that causes the difference sets something of the encoder and of the decoder."""
    if cause.last.kind != "preset":
        return False
    layers = ((key.partition(".")[0], setting.last) for key, setting in run.settings.items() if setting.chosen)
    return {"encoder", "decoder"} <= {group for group, last in layers if last.name == cause.last.name}


def _lists(run: ResolvedRun) -> Iterator[Finding]:
    name = run.settings.get("algo.name")
    if name is None or not _ALGORITHMS.fullmatch(str(name.value)):
        return
    pairs = [
        (_keys(run, f"algo.{kind}_keys.encoder"), _keys(run, f"algo.{kind}_keys.decoder")) for kind in ("cnn", "mlp")
    ]
    if any(encoder is None or decoder is None for encoder, decoder in pairs):
        return
    known = [(encoder, decoder) for encoder, decoder in pairs if encoder is not None and decoder is not None]
    for encoder, decoder in known:
        extra = _names(decoder) - _names(encoder)
        if extra:
            yield _finding(run, encoder, decoder, f"{', '.join(sorted(extra))} is decoded but never encoded")
            return
    if not any(_names(encoder) & _names(decoder) for encoder, decoder in known):
        encoder, decoder = known[0]
        yield _finding(run, encoder, decoder, "the decoder reconstructs nothing that the encoder sees")


def _finding(run: ResolvedRun, encoder: Setting, decoder: Setting, mismatch: str) -> Finding:
    first, second = (decoder, encoder) if decoder.chosen or not encoder.chosen else (encoder, decoder)
    return rule.at(
        run.place(first),
        f"{mismatch}: {encoder.key} is {spell_scalar(encoder.value)}, {decoder.key} is {spell_scalar(decoder.value)}",
        key=decoder.key,
        secondary=(Label(run.place(second), "compared with this"),) if second.chosen else (),
        help=f"set {decoder.key} too",
        upstream="" if first.chosen else run.upstream,
    )


def _keys(run: ResolvedRun, key: str) -> Setting | None:
    setting = run.settings.get(key)
    return setting if setting is not None and isinstance(setting.value, tuple) else None


def _names(setting: Setting) -> set[str]:
    return {str(item) for item in setting.value} if isinstance(setting.value, tuple) else set()


def _empty_decoder(run: ResolvedRun) -> Iterator[Finding]:
    loss = run.settings.get("model.rep_loss")
    cnn, mlp = run.settings.get("env.decoder.cnn_keys"), run.settings.get("env.decoder.mlp_keys")
    if loss is None or cnn is None or mlp is None or loss.value != "dreamer":
        return
    if cnn.value == mlp.value == _NONE:
        cause = cnn if cnn.chosen else mlp
        yield rule.at(
            run.place(cause),
            "the decoder reconstructs nothing, but model.rep_loss=dreamer learns from its reconstruction",
            key=cause.key,
        )


def _patterns(run: ResolvedRun) -> Iterator[Finding]:
    for kind, what in (("cnn_keys", "images"), ("mlp_keys", "vectors")):
        encoder, decoder = run.settings.get(f"encoder.{kind}"), run.settings.get(f"decoder.{kind}")
        if encoder is None or decoder is None or not (encoder.chosen or decoder.chosen):
            continue
        sees, reconstructs = encoder.value != _NONE, decoder.value != _NONE
        if sees == reconstructs:
            continue
        cause = encoder if encoder.chosen else decoder
        if reconstructs:
            text = f"the decoder reconstructs {what} ({spell_scalar(decoder.value)}) that the encoder never sees"
        else:
            text = f"the encoder sees {what} ({spell_scalar(encoder.value)}) that the decoder does not reconstruct"
        # Set side by side, it is more likely meant, for example to decode privileged observations.
        both = (encoder.chosen and decoder.chosen) or _side_by_side(encoder, decoder) or _both_in(run, cause)
        severity = Severity.INFO if both else Severity.WARNING
        yield rule.at(run.place(cause), text, key=cause.key, severity=severity)
        return
