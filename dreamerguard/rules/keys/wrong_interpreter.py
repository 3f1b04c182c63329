"""The command starts a shell script by Python.

What it does:
  Reports ``python`` in front of a shell script of the checkout that starts a supported program.

Why is this bad:
  Python reads the script as Python and stops at its first line that is none. Nothing is trained.

How to fix:
  Start the script by ``bash``.

References:
  https://docs.python.org/3/using/cmdline.html
"""

from __future__ import annotations

from collections.abc import Iterator

from dreamerguard.core.finding import Finding, Severity
from dreamerguard.core.run import ResolvedRun
from dreamerguard.rules.helpers.example_files import with_preset
from dreamerguard.rules.rule import Example, Rule

rule = Rule("DG353", "wrong-interpreter", Severity.ERROR)

_FILES = {
    **with_preset("seed: 1"),
    "dreamerv3/main.py": "",
    "scripts/train.sh": "python dreamerv3/main.py --configs mine --logdir $1\n",
    "scripts/plot.sh": "echo done\n",
}

GOOD = [Example("bash scripts/train.sh logs", files=_FILES)]
BAD = [Example("python scripts/train.sh logs", files=_FILES, mark="scripts/train.sh")]


@rule.check
def check(run: ResolvedRun) -> Iterator[Finding]:
    yield from rule.reported(run)
