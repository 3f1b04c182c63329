"""No picture can be rendered on this machine.

What it does:
  Reports environments of which ``--probe`` could render no frame. For a run that sees no images this is information.

Why is this bad:
  MuJoCo needs an OpenGL context. danijar/dreamerv3 asks for EGL unless ``MUJOCO_GL`` says otherwise, dreamerv3-torch
  sets OSMesa whatever it says (``dreamer.py:7`` at 6ef8646), and the first image fails.

How to mend:
  Set ``MUJOCO_GL`` to ``egl`` with a GPU, or to ``osmesa`` with that library installed.
"""

from __future__ import annotations

from collections.abc import Iterator

from dreamerguard.core.environment import Probe
from dreamerguard.core.model import Finding, Severity
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
        f"no frame can be rendered: {run.probe.frame_error}",
        severity=None if _sees(run) else Severity.INFO,
        help="set MUJOCO_GL=egl with a GPU, or osmesa",
    )


def _sees(run: ResolvedRun) -> bool:
    """Whether the run's inputs are images."""
    suite = run.reference.suite if run.reference is not None else ""
    return "vision" in suite or any("vision" in preset.name for preset in run.presets)
