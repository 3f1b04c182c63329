"""The encoder is given nothing to see.

What it does:
  Reports empty ``algo.cnn_keys.encoder`` and ``algo.mlp_keys.encoder`` of sheeprl, and encoder patterns of r2dreamer
  that both match nothing (``$^``).

Why is this bad:
  The program stops when it builds the encoder.

How to mend:
  Name an image in the CNN keys or vectors in the MLP keys.

References:
  https://github.com/Eclectic-Sheep/sheeprl/blob/33b636681fd8b5340b284f2528db8821ab8dcd0b/sheeprl/utils/env.py
  https://github.com/NM512/r2dreamer/blob/546e4fab8146ea4b14e1d7726bbc1a8a1d50322f/networks.py
"""

from __future__ import annotations

from collections.abc import Iterator

from dreamerguard.model import Finding, Label, Severity
from dreamerguard.resolved import ResolvedRun
from dreamerguard.rules.examples import with_r2_env
from dreamerguard.rules.rule import Example, Rule

rule = Rule("DG610", "no-inputs", Severity.ERROR, dialects=("r2dreamer", "sheeprl"))

GOOD = [
    Example(
        "sheeprl exp=dreamer_v3 env=gym algo.cnn_keys.encoder=[] algo.cnn_keys.decoder=[]"
        " algo.mlp_keys.encoder=[state] algo.mlp_keys.decoder=[state]"
    ),
    Example("python train.py env=dmc_proprio"),
]
BAD = [
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

_KEYS = {
    "sheeprl": ("algo.cnn_keys.encoder", "algo.mlp_keys.encoder", ()),
    "r2dreamer": ("env.encoder.cnn_keys", "env.encoder.mlp_keys", "$^"),
}


@rule.check
def check(run: ResolvedRun) -> Iterator[Finding]:
    """Looks at both kinds of keys."""
    images, vectors, empty = _KEYS[run.dialect]
    cnn, mlp = run.settings.get(images), run.settings.get(vectors)
    if cnn is None or mlp is None or run.budget is None or cnn.value != empty or mlp.value != empty:
        return
    first, second = (cnn, mlp) if cnn.chosen else (mlp, cnn)
    yield rule.at(
        run.place(first),
        f"{images} and {vectors} select nothing: the agent has no input",
        key=first.key,
        secondary=(Label(run.place(second), "and this"),) if second.chosen else (),
    )
