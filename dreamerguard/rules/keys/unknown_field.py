"""The log directory has a field that the program cannot fill in.

What it does:
  Reports a field in braces in ``logdir`` other than ``{timestamp}``, and a brace that is not closed.

Why is this bad:
  danijar/dreamerv3 fills in the time with ``logdir.format(timestamp=...)``. For every other field Python raises
  KeyError before the run starts.

How to fix:
  Write the value itself, or let the shell fill it in: ``--logdir ~/logdir/$TASK``.

References:
  https://github.com/danijar/dreamerv3/blob/e3f02248693a79dc8b0ebd62c93683888ddaccfe/dreamerv3/main.py
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from string import Formatter

from dreamerguard.core.finding import Finding, Severity
from dreamerguard.core.run import ResolvedRun
from dreamerguard.rules.rule import Example, Rule

rule = Rule("DG339", "unknown-field", Severity.ERROR, dialects=("danijar",))

GOOD = [
    Example("python dreamerv3/main.py --configs crafter --logdir ~/logdir/{timestamp}"),
    Example("python dreamerv3/main.py --configs crafter --logdir logs/$TASK"),
]
BAD = [
    Example(
        "python dreamerv3/main.py --configs crafter --logdir logs/{task}",
        mark="--logdir 'logs/{task}'",
    ),
    Example("python dreamerv3/main.py --configs crafter --logdir logs/{timestamp", mark="--logdir 'logs/{timestamp'"),
]

_KNOWN = "timestamp"
_LONGEST = 4096


@rule.check
def check(run: ResolvedRun) -> Iterator[Finding]:
    setting = run.settings.get("logdir")
    if setting is None or not setting.chosen or run.edition not in ("2024", "2025"):
        return
    text = str(setting.value)
    if len(text) > _LONGEST or "$" in text or "\0" in text or "<" in text:
        return  # only the shell or the reader knows it
    wrong = _wrong(text)
    if wrong is not None:
        yield rule.at(
            run.place(setting),
            f"logdir {wrong}, so the program stops: only {{{_KNOWN}}} is filled in",
            key="logdir",
            help="write the value itself in its place",
        )


def _wrong(text: str) -> str | None:
    """Returns what Python's ``format`` refuses, for people; None if it accepts the text."""
    try:
        fields = [name for _, name, _, _ in Formatter().parse(text) if name is not None]
    except ValueError:
        return "has a brace without its counterpart"
    for name in fields:
        if "," in name or ".." in name:
            return None  # a shell makes several words of it
        if re.split(r"[.\[]", name, maxsplit=1)[0] != _KNOWN:
            return f"has the field {{{name[:40]}}}"
    return None
