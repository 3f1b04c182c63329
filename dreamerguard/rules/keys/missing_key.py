"""The script reads a setting that nothing declares.

What it does:
  Reports settings that ``main`` of a fork of dreamerv3-torch or danijar/dreamerv3 reads on every path, and that neither
  the defaults nor the chosen presets declare. In danijar/dreamerv3, settings that a class reads whenever it is
  created count too, if another setting names the class. The checkout's Python is parsed, never run.

Why is this bad:
  The program stops with an AttributeError, often only after minutes of prefill.

How to fix:
  Add the setting to the block ``defaults`` of ``configs.yaml``.

References:
  https://github.com/NM512/dreamerv3-torch/blob/6ef8646/dreamer.py
"""

from __future__ import annotations

from collections.abc import Iterator

from dreamerguard.core.finding import Finding, Severity
from dreamerguard.core.run import ResolvedRun
from dreamerguard.rules.helpers.example_files import COMMAND, TORCH_COMMAND, with_preset, with_torch_preset
from dreamerguard.rules.rule import Example, Rule

rule = Rule("DG345", "missing-key", Severity.ERROR, dialects=("nm512_torch", "danijar"))

_SCRIPT = {"dreamer.py": "def main(config):\n  print(config.seed, config.save_videos)\n"}
_FLAGS = "def main(argv=None):\n  config = elements.Flags(elements.Config(configs['defaults'])).parse(argv)\n"
_MAIN = {"dreamerv3/main.py": f"{_FLAGS}  print(config.seed, config.imag_length)\n"}

GOOD = [
    Example(TORCH_COMMAND, files=with_torch_preset("save_videos: True") | _SCRIPT),
    Example(COMMAND, files=with_preset("seed: 1") | {"dreamerv3/main.py": f"{_FLAGS}  print(config.agent)\n"}),
]
BAD = [
    Example(TORCH_COMMAND, files=with_torch_preset("seed: 1") | _SCRIPT, mark="--configs mine"),
    Example(COMMAND, files=with_preset("seed: 1") | _MAIN, mark="--configs mine"),
]


@rule.check
def check(run: ResolvedRun) -> Iterator[Finding]:
    """Reports the problems that resolving kept for this rule."""
    yield from rule.reported(run)
