"""The run is named DreamerV3 but trains another agent.

What it does:
  Reports an r2dreamer command with a log directory that is named after DreamerV3 while ``model.rep_loss`` is not
  ``dreamer``. The default is ``r2dreamer``, which has no decoder.

Why is this bad:
  A baseline would be reported under the wrong name.

How to fix:
  Add ``model.rep_loss=dreamer``, or rename the log directory.

References:
  https://github.com/NM512/r2dreamer/blob/546e4fab8146ea4b14e1d7726bbc1a8a1d50322f/configs/model/_base_.yaml#L9
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from dreamerguard.core.finding import Confidence, Finding, Severity
from dreamerguard.core.run import ResolvedRun
from dreamerguard.rules.rule import Example, Rule

rule = Rule("DG411", "misnamed-run", Severity.WARNING, confidence=Confidence.MEDIUM, dialects=("r2dreamer",))

GOOD = [
    Example("python train.py env=dmc_vision logdir=logs/dreamerv3_walker model.rep_loss=dreamer"),
    Example("python train.py env=dmc_vision logdir=logs/r2dreamer"),
]
BAD = [Example("python train.py env=dmc_vision logdir=logs/dreamerv3_walker", mark="logdir=logs/dreamerv3_walker")]

_NAME = re.compile(r"(?<![a-z0-9])(dreamer[-_]?v3|dv3)(?![a-z0-9]*pro)", re.IGNORECASE)


@rule.check
def check(run: ResolvedRun) -> Iterator[Finding]:
    """Looks for the name in the log directory of the user."""
    loss, folder = run.settings.get("model.rep_loss"), run.settings.get("logdir")
    if loss is None or folder is None or not folder.chosen or loss.value == "dreamer":
        return
    last = str(folder.value).rstrip("/").rpartition("/")[2]
    if _NAME.search(last) and str(loss.value) not in last:
        yield rule.at(
            run.place(folder),
            f"the log directory is called {last}, but model.rep_loss is {loss.value}",
            key="model.rep_loss",
            help="model.rep_loss=dreamer trains the objective of DreamerV3",
        )
