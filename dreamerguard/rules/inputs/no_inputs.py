"""The encoder has no input.

What it does:
  Reports an encoder with images and vectors both switched off: by the pattern ``$^``, which no key matches, in
  danijar/dreamerv3 before 2024, dreamerv3-torch and r2dreamer; by empty ``algo.cnn_keys.encoder`` and
  ``algo.mlp_keys.encoder`` in sheeprl. Silent where a fork's encoder has further keys that select something.

Why is this bad:
  The program stops when it builds the encoder, or at the first batch, because there is nothing to concatenate.

How to fix:
  Name an image in the CNN keys or vectors in the MLP keys: ``cnn_keys: image`` or ``mlp_keys: .*`` where they are
  patterns, ``algo.cnn_keys.encoder=[rgb]`` in sheeprl.

References:
  https://github.com/danijar/dreamerv3/issues/27
  https://github.com/Eclectic-Sheep/sheeprl/blob/33b636681fd8b5340b284f2528db8821ab8dcd0b/sheeprl/utils/env.py
  https://github.com/NM512/r2dreamer/blob/546e4fab8146ea4b14e1d7726bbc1a8a1d50322f/networks.py
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from dreamerguard.core.finding import Finding, Severity
from dreamerguard.core.run import ResolvedRun
from dreamerguard.core.source import Label
from dreamerguard.rules.helpers.example_files import TORCH_COMMAND, with_r2_env, with_torch_preset
from dreamerguard.rules.rule import Example, Rule

rule = Rule("DG610", "no-inputs", Severity.ERROR, dialects=("danijar", "nm512_torch", "r2dreamer", "sheeprl"))

GOOD = [
    Example("python dreamer.py --configs dmc_proprio --logdir logs"),
    Example("python train.py env=dmc_proprio"),
    Example(
        "sheeprl exp=dreamer_v3 env=gym algo.cnn_keys.encoder=[] algo.cnn_keys.decoder=[]"
        " algo.mlp_keys.encoder=[state] algo.mlp_keys.decoder=[state]"
    ),
]
BAD = [
    Example(TORCH_COMMAND, files=with_torch_preset("encoder: {cnn_keys: '$^'}"), mark="cnn_keys: '$^'"),
    Example(
        "sheeprl exp=dreamer_v3 algo.cnn_keys.encoder=[] algo.cnn_keys.decoder=[]", mark="'algo.cnn_keys.encoder=[]'"
    ),
    Example(
        "python train.py env=mine",
        files=with_r2_env()
        | {
            "configs/env/mine.yaml": "task: a_b\nsteps: 1e6\naction_repeat: 1\ntrain_ratio: 512\n"
            "env_num: 4\nencoder: {mlp_keys: '$^', cnn_keys: '$^'}\n"
        },
        mark="cnn_keys: '$^'",
    ),
]

_PATTERNS = ("encoder.cnn_keys", "encoder.mlp_keys", "$^")
_KEYS = {
    "danijar": _PATTERNS,
    "nm512_torch": _PATTERNS,
    "sheeprl": ("algo.cnn_keys.encoder", "algo.mlp_keys.encoder", ()),
    "r2dreamer": ("env.encoder.cnn_keys", "env.encoder.mlp_keys", "$^"),
}


@rule.check
def check(run: ResolvedRun) -> Iterator[Finding]:
    """Looks at both kinds of keys."""
    images, vectors, empty = _KEYS[run.dialect]
    cnn, mlp = run.settings.get(images), run.settings.get(vectors)
    if cnn is None or mlp is None or cnn.value != empty or mlp.value != empty or _other_input(run, images, empty):
        return
    written = [setting for setting in (cnn, mlp) if setting.chosen]
    # Without a setting of the user, it is upstream's own preset, or hydra's choice for another algorithm.
    if not written and (run.dialect not in ("r2dreamer", "sheeprl") or run.budget is None):
        return
    first = written[0] if written else cnn
    yield rule.at(
        run.place(first),
        f"{images} and {vectors} select nothing: the agent has no input",
        key=first.key,
        secondary=tuple(Label(run.place(setting), "also selects nothing") for setting in written[1:]),
    )


def _other_input(run: ResolvedRun, images: str, empty: object) -> bool:
    """Returns whether a fork's encoder has keys for inputs of another kind: ``encoder.text_keys``."""
    name = re.compile(re.escape(images).replace("cnn", r"\w+"))
    found = (item.value for key, item in run.settings.items() if name.fullmatch(key) and "cnn" not in key)
    return any(value not in (empty, None, "", False, ()) for value in found)
