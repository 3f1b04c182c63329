"""The run names no task.

What it does:
  Reports a run without ``task``.

Why is this bad:
  Nothing can be trained, and there is no published run to compare with.

How to fix:
  Name the task as the first argument of ``dreamerguard train``, as ``task:`` in the file, or with ``--task``.
  ``dreamerguard tasks`` lists all tasks.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator

from dreamerguard.core.finding import Finding, Severity
from dreamerguard.core.run import ResolvedRun
from dreamerguard.rules.rule import Example, Rule

rule = Rule("DG005", "missing-task", Severity.ERROR, unless=("invalid-yaml",))

GOOD = [Example("dreamerguard train run.yaml", file="task: dmc_walker_walk\n")]
BAD = [Example("dreamerguard train seed=1", mark="dreamerguard train seed=1")]


@rule.check
def check(run: ResolvedRun) -> Iterator[Finding]:
    """Reports a run without a task."""
    for finding in rule.reported(run):
        source = finding.primary.span.source
        empty = source.kind == "file" and not source.text.strip("\ufeff \t\r\n")
        yield rule.at(
            finding.primary.span,
            finding.message,
            label="the file is empty" if empty else "no task here",
            key="task",
            help=f"`dreamerguard init TASK --force --out {shlex.quote(source.name)}` writes the published settings of a"
            " task into the file; `dreamerguard tasks` lists the names"
            if empty
            else "add `task: NAME` to the file or --task NAME to the command; `dreamerguard tasks` lists the names",
        )
