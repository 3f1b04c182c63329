"""The program's file of presets is missing.

What it does:
  Reports commands whose script reads ``configs.yaml`` in its own folder, where the checkout has no such file.

Why is this bad:
  The program reads the file first, so it stops before it trains. Often ``.gitignore`` keeps the file out of the
  repository, so that it exists only on its author's machine.

How to fix:
  Add the file to the repository: ``git add --force configs.yaml``.
"""

from __future__ import annotations

from collections.abc import Iterator

from dreamerguard.core.finding import Finding, Severity
from dreamerguard.core.run import ResolvedRun
from dreamerguard.rules.helpers.example_files import with_torch_preset
from dreamerguard.rules.rule import Example, Rule

rule = Rule("DG007", "missing-presets", Severity.ERROR, dialects=("danijar", "nm512_torch"))

_SCRIPT = {
    "dreamer.py": """
import argparse, pathlib, sys, yaml
parser = argparse.ArgumentParser()
parser.add_argument("--configs", nargs="+")
configs = yaml.safe_load((pathlib.Path(sys.argv[0]).parent / "configs.yaml").read_text())
"""
}
_COMMAND = "python dreamer.py --configs mine --logdir logs"

GOOD = [Example(_COMMAND, files=with_torch_preset("seed: 1") | _SCRIPT)]
BAD = [Example("python dreamer.py --configs dmc_vision --logdir logs", files=_SCRIPT, mark="--configs dmc_vision")]


@rule.check
def check(run: ResolvedRun) -> Iterator[Finding]:
    """Reports the problem that resolving the run kept for this rule."""
    yield from rule.reported(run)
