"""The command starts a script that the checkout does not hold.

What it does:
  Reports a script in a folder that does not exist where the command is run, if the checkout holds a script of the
  same name beside its presets, in another folder. It is silent if the typed folder is part of the path of the
  checkout, and if it is part of the path of these presets and the folder above it is a separate project or is
  entered in the document.

Why is this bad:
  Python stops: it cannot open the file. A fork that renamed its folder often kept the commands of the README it copied.

How to fix:
  Type the path that the finding names.

References:
  https://docs.python.org/3/using/cmdline.html
"""

from __future__ import annotations

from collections.abc import Iterator

from dreamerguard.core.finding import Finding, Severity
from dreamerguard.core.run import ResolvedRun
from dreamerguard.rules.helpers.example_files import with_preset
from dreamerguard.rules.rule import Example, Rule

rule = Rule("DG347", "missing-script", Severity.ERROR, dialects=("danijar", "nm512_torch"))

_FILES = {"agents/main.py": "", "agents/configs.yaml": with_preset("seed: 1")["dreamerv3/configs.yaml"]}

GOOD = [Example("python agents/main.py --logdir x --configs mine", files=_FILES)]
BAD = [Example("python dreamerv3/main.py --logdir x --configs mine", files=_FILES, mark="dreamerv3/main.py")]


@rule.check
def check(run: ResolvedRun) -> Iterator[Finding]:
    yield from rule.reported(run)
