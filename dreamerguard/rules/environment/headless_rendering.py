"""The machine cannot render images.

What it does:
  Reports environments for which ``--probe`` could not render a frame, if the run learns from images.

Why is this bad:
  MuJoCo needs an OpenGL context. danijar/dreamerv3 requests EGL unless ``MUJOCO_GL`` is set to something else.
  dreamerv3-torch always sets OSMesa (``dreamer.py:7`` at 6ef8646). The first image then fails.

How to fix:
  Set ``MUJOCO_GL`` to ``egl`` with the library libEGL installed (Mesa renders without a GPU), or to ``osmesa`` with
  libOSMesa installed. Without ``MUJOCO_GL``, MuJoCo uses ``glfw``, which needs a screen.
"""

from __future__ import annotations

from collections.abc import Iterator

from dreamerguard.core.environment import Probe
from dreamerguard.core.finding import Finding, Severity
from dreamerguard.core.run import ResolvedRun
from dreamerguard.rules.helpers.example_files import COMMAND, with_preset
from dreamerguard.rules.helpers.rendering import rendering_advice
from dreamerguard.rules.rule import Example, Rule

rule = Rule("DG809", "headless-rendering", Severity.ERROR)

_VISION = {name: text.replace("mine:", "dmc_vision:") for name, text in with_preset("seed: 1").items()}
_FAILED = Probe(frame_error="FatalError: no OpenGL context", mujoco=True)

GOOD = [
    Example(COMMAND, files=with_preset("seed: 1"), probe=Probe(frame=True)),
    Example(COMMAND, files=with_preset("seed: 1"), probe=_FAILED),
]
BAD = [Example(COMMAND.replace("mine", "dmc_vision"), files=_VISION, mark="--configs dmc_vision", probe=_FAILED)]


@rule.check
def check(run: ResolvedRun) -> Iterator[Finding]:
    # The bundled trainer renders when it makes an environment with images, so its errors are `failed-probe`.
    if run.probe is None or run.dialect == "native" or not run.probe.frame_error or not _sees(run):
        return
    yield rule.at_task(
        run,
        f"the environment cannot render a frame: {run.probe.frame_error}",
        help=rendering_advice(run.probe, run.probe.frame_error),
    )


def _sees(run: ResolvedRun) -> bool:
    """Returns whether the run's inputs are images."""
    suite = run.reference.suite if run.reference is not None else ""
    return "vision" in suite or any("vision" in preset.name for preset in run.presets)
