"""The environment cannot be made or played.

What it does:
  Reports the error of the environment when ``--probe`` made it and played two random episodes. Environments of the
  bundled trainer are made by the trainer's own code, so whatever stops its training is reported here.

Why is this bad:
  The run fails in the same way, often after minutes of compilation. It is information when the Python of the probe only
  lacks a module, or when no function for the task is known.

How to fix:
  Read the error. ``--probe-env module:function`` names a function that makes the environment for a task.
"""

from __future__ import annotations

from collections.abc import Iterator

from dreamerguard.core.environment import Episode, Probe
from dreamerguard.core.finding import Finding, Severity
from dreamerguard.core.run import ResolvedRun
from dreamerguard.rules.helpers.rendering import rendering_advice
from dreamerguard.rules.rule import Example, Rule

rule = Rule("DG801", "failed-probe", Severity.ERROR)

GOOD = [Example("dreamerguard train dmc_walker_walk", probe=Probe(episodes=(Episode(1000, 31.4, 0.2),)))]
BAD = [
    Example(
        "dreamerguard train dmc_walker_walk",
        mark="dmc_walker_walk",
        probe=Probe(error="ValueError: shapes (3,) and (4,) do not match"),
    )
]


@rule.check
def check(run: ResolvedRun) -> Iterator[Finding]:
    if run.probe is None or not run.probe.error:
        return
    yield rule.at_task(
        run,
        f"the environment cannot be probed: {run.probe.error}"
        if run.probe.lacking
        else f"the environment fails: {run.probe.error}",
        severity=Severity.INFO if run.probe.lacking else None,
        help=_help(run.probe),
    )


def _help(probe: Probe) -> str:
    if probe.lacking:
        return "--probe-env module:function names a function that makes the environment"
    return rendering_advice(probe, probe.error)
