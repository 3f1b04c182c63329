"""There is no such key.

What it does:
  Reports a key that the program does not have, with the nearest one that it has. Names that other DreamerV3 code bases
  use for the same setting are recognised too.

Why is this bad:
  The value cannot take effect, so the command is refused. A program that ignored it would train something else.

How to mend:
  Use the key that the message offers; ``dreamerguard explain KEY`` says what a key does and ``dreamerguard schema``
  lists all of them.
"""

from __future__ import annotations

from collections.abc import Iterator

from dreamerguard.hints import nearest_key
from dreamerguard.model import Edit, Finding, Fix, Severity
from dreamerguard.resolved import ResolvedRun, Unknown, fix
from dreamerguard.rules.rule import Example, Rule

rule = Rule("DG301", "unknown-key", Severity.ERROR)

GOOD = [Example("dreamerguard train dmc_walker_walk run.train_ratio=512")]
BAD = [
    Example(
        "dreamerguard train dmc_walker_walk run.train_ration=512",
        mark="run.train_ration=512",
        fixed="dreamerguard train dmc_walker_walk run.train_ratio=512",
    ),
    Example(
        "dreamerguard train run.yaml",
        file="task: dmc_walker_walk\nbatch_size: 16\n",
        mark="batch_size: 16",
        fixed="task: dmc_walker_walk\nreplay.batch_size: 16\n",
    ),
    Example("dreamerguard train dmc_walker_walk run.steps=1e6", mark="run.steps=1e6"),
]


@rule.check
def check(run: ResolvedRun) -> Iterator[Finding]:
    """Looks unknown keys up among habits first, then by likeness."""
    for unknown in run.unknown:
        renamed = run.renamed.get(unknown.key.replace("-", "_"))
        target = renamed.path if renamed is not None else nearest_key(unknown.key, run.keys)
        note = f"; {renamed.note}" if renamed is not None and renamed.note else ""
        yield rule.at(
            unknown.span,
            f"there is no key {unknown.key}",
            label=f"did you mean {target}?" if target else "",
            key=unknown.key,
            fix=_rename(unknown, target) if target and not note else None,
            help=_explain(run, target, note) if target else "`dreamerguard schema` lists all keys",
        )


def _explain(run: ResolvedRun, target: str, note: str) -> str:
    key = run.keys[target]
    return f"{target} is {key.expects}{note}"


def _rename(unknown: Unknown, target: str) -> Fix | None:
    """Replaces the key; a nested key keeps its section, so it is only replaced when the section is right."""
    place = unknown.key_span
    if place is None:
        return None
    *path, _ = unknown.key.split(".")
    *section, leaf = target.split(".")
    if place.text.strip("'\"") == unknown.key:
        text = target
    elif path == section:
        text = leaf
    else:
        return None
    return fix(Edit(place, text), f"rename it to {target}", safe=True)
