"""The task has no time limit, and the run sets none.

What it does:
  Reports tasks that are known to have no time limit, if the program has no setting that limits episodes, or its value
  sets no limit.

Why is this bad:
  An episode that does not end has no score: the log stays without scores, no verdict is possible, and an evaluation of
  a number of episodes does not end. The agent also never sees a reset after the first.

How to fix:
  Set a time limit where the program has a setting for it, for example ``time_limit`` in dreamerv3-torch. Otherwise
  limit the episodes in the environment, or choose another task.

References:
  https://github.com/google-deepmind/dm_control/blob/87e046bfeab1d6c1ffb40f9ee2a7459a38778c74/dm_control/suite/lqr.py
"""

from __future__ import annotations

from collections.abc import Iterator

from dreamerguard.core.finding import Evidence, Finding, Severity
from dreamerguard.core.run import ResolvedRun
from dreamerguard.rules.rule import Example, Rule

rule = Rule("DG810", "no-time-limit", Severity.WARNING)

#: Program -> its settings that limit the length of an episode. Other values than numbers above 0 set no limit.
_LIMITS = {
    "danijar": ("wrapper.length",),
    "nm512_torch": ("time_limit",),
    "r2dreamer": ("env.time_limit",),
    "sheeprl": ("env.max_episode_steps",),
    "torchrl": ("env.max_episode_steps",),
}

_TASK = "dmc_lqr_lqr_2_1"
_TORCH = f"python dreamer.py --configs dmc_proprio --logdir logs --task {_TASK}"
GOOD = [
    Example("dreamerguard train dmc_walker_walk"),
    Example(_TORCH),
]
BAD = [
    Example(f"dreamerguard train {_TASK}", mark=_TASK),
    Example(f"{_TORCH} --time_limit 0", mark=f"--task {_TASK}"),
]


@rule.check
def check(run: ResolvedRun) -> Iterator[Finding]:
    if not run.trains or run.endless is None:
        return
    limits = [run.settings[key] for key in _LIMITS.get(run.dialect, ()) if key in run.settings]
    if any(limit.number > 0 for limit in limits):
        return
    ends, source = run.endless
    task = run.setting("task")
    name = run.reference.task if run.reference is not None else str(task.value if task is not None else "the task")
    yield rule.at(
        run.place(task),
        f"{name} has no time limit, so its episodes may never end and give no score",
        key=task.key if task is not None else "",
        evidence=(Evidence("published", f"{ends}: {source}", source.url),),
        help=_help(run, limits[0].key if limits else ""),
    )


def _help(run: ResolvedRun, key: str) -> str:
    if key:
        return f"set {key}, the longest episode"
    no_setting = "the bundled trainer has no setting for a time limit"
    return f"choose another task; {no_setting}" if run.dialect == "native" else "choose another task, or limit episodes"
