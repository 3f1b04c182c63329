"""The command starts a script that only defines functions and classes, or whose main function is never called.

What it does:
  Reports a script of the checkout that has no main part and calls nothing of its own outside of functions: only
  imports, definitions, constants, and preparations such as ``sys.path.append``. A script beside it must have a main
  part, which the finding names. Also a script whose call of the main function is a comment, if nothing else in the main
  part starts what the script defines.

Why is this bad:
  Python reads the definitions and ends without an error. Nothing is trained. A fork that moved the main part to another
  script often kept the commands of the README it copied.

How to fix:
  Start the script that has the main part, or restore the call.

References:
  https://docs.python.org/3/library/__main__.html
"""

from __future__ import annotations

from collections.abc import Iterator

from dreamerguard.core.finding import Finding, Severity
from dreamerguard.core.run import ResolvedRun
from dreamerguard.rules.helpers.example_files import with_torch_preset
from dreamerguard.rules.rule import Example, Rule

rule = Rule("DG350", "starts-nothing", Severity.ERROR, dialects=("danijar", "nm512_torch"))

_AGENT = "import torch\n\n\nclass Dreamer(torch.nn.Module):\n    pass\n"
_MAIN = "from dreamer import Dreamer\n\nif __name__ == '__main__':\n    Dreamer()\n"
_FILES = {**with_torch_preset("seed: 1"), "dreamer.py": _AGENT, "main.py": _MAIN}

_UNCALLED = {
    **with_torch_preset("seed: 1"),
    "dreamer.py": f"{_AGENT}\n\nif __name__ == '__main__':\n    pass\n    # main()\n",
}

GOOD = [Example("python main.py --configs mine --logdir x", files=_FILES)]
BAD = [
    Example("python dreamer.py --configs mine --logdir x", files=_FILES, mark="dreamer.py"),
    Example("python dreamer.py --configs mine --logdir x", files=_UNCALLED, mark="dreamer.py"),
]


@rule.check
def check(run: ResolvedRun) -> Iterator[Finding]:
    yield from rule.reported(run)
