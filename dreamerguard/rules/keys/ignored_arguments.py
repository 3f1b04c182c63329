"""The script replaces the words of its command line before it reads them.

What it does:
  Reports a script of the checkout whose main part, or function ``main``, sets ``sys.argv`` to a list of its own, if the
  command has options. Only imports, plain assignments and prints may stand before it: other code may read the words.

Why is this bad:
  No option of the command counts: task, preset, seed and folder are those of the list. Runs that should differ are
  equal, and write into one folder. Such a line is often left from a notebook or a debugger.

How to fix:
  Remove the line.

References:
  https://docs.python.org/3/library/sys.html#sys.argv
"""

from __future__ import annotations

from collections.abc import Iterator

from dreamerguard.core.finding import Finding, Severity
from dreamerguard.core.run import ResolvedRun
from dreamerguard.rules.helpers.example_files import with_preset
from dreamerguard.rules.rule import Example, Rule

rule = Rule("DG354", "ignored-arguments", Severity.WARNING)

_SET = "import sys\n\ndef main():\n    {}sys.argv = ['main.py', '--logdir', 'mine', '--seed', '1']\n    run()\n\n"
_SET += "if __name__ == '__main__':\n    main()\n"
_FILES = {
    **with_preset("seed: 1"),
    "dreamerv3/main.py": _SET.format(""),
    "dreamerv3/train.py": _SET.format("if len(sys.argv) < 2: "),
}

GOOD = [Example("python dreamerv3/train.py --configs mine --logdir x", files=_FILES)]
BAD = [Example("python dreamerv3/main.py --configs mine --logdir x", files=_FILES, mark="dreamerv3/main.py")]


@rule.check
def check(run: ResolvedRun) -> Iterator[Finding]:
    yield from rule.reported(run)
