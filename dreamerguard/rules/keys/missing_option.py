"""The command lacks an option that the script's own parser requires.

What it does:
  Reads which options the started script of the checkout declares with ``required=True``, outside of conditions and of
  subcommands, and reports those that the command does not give.

Why is this bad:
  argparse prints its usage and ends the program before anything is built.

How to fix:
  Add the option with its value.

References:
  https://docs.python.org/3/library/argparse.html#required
"""

from __future__ import annotations

from collections.abc import Iterator

from dreamerguard.core.finding import Finding, Severity
from dreamerguard.core.run import ResolvedRun
from dreamerguard.rules.helpers.example_files import with_torch_preset
from dreamerguard.rules.rule import Example, Rule

rule = Rule("DG351", "missing-option", Severity.ERROR)

_SCRIPT = (
    "import argparse\n\nif __name__ == '__main__':\n    parser = argparse.ArgumentParser()\n"
    "    parser.add_argument('--configs', nargs='+', required=True)\n    parser.parse_known_args()\n"
)
_FILES = {**with_torch_preset("seed: 1"), "dreamer.py": _SCRIPT}

GOOD = [Example("python dreamer.py --configs mine --logdir x", files=_FILES)]
BAD = [Example("python dreamer.py --logdir x", files=_FILES, mark="dreamer.py")]


@rule.check
def check(run: ResolvedRun) -> Iterator[Finding]:
    yield from rule.reported(run)
