"""Several processes make fewer optimiser updates on larger batches.

What it does:
  Reports ``fabric.devices`` and ``fabric.num_nodes`` that start more than one process. It is a warning when the updates
  are too few for the task, otherwise information.

Why is this bad:
  With W processes, sheeprl makes replay_ratio / W optimiser updates per policy step, each on W batches. Environments
  are per process, too. The learning rate does not change. The result is not a faster version of the same run.

How to fix:
  Train one seed per device, or multiply ``algo.replay_ratio`` by the number of processes.

References:
  https://github.com/Eclectic-Sheep/sheeprl/blob/33b636681fd8b5340b284f2528db8821ab8dcd0b/sheeprl/algos/dreamer_v3/dreamer_v3.py
"""

from __future__ import annotations

from collections.abc import Iterator

from dreamerguard.core.arithmetic import round_half
from dreamerguard.core.finding import Finding, Severity
from dreamerguard.core.run import ResolvedRun
from dreamerguard.core.values import spell_scalar
from dreamerguard.rules.helpers.score_cost import update_harm
from dreamerguard.rules.rule import Example, Rule
from dreamerguard.util.text import number_of

rule = Rule(
    "DG111", "several-ranks", Severity.WARNING, unless=("low-train-ratio", "no-training"), dialects=("sheeprl",)
)

GOOD = [Example("sheeprl exp=dreamer_v3_100k_ms_pacman fabric.accelerator=cuda fabric.devices=1")]
BAD = [
    Example("sheeprl exp=dreamer_v3_100k_ms_pacman fabric.accelerator=cuda fabric.devices=4", mark="fabric.devices=4")
]


@rule.check
def check(run: ResolvedRun) -> Iterator[Finding]:
    """Compares the batch of all processes with that of one."""
    size, budget = run.setting("batch_size"), run.budget
    if size is None or budget is None or not size.number > 0 or budget.batch_size <= size.number:
        return
    world = spell_scalar(round_half(budget.batch_size / size.number))
    devices = run.settings.get("fabric.devices")
    harm, evidence = update_harm(run)
    yield rule.at(
        run.place(devices if devices is not None and devices.chosen else run.settings.get("fabric.num_nodes")),
        f"{world} processes make {number_of(spell_scalar(budget.updates_per_step), 'optimiser update')} per policy"
        f" step on batches of {spell_scalar(budget.batch_size)}, with the learning rate of one process",
        key="fabric.devices",
        severity=None if harm is not None else Severity.INFO,
        evidence=evidence,
        harm=harm,
    )
