"""No step is collected before the first update.

What it does:
  Reports a ``prefill`` of 0 or less in dreamerv3-torch without ``offline_traindir``, unless another script of the
  checkout writes the first episodes.

Why is this bad:
  The first update comes before the first step of the agent. A new log directory holds no episodes yet, so the first
  batch is drawn from nothing and the program stops. Only a log directory that already holds episodes works.

How to fix:
  Set ``prefill`` to 2500, upstream's value. It counts the episodes that the log directory already holds.

References:
  https://github.com/NM512/dreamerv3-torch/blob/6ef8646/dreamer.py
  https://github.com/NM512/dreamerv3-torch/blob/6ef8646/tools.py
"""

from __future__ import annotations

from collections.abc import Iterator

from dreamerguard.core.finding import Finding, Severity
from dreamerguard.core.run import ResolvedRun
from dreamerguard.rules.helpers.example_files import TORCH_COMMAND, with_torch_preset
from dreamerguard.rules.rule import Example, Rule

rule = Rule("DG126", "no-prefill", Severity.WARNING, dialects=("nm512_torch",))

GOOD = [
    Example(TORCH_COMMAND, files=with_torch_preset("prefill: 1000")),
    Example(TORCH_COMMAND, files=with_torch_preset("prefill: 0", "offline_traindir: episodes")),
]
BAD = [Example(TORCH_COMMAND, files=with_torch_preset("prefill: 0"), mark="prefill: 0")]


@rule.check
def check(run: ResolvedRun) -> Iterator[Finding]:
    setting, offline = run.settings.get("prefill"), run.settings.get("offline_traindir")
    if "prefill" in run.guarded:
        return
    evaluates = run.settings.get("eval_only")
    if evaluates is not None and evaluates.value is True:
        return
    if setting is None or not setting.chosen or setting.number > 0 or (offline is not None and offline.value):
        return
    yield rule.at(
        run.place(setting),
        "prefill is 0: a new log directory holds no episodes, so the first batch stops the program",
        key=setting.key,
        help="set prefill to 2500, or start from a log directory that holds episodes",
    )
