"""An option stops the program later in the run.

What it does:
  Reports ``trainer.video_pred_log`` of r2dreamer without a decoder (``model.rep_loss`` other than ``dreamer``), and
  evaluation episodes with Isaac Lab.

Why is this bad:
  Video prediction needs a decoder, and fails at the first evaluation. Isaac Lab has no evaluation environments in
  r2dreamer.

How to fix:
  Disable the option, or use ``model.rep_loss=dreamer``. For Isaac Lab, set ``env.eval_episode_num=0``.

References:
  https://github.com/NM512/r2dreamer/blob/546e4fab8146ea4b14e1d7726bbc1a8a1d50322f/dreamer.py#L284
"""

from __future__ import annotations

from collections.abc import Iterator

from dreamerguard.core.finding import Finding, Severity
from dreamerguard.core.run import ResolvedRun
from dreamerguard.core.source import Label
from dreamerguard.core.values import spell_scalar
from dreamerguard.rules.rule import Example, Rule

rule = Rule("DG710", "late-crash", Severity.ERROR, dialects=("r2dreamer",))

GOOD = [Example("python train.py env=dmc_vision trainer.video_pred_log=True model.rep_loss=dreamer")]
BAD = [
    Example("python train.py env=dmc_vision trainer.video_pred_log=True", mark="trainer.video_pred_log=True"),
    Example(
        "python train.py env=isaaclab_proprio env.eval_episode_num=5",
        mark="env.eval_episode_num=5",
        fixed="python train.py env=isaaclab_proprio env.eval_episode_num=0",
    ),
]


@rule.check
def check(run: ResolvedRun) -> Iterator[Finding]:
    """Looks for the two combinations."""
    video, loss = run.settings.get("trainer.video_pred_log"), run.settings.get("model.rep_loss")
    if video is not None and loss is not None and video.value is True and loss.value != "dreamer":
        yield rule.at(
            run.place(video),
            f"trainer.video_pred_log needs a decoder, but model.rep_loss={loss.value} has none",
            key=video.key,
            secondary=(Label(run.place(loss), "no decoder"),) if loss.chosen else (),
        )
    task, episodes = run.setting("task"), run.settings.get("env.eval_episode_num")
    if task is not None and episodes is not None and str(task.value).startswith("isaaclab_") and episodes.number > 0:
        yield rule.at(
            run.place(episodes),
            f"Isaac Lab cannot evaluate in r2dreamer, but env.eval_episode_num is {spell_scalar(episodes.value)}",
            key=episodes.key,
            fix=run.correct(episodes, "0", "disable evaluation", safe=True),
        )
