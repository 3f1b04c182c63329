"""The log directory is a checkpoint.

What it does:
  Reports a log directory that names a checkpoint of an earlier run: a folder below ``ckpt``, or a file such as
  ``checkpoint.ckpt`` or ``latest.pt``.

Why is this bad:
  The programs look for a checkpoint inside the log directory. Below ``LOGDIR/ckpt`` they find none, so a new run starts
  inside the old one instead of continuing it. If the path is a file, the program stops.

How to fix:
  To continue a run, name its log directory. To start from its weights, name the checkpoint with
  ``--run.from_checkpoint`` and give the new run a directory of its own.

References:
  https://github.com/danijar/dreamerv3/blob/e3f02248693a79dc8b0ebd62c93683888ddaccfe/embodied/run/train.py
  https://github.com/NM512/dreamerv3-torch/blob/6ef8646/dreamer.py
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from dreamerguard.core.finding import Finding, Severity
from dreamerguard.core.run import ResolvedRun
from dreamerguard.rules.rule import Example, Rule

rule = Rule("DG718", "checkpoint-as-logdir", Severity.WARNING, dialects=("danijar", "nm512_torch"))

_MAIN = "python dreamerv3/main.py --configs crafter --run.train_ratio 512 --logdir"
_CHECKPOINT = "runs/a/ckpt/20260101T000000F000000"

GOOD = [Example(f"{_MAIN} runs/ckpt"), Example(f"{_MAIN} runs/a --run.from_checkpoint_regex .*")]
BAD = [
    Example(f"{_MAIN} {_CHECKPOINT}", mark=f"--logdir {_CHECKPOINT}"),
    Example("python dreamer.py --configs dmc_vision --logdir runs/a/latest.pt", mark="--logdir runs/a/latest.pt"),
]

#: ``LOGDIR/ckpt/TIME``, the layout of `elements.Checkpoint`, and files of weights.
_FOLDER = re.compile(r"(?P<run>.+?)/ckpt\w*/(?:latest|\d{8}T\d{6}\w*)/?")
_FILE = re.compile(r"(?:(?P<run>.+)/)?[^/]+\.(?:ckpt|pt|pth|pkl)")


@rule.check
def check(run: ResolvedRun) -> Iterator[Finding]:
    setting = run.settings.get("logdir")
    if setting is None or not setting.chosen or not isinstance(setting.value, str):
        return
    found = _FOLDER.fullmatch(setting.value) or _FILE.fullmatch(setting.value)
    if found is not None:
        yield rule.at(
            run.place(setting),
            f"{setting.value} is a checkpoint, not a log directory: the run does not continue it",
            key=setting.key,
            help=f"to continue the run, set {setting.key} to {found['run'] or 'the folder of the checkpoint'}",
        )
