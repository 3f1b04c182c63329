"""What an interval says about the run that it is in."""

from __future__ import annotations

import re

from dreamerguard.core.setting import Setting

#: Larger values are intended to disable the interval, and so are values of nines only.
_NEVER = 1e7
_NINES = re.compile(r"9{4,}(\.0)?")


def is_never(setting: Setting) -> bool:
    """Returns whether an interval is meant to switch off what it times."""
    return setting.number >= _NEVER or _NINES.fullmatch(str(setting.value)) is not None
