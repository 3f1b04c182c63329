"""Lists on the command line in brackets, which the flags reader keeps as part of the first and the last item."""

from __future__ import annotations

from collections.abc import Iterator

from dreamerguard.core.finding import Problem
from dreamerguard.core.source import Label, Value

from .flags import Flag


def bracketed_list(flag: Flag, key: str, old: Value) -> Iterator[Problem]:
    """Yields the problem of ``--logger.outputs [jsonl,scope]``: the first item of the list is then ``[jsonl``.

    A list of numbers in brackets is refused anyway, and a single item in brackets may be a pattern.

    Args:
      flag: the flag.
      key: the setting that it changes.
      old: its value so far.
    """
    if not isinstance(old, tuple) or not old or not all(isinstance(item, str) for item in old):
        return
    items = [item.strip() for item in ",".join(flag.values).split(",")]
    first, last = items[0], items[-1]
    if len(items) < 2 or first[:1] != "[" or "]" in first or last[-1:] != "]" or "[" in last:
        return
    right = ",".join([first[1:], *items[1:-1], last[:-1]])
    text = f"--{flag.name}: the brackets become part of the items, so {key} holds {first} and {last}"
    yield Problem("wrong-type", text, Label(flag.span), key, help=f"write --{flag.name} {right}")
