"""Questions about paths that somebody else wrote. However long or odd a name is, it then names nothing; pathlib raises.

>>> from pathlib import Path
>>> exists(Path("x" * 5000))
False
"""

from __future__ import annotations

import os.path
from pathlib import Path


def exists(path: Path) -> bool:
    """Whether there is something."""
    return os.path.exists(path)  # noqa: PTH110 - see above


def is_file(path: Path) -> bool:
    """Whether there is a file."""
    return os.path.isfile(path)  # noqa: PTH113 - see above


def is_dir(path: Path) -> bool:
    """Whether there is a folder."""
    return os.path.isdir(path)  # noqa: PTH112 - see above
