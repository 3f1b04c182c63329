"""The run script never reads the setting.

What it does:
  Reports arguments about evaluation or loading that the chosen run script of danijar/dreamerv3 never reads:
  ``run.eval_eps`` with ``eval_only`` and ``parallel``, ``run.eval_envs`` and ``run.from_checkpoint_regex`` with
  ``eval_only``. In a checkout, the checkout's own copy of the script decides about every setting of ``run``: a changed
  setting that neither the script nor the code beside the scripts reads is reported. It is a warning if the command line
  sets it and it decides about the length, the evaluation or what is loaded; otherwise it is information. A train ratio
  on the command line is reported where a preset or the defaults select a script that only evaluates. For
  ``sheeprl-eval``, it reports keys added under ``env``, ``exp``, ``algo`` and ``fabric``, which the checkpoint's
  configuration replaces.

Why is this bad:
  The program accepts the argument and ignores it: ``--script eval_only --run.eval_eps 20`` does not play 20 episodes,
  it plays ``run.steps`` agent steps.

How to fix:
  Remove the argument. Set the length of an evaluation with ``run.steps``, or use ``--script train_eval``.

References:
  https://github.com/danijar/dreamerv3/blob/e3f02248693a79dc8b0ebd62c93683888ddaccfe/embodied/run/eval_only.py
  https://github.com/danijar/dreamerv3/blob/e3f02248693a79dc8b0ebd62c93683888ddaccfe/embodied/run/parallel.py
"""

from __future__ import annotations

from collections.abc import Iterator

from dreamerguard.core.finding import Finding, Severity
from dreamerguard.core.run import ResolvedRun
from dreamerguard.rules.rule import Example, Rule

rule = Rule("DG343", "unread-by-script", Severity.WARNING, dialects=("danijar", "sheeprl"))

_MAIN = "python dreamerv3/main.py --configs atari --logdir x --run.eval_eps 20"

GOOD = [
    Example(f"{_MAIN} --script train_eval"),
    Example("sheeprl-eval checkpoint_path=c env.capture_video=False"),
]
BAD = [
    Example(f"{_MAIN} --script eval_only --run.from_checkpoint c", mark="--run.eval_eps 20"),
    Example(f"{_MAIN} --script parallel", mark="--run.eval_eps 20"),
    Example("sheeprl-eval checkpoint_path=c +env.num_envs=4", mark="+env.num_envs=4"),
]


@rule.check
def check(run: ResolvedRun) -> Iterator[Finding]:
    yield from rule.reported(run)
