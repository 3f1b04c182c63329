"""Groups that the defaults list of a checkout names, and whose folder the checkout does not have."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from dreamerguard.core.finding import Problem
from dreamerguard.core.source import Label
from dreamerguard.sources.commands.launch import Launch
from dreamerguard.util.paths import is_dir, is_file
from dreamerguard.util.regular_files import read_regular

from .command import Checkout
from .defaults import Defaults, Unsupported
from .store import FolderStore
from .table import TableStore

_MAIN = re.compile(rb"^@hydra\.main\(|^@main\(", re.MULTILINE)
_MOST_BYTES = 1 << 18


def absent_groups(checkout: Checkout, shipped: TableStore, primary: str, launch: Launch) -> Iterator[Problem]:
    """Yields the problem of a group without a folder, beside a script that hydra starts.

    A folder of configuration alone is a part that somebody adds to upstream's files, and is not judged.

    Args:
      checkout: the configuration folder.
      shipped: upstream's files.
      primary: name of the primary file.
      launch: the started program.
    """
    script = checkout.folder.parent / PurePosixPath(launch.program).name
    own = FolderStore(checkout.folder, checkout.shown, shipped)
    if own.load(primary) is None or not _is_started_by_hydra(script):
        return
    defaults = Defaults(own, {})
    try:
        defaults.expand(primary)
    except Unsupported:
        return
    for missing in defaults.missing:
        if missing.name is None or is_dir(checkout.folder / missing.group):
            continue
        text = (
            f"{checkout.shown} has no folder {missing.group}, and its defaults list names"
            f" {missing.group}: {missing.name}; hydra stops"
        )
        help = f"restore {checkout.shown}/{missing.group}; an ignore file may keep it out of the repository"
        yield Problem("unknown-option", text, Label(launch.place.span), missing.group, help=help)


def _is_started_by_hydra(script: Path) -> bool:
    try:
        return is_file(script) and _MAIN.search(read_regular(script, _MOST_BYTES)) is not None
    except OSError:
        return False
