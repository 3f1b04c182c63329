"""The run has no log directory.

What it does:
  Reports a command without ``--logdir`` where the presets leave it empty or set it to ``/dev/null``, and where the
  checkout's own code gives it no value either.

Why is this bad:
  The program stops at its first step: ``pathlib.Path(None)`` is a TypeError, and ``/dev/null`` is not a directory.

How to fix:
  Add ``--logdir DIRECTORY``.

References:
  https://github.com/NM512/dreamerv3-torch/blob/6ef8646/dreamer.py
"""

from __future__ import annotations

from collections.abc import Iterator

from dreamerguard.core.finding import Finding, Severity
from dreamerguard.core.run import ResolvedRun
from dreamerguard.rules.rule import Example, Rule

rule = Rule("DG333", "missing-logdir", Severity.ERROR, dialects=("danijar", "nm512_torch"))

GOOD = [
    Example("python dreamer.py --configs dmc_vision --task dmc_walker_walk --logdir logs"),
    Example("python dreamerv3/main.py --configs crafter"),
]
BAD = [
    Example("python dreamer.py --configs dmc_vision", mark="--configs dmc_vision"),
    Example("python dreamerv3/train.py --configs crafter --envs.amount 1", mark="--configs crafter"),
]


@rule.check
def check(run: ResolvedRun) -> Iterator[Finding]:
    setting = run.settings.get("logdir")
    if run.open or run.whole or setting is None or "logdir" in run.given:
        return
    if any(item.key.endswith(".logdir") for item in run.unknown):
        return  # a fork that nests the configuration
    if setting.value not in (None, "/dev/null") or setting.last.kind == "command line":
        return
    if not run.seen and any(not preset.known for preset in run.presets):
        return  # a fork with defaults that may set it
    yield rule.at(
        run.anchor,
        "the command has no --logdir, so the program stops",
        key="logdir",
        help="add --logdir DIRECTORY",
    )
