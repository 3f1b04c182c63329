"""Tests paths from untrusted text. For a name that is too long or invalid, pathlib raises; these return False.

>>> from pathlib import Path
>>> exists(Path("x" * 5000))
False
"""

from __future__ import annotations

import os.path
from pathlib import Path


def exists(path: Path) -> bool:
    """Returns whether the path exists."""
    return os.path.exists(path)  # noqa: PTH110 - see above


def is_file(path: Path) -> bool:
    """Returns whether the path is a file."""
    return os.path.isfile(path)  # noqa: PTH113 - see above


def is_dir(path: Path) -> bool:
    """Returns whether the path is a folder."""
    return os.path.isdir(path)  # noqa: PTH112 - see above
