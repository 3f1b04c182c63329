"""Scripts that use a trained agent and train none, as far as their names say."""

from __future__ import annotations

from dataclasses import replace

from dreamerguard.core.run import ResolvedRun

from .python_call import PythonCall

#: Their names begin like this.
_USES = ("eval", "test", "plot", "render", "play", "record", "visual", "export", "enjoy", "collect", "view", "demo")


def trains(call: PythonCall | None) -> bool:
    """Returns whether a script trains, as far as its name says: ``evaluate.py`` and ``plot.py`` do not."""
    return call is None or not call.file.startswith(_USES)


def without_training(run: ResolvedRun) -> ResolvedRun:
    """Returns the run of a script that uses a trained agent: it has no budget, and its log directory may be fixed."""
    return replace(run, trains=False, budget=None, reference=None, given=run.given | {"logdir"})
