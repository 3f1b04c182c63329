"""The script's own parser does not declare an option of the command.

What it does:
  Reads the options that the started script of the checkout declares, where it makes one parser, names all options and
  stops at others, and reports those of the command that are none of them.

Why is this bad:
  argparse prints its usage and ends the program before anything is built.

How to fix:
  Remove the option, or write it as the script declares it.

References:
  https://docs.python.org/3/library/argparse.html#the-parse-args-method
"""

from __future__ import annotations

from collections.abc import Iterator

from dreamerguard.core.finding import Finding, Severity
from dreamerguard.core.run import ResolvedRun
from dreamerguard.rules.rule import Example, Rule

rule = Rule("DG352", "undeclared-option", Severity.ERROR)

_SCRIPT = (
    "import argparse\n\nimport models\n\nparser = argparse.ArgumentParser()\nparser.add_argument('--seed', type=int)\n"
    "args = parser.parse_args()\nmodels.WorldModel(), models.ImagBehavior()\n"
)
_FILES = {
    "models.py": "class WorldModel: pass\n\n\nclass ImagBehavior: pass\n\n\nunimix_ratio = 0.01\n",
    "train_own.py": _SCRIPT,
}

GOOD = [Example("python train_own.py --seed 1", files=_FILES)]
BAD = [Example("python train_own.py --seed 1 --num_envs 4", files=_FILES, mark="--num_envs")]


@rule.check
def check(run: ResolvedRun) -> Iterator[Finding]:
    yield from rule.reported(run)
