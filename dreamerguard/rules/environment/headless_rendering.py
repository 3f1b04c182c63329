"""The machine cannot render images.

What it does:
  Reports environments for which ``--probe`` could not render a frame. It is information for a run without images.

Why is this bad:
  MuJoCo needs an OpenGL context. danijar/dreamerv3 requests EGL unless ``MUJOCO_GL`` is set to something else.
  dreamerv3-torch always sets OSMesa (``dreamer.py:7`` at 6ef8646). The first image then fails.

How to fix:
  Set ``MUJOCO_GL`` to ``egl`` with a GPU, or to ``osmesa`` with that library installed.
"""

from __future__ import annotations

from collections.abc import Iterator

from dreamerguard.core.environment import Probe
from dreamerguard.core.finding import Finding, Severity
from dreamerguard.core.run import ResolvedRun
from dreamerguard.rules.helpers.example_files import COMMAND, with_preset
from dreamerguard.rules.rule import Example, Rule

rule = Rule("DG809", "headless-rendering", Severity.ERROR)

GOOD = [Example(COMMAND, files=with_preset("seed: 1"), probe=Probe(frame=True))]
BAD = [
    Example(
        COMMAND,
        files=with_preset("seed: 1"),
        mark="--configs mine",
        probe=Probe(frame_error="FatalError: no OpenGL context"),
    )
]


@rule.check
def check(run: ResolvedRun) -> Iterator[Finding]:
    if run.probe is None or run.dialect == "native" or not run.probe.frame_error:
        return  # the bundled trainer never renders
    yield rule.at_task(
        run,
        f"the environment cannot render a frame: {run.probe.frame_error}",
        severity=None if _sees(run) else Severity.INFO,
        help="set MUJOCO_GL=egl with a GPU, or osmesa",
    )


def _sees(run: ResolvedRun) -> bool:
    """Returns whether the run's inputs are images."""
    suite = run.reference.suite if run.reference is not None else ""
    return "vision" in suite or any("vision" in preset.name for preset in run.presets)
