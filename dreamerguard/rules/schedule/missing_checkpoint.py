"""The run has no checkpoint to load.

What it does:
  Reports an evaluation script without a checkpoint (``--script eval_only`` without ``--run.from_checkpoint`` in
  danijar/dreamerv3, ``sheeprl-eval`` without ``checkpoint_path``), a checkpoint that is not in the named folder, and
  the folder of all checkpoints in place of one of them. Reports a file of presets that names a checkpoint which the
  repository does not hold; that is information where the preset evaluates, or where another setting names the file.

Why is this bad:
  The program stops at its start. On a cluster, the job fails only after it has waited in the queue.

How to fix:
  Name the checkpoint. In danijar/dreamerv3 since December 2024 it is a folder inside ``ckpt`` of the log directory that
  holds a file ``done``; the file ``latest`` beside it has the name of the newest one.

References:
  https://github.com/danijar/dreamerv3/blob/e3f02248693a79dc8b0ebd62c93683888ddaccfe/embodied/run/eval_only.py
  https://github.com/Eclectic-Sheep/sheeprl/blob/33b636681fd8b5340b284f2528db8821ab8dcd0b/sheeprl/cli.py
"""

from __future__ import annotations

from collections.abc import Iterator

from dreamerguard.core.finding import Finding, Severity
from dreamerguard.core.run import ResolvedRun
from dreamerguard.rules.rule import Example, Rule

rule = Rule("DG715", "missing-checkpoint", Severity.ERROR, dialects=("danijar", "nm512_torch", "sheeprl"))

_EVAL = "python dreamerv3/main.py --configs dmc_proprio --logdir x --script eval_only --run.steps 1e4"
_SAVED = {
    "runs/ckpt/20260101T120000F000000/done": "",
    "runs/ckpt/latest": "20260101T120000F000000",
}

GOOD = [
    Example(f"{_EVAL} --run.from_checkpoint runs/ckpt/20260101T120000F000000", files=_SAVED),
    Example("python dreamerv3/main.py --configs dmc_proprio --logdir x"),
]
BAD = [
    Example("sheeprl-eval env.capture_video=False", mark="sheeprl-eval"),
    Example(_EVAL, mark="--script eval_only"),
    Example(
        f"{_EVAL} --run.from_checkpoint runs/ckpt",
        files=_SAVED,
        mark="--run.from_checkpoint runs/ckpt",
        fixed=f"{_EVAL} --run.from_checkpoint runs/ckpt/20260101T120000F000000",
    ),
]


@rule.check
def check(run: ResolvedRun) -> Iterator[Finding]:
    yield from rule.reported(run)
