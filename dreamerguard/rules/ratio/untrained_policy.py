"""The task's policy is never trained, because the run explores until its end.

What it does:
  Reports runs of dreamerv3-torch's forks with another ``expl_behavior`` than ``greedy`` and an ``expl_until`` at or
  above ``steps``, if the checkout's script trains the task's policy only after the exploration. Upstream trains it all
  the time. An ``expl_until`` on the command line is a choice and not reported.

Why is this bad:
  The policy that is evaluated keeps its first weights: the run trains only the world model and the policy that
  explores.

How to fix:
  Set ``steps`` above ``expl_until``, or lower ``expl_until``.

References:
  https://github.com/NM512/dreamerv3-torch/blob/6ef8646/dreamer.py
"""

from __future__ import annotations

from collections.abc import Iterator

from dreamerguard.core.finding import Finding, Severity
from dreamerguard.core.run import ResolvedRun
from dreamerguard.rules.helpers.example_files import TORCH_COMMAND, with_torch_preset
from dreamerguard.rules.rule import Example, Rule

rule = Rule("DG128", "untrained-policy", Severity.WARNING, dialects=("nm512_torch",))

_SCRIPT = """
import tools
class Dreamer:
    def __init__(self, config):
        self._should_expl = tools.Until(int(config.expl_until / config.action_repeat))
    def _train(self, data):
        explores = self._should_expl(self._step)
        if not explores:
            self._task_behavior._train(data)
"""


def _files(*lines: str) -> dict[str, str]:
    """A checkout that explores by default, with the preset ``mine``."""
    text = with_torch_preset(*lines)["configs.yaml"]
    return {
        "configs.yaml": text.replace("  seed: 0", "  seed: 0\n  expl_behavior: plan2explore\n  expl_until: 3e5")
    } | {"dreamer.py": _SCRIPT}


GOOD = [
    Example(TORCH_COMMAND, files=_files("steps: 1e6")),
    Example(f"{TORCH_COMMAND} --expl_until 1e6", files=_files("steps: 1e6")),
]
BAD = [Example(TORCH_COMMAND, files=_files("steps: 2e5"), mark="steps: 2e5")]


@rule.check
def check(run: ResolvedRun) -> Iterator[Finding]:
    yield from rule.reported(run)
