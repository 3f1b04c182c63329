"""Whether the code of a checkout handles a train ratio below zero, for example as "no limit"."""

from __future__ import annotations

import re

from dreamerguard.core.setting import Role
from dreamerguard.programs.shared.checkout import PythonCheckout

#: The classes that turn the train ratio into a number of updates, up to the next statement of the first level.
_CLASS = re.compile(rb"^class (?:Ratio|Every)\b.*\n(?:[ \t].*\n|[ \t]*\r?\n)*", re.MULTILINE)
#: A branch for a value below zero. Upstream's assertion that there is none does not count.
_BRANCH = re.compile(rb"\bif\b[^\n#]*\b_?(?:ratio|every)\s*(?:<\s*0|<=\s*(?:0|-1)|==\s*-1)")


def handled_below_zero(checkout: PythonCheckout | None) -> frozenset[Role]:
    """Returns the roles with values below zero that the checkout's own code has a branch for.

    Args:
      checkout: its Python; None if it cannot be seen.
    """
    files = checkout.index.files.values() if checkout is not None else ()
    texts = (found[0] for file in files if file.data is not None for found in _CLASS.finditer(file.data + b"\n"))
    return frozenset({"train_ratio"}) if any(_BRANCH.search(text) for text in texts) else frozenset()
