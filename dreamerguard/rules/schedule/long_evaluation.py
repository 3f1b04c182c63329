"""Evaluation takes several times as many environment steps as training.

What it does:
  Multiplies the evaluation episodes by the time limit, and compares the result with the training frames between two
  evaluations, in dreamerv3-torch and r2dreamer. It applies when the user chose one of the two numbers, and only to
  suites with episodes that always last until the limit. In danijar/dreamerv3, it judges the script ``train_eval`` of a
  checkout that counts ``run.eval_every`` in steps, on DeepMind Control.

Why is this bad:
  Most of the run's time goes into evaluation, because the program steps those environments in the same loop. Upstream's
  presets for these suites spend at most as many frames on evaluation as on training.

How to fix:
  Evaluate less often, or with fewer episodes.

References:
  https://github.com/NM512/dreamerv3-torch/blob/6ef8646/dreamer.py
  https://github.com/NM512/r2dreamer/blob/546e4fab8146ea4b14e1d7726bbc1a8a1d50322f/trainer.py
"""

from __future__ import annotations

from collections.abc import Iterator

from dreamerguard.core.finding import Finding, Severity
from dreamerguard.core.run import ResolvedRun
from dreamerguard.core.setting import Setting
from dreamerguard.core.source import Label
from dreamerguard.rules.helpers.formatting import amount, times
from dreamerguard.rules.rule import Example, Rule

rule = Rule(
    "DG712",
    "long-evaluation",
    Severity.WARNING,
    unless=("zero-interval",),
    dialects=("danijar", "nm512_torch", "r2dreamer"),
)

GOOD = [
    Example("python dreamer.py --configs dmc_vision --eval_episode_num 20 --eval_every 5e4 --logdir logs"),
    Example("python train.py env=dmc_vision trainer.eval_every=2e4"),
    Example("python train.py env=atari100k trainer.eval_every=2e4"),
]
BAD = [
    Example("python dreamer.py --configs dmc_vision --eval_episode_num 50 --logdir logs", mark="--eval_episode_num 50"),
    Example("python train.py env=dmc_vision trainer.eval_every=1000", mark="trainer.eval_every=1000"),
]

_KEYS = {
    "nm512_torch": ("eval_every", "eval_episode_num", "time_limit"),
    "r2dreamer": ("trainer.eval_every", "env.eval_episode_num", "env.time_limit"),
}

#: Suites in which every episode lasts until the time limit.
_FIXED = ("dmc", "metaworld")
_MANY = 2.5


#: Frames of an episode of DeepMind Control.
_DMC_FRAMES = 1000


@rule.check
def check(run: ResolvedRun) -> Iterator[Finding]:
    """Compares both numbers of frames, or of agent steps in danijar/dreamerv3."""
    task = run.setting("task")
    suite = str(task.value).split("_", 1)[0] if task is not None else ""
    found = _in_steps(run, suite) if run.dialect == "danijar" else _in_frames(run, suite)
    if found is None:
        return
    every, episodes, length = found
    steps = episodes.number * length
    chosen = [item for item in (every, episodes) if item.chosen]
    if not chosen or not every.number > 0 or not steps > _MANY * every.number:
        return
    unit = "agent steps" if run.dialect == "danijar" else "frames"
    yield rule.at(
        run.place(chosen[0]),
        f"an evaluation takes {amount(steps)} {unit} after every {amount(every.number)} of training:"
        f" {times(steps / every.number)} as many",
        key=chosen[0].key,
        secondary=tuple(Label(run.place(item), "contributes") for item in chosen[1:]),
    )


def _in_frames(run: ResolvedRun, suite: str) -> tuple[Setting, Setting, float] | None:
    """Returns the interval, the number of episodes and the frames of an episode."""
    found = [run.settings[key] for key in _KEYS[run.dialect] if key in run.settings]
    return (found[0], found[1], found[2].number) if len(found) == 3 and suite in _FIXED else None


def _in_steps(run: ResolvedRun, suite: str) -> tuple[Setting, Setting, float] | None:
    """Returns the interval, the number of episodes and the agent steps of an episode."""
    script = run.settings.get("script", run.settings.get("run.script"))
    every, episodes, budget = run.settings.get("run.eval_every"), run.settings.get("run.eval_eps"), run.budget
    if every is None or episodes is None or budget is None or script is None or suite != "dmc":
        return None
    if script.value != "train_eval" or every.key not in run.units.stepped:
        return None
    return every, episodes, _DMC_FRAMES / budget.action_repeat
