"""Hydra puts the values of a configuration file into another package than is meant.

What it does:
  Reports a line ``# @package NAME`` behind a comment line, a header with ``_group_`` or ``_name_``, and a file without
  a header beside the primary file, whose values the code reads from a group with the name of the file. It does so in
  files of programs that hydra configures.

Why is this bad:
  Hydra stops reading the header at the first line that is not a ``# @`` line. The values of the file then go to the
  package of its folder, for example ``exp.algo.replay_ratio``. Nothing reads them there, so the run keeps other
  values. A file beside the primary file goes to the root without a header, so ``config.NAME`` does not exist.
  Hydra replaced ``_group_`` and ``_name_`` in headers up to 1.0; since 1.1 the values go to a package with this
  very name.

How to fix:
  Make the header the first line of the file. Delete ``# @package _group_``: the folder is the package anyway.

References:
  https://hydra.cc/docs/1.3/advanced/overriding_packages/
  https://hydra.cc/docs/upgrades/1.0_to_1.1/changes_to_package_header/
"""

from __future__ import annotations

from collections.abc import Iterator

from dreamerguard.core.finding import Finding, Severity
from dreamerguard.core.run import ResolvedRun
from dreamerguard.rules.helpers.example_files import R2_COMMAND, with_r2_env
from dreamerguard.rules.rule import Example, Rule

rule = Rule("DG006", "void-header", Severity.ERROR, dialects=("r2dreamer", "sheeprl"))

_FILES = with_r2_env()
_ENV = _FILES["configs/env/mine.yaml"]

GOOD = [Example(R2_COMMAND, files=_FILES | {"configs/env/mine.yaml": f"# @package env\n# ours\n{_ENV}"})]
BAD = [
    Example(
        R2_COMMAND,
        files=_FILES | {"configs/env/mine.yaml": f"# ours\n# @package _global_.env\n{_ENV}"},
        mark="# @package _global_.env",
    ),
    Example(
        R2_COMMAND,
        files=_FILES | {"configs/env/mine.yaml": f"# @package _group_\n{_ENV}"},
        mark="# @package _group_",
    ),
]


@rule.check
def check(run: ResolvedRun) -> Iterator[Finding]:
    """Reports the problems that reading the files kept for this rule."""
    yield from rule.reported(run)
