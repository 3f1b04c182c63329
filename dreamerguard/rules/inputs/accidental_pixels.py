"""The agent learns from rendered images although the environment provides a vector.

What it does:
  Reports sheeprl runs on Gymnasium environments with vector observations where only CNN keys are set, and the
  experiment sets them rather than the user. For danijar/dreamerv3 and r2dreamer it reports images that the command
  switches on in the preset for vectors.

Why is this bad:
  ``exp=dreamer_v3`` encodes ``rgb`` only. On a vector environment, the wrapper then renders images without a message,
  and a task that is easy from four numbers becomes slow and hard. Users report CartPole at 144 of 500.

How to fix:
  Set ``algo.cnn_keys.encoder=[] algo.cnn_keys.decoder=[] algo.mlp_keys.encoder=[state] algo.mlp_keys.decoder=[state]``.

References:
  https://github.com/Eclectic-Sheep/sheeprl/issues/229
  https://github.com/Eclectic-Sheep/sheeprl/issues/246
"""

from __future__ import annotations

from collections.abc import Iterator

from dreamerguard.core.finding import Confidence, Evidence, Finding, Severity
from dreamerguard.core.run import ResolvedRun
from dreamerguard.core.source import Label
from dreamerguard.core.values import spell_scalar
from dreamerguard.rules.rule import Example, Rule

rule = Rule(
    "DG612",
    "accidental-pixels",
    Severity.WARNING,
    confidence=Confidence.MEDIUM,
    dialects=("danijar", "r2dreamer", "sheeprl"),
)

GOOD = [Example("sheeprl exp=dreamer_v3 env=gym env.id=CartPole-v1 algo.cnn_keys.encoder=[rgb]")]
BAD = [
    Example("sheeprl exp=dreamer_v3 env=gym env.id=CartPole-v1", mark="env.id=CartPole-v1"),
    Example("python dreamerv3/main.py --configs dmc_proprio --env.dmc.image True", mark="--env.dmc.image True"),
]

_VECTORS = (
    "CartPole", "Pendulum", "MountainCar", "Acrobot", "LunarLander", "BipedalWalker", "HalfCheetah", "Hopper",
    "Walker2d", "Ant-", "Humanoid", "InvertedPendulum", "InvertedDoublePendulum", "Reacher", "Swimmer", "Pusher",
)  # fmt: skip
#: Keys that switch images on, by program and edition.
_IMAGES = ("env.dmc.image", "encoder.cnn_keys", "env.encoder.cnn_keys")
_REPORT = Evidence(
    "reported", "CartPole reached 144 of 500 points from pixels", "https://github.com/Eclectic-Sheep/sheeprl/issues/229"
)


@rule.check
def check(run: ResolvedRun) -> Iterator[Finding]:
    """Looks at the environment's name and at the origin of the keys, or at what the preset was made for."""
    if run.dialect != "sheeprl":
        yield from _in_vector_preset(run)
        return
    task, target = run.setting("task"), run.settings.get("env.wrapper._target_")
    cnn, mlp = run.settings.get("algo.cnn_keys.encoder"), run.settings.get("algo.mlp_keys.encoder")
    if task is None or target is None or cnn is None or mlp is None or target.value != "gymnasium.make":
        return
    if not str(task.value).startswith(_VECTORS) or cnn.chosen or mlp.chosen or not cnn.value or mlp.value:
        return
    chosen = next((item.span for item in run.presets if item.name.startswith("env=")), run.anchor)
    yield rule.at(
        run.place(task) if task.chosen else chosen,
        f"{task.value} provides a vector, but the experiment encodes only images, so it is rendered",
        key="algo.mlp_keys.encoder",
        evidence=(_REPORT,),
        help="set algo.cnn_keys.encoder=[] algo.cnn_keys.decoder=[] algo.mlp_keys.encoder=[state]"
        " algo.mlp_keys.decoder=[state] to learn from the vector",
    )


def _in_vector_preset(run: ResolvedRun) -> Iterator[Finding]:
    preset = next((item for item in reversed(run.presets) if item.suite or item.name.startswith("env=")), None)
    if preset is None or not preset.upstream or not preset.name.endswith("dmc_proprio"):
        return
    for key in _IMAGES:
        setting = run.settings.get(key)
        if setting is None or setting.last.kind != "command line" or setting.value in (False, "$^", None):
            continue
        yield rule.at(
            run.place(setting),
            f"{key} is {spell_scalar(setting.value)}: the run learns from images, but {preset.name} is for vectors",
            key=key,
            secondary=(Label(preset.span, "trains from vectors"),),
            help=f"leave {key} out, or choose the preset dmc_vision",
        )
