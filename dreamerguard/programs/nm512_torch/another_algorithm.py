"""Algorithms based on dreamerv3-torch: their presets resemble its presets, but its budget does not apply to them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from dreamerguard.programs.shared.key_tables import load_table
from dreamerguard.programs.shared.preset_file import PresetFile
from dreamerguard.sources.python.python_files import read_file

_AGENT = re.compile(rb"^class Dreamer\w*\b", re.MULTILINE)
_MAIN = re.compile(rb"^if __name__ == ", re.MULTILINE)
#: Most files beside the presets that are read.
_MOST_FILES = 40


def is_another_algorithm(file: PresetFile) -> bool:
    """Returns whether most settings of the defaults are not dreamerv3-torch's, and no script there has its agent.

    A fork adds settings to a script that defines ``class Dreamer`` and trains it, however many it adds.

    Args:
      file: presets with the main settings of dreamerv3-torch.
    """
    groups = set(file.groups)
    shared = groups & {key.partition(".")[0] for key in load_table("nm512_torch").defaults}
    if len(groups) <= 2 * len(shared):
        return False
    scripts = [data for data in _beside(file) if _MAIN.search(data)]
    return bool(scripts) and not any(_AGENT.search(data) for data in scripts)


def _beside(file: PresetFile) -> Iterator[bytes]:
    """Yields the contents of the Python files in the folder of the presets."""
    try:
        paths = sorted(path for path in file.path.parent.iterdir() if path.suffix == ".py")
    except OSError:
        return
    for path in paths[:_MOST_FILES]:
        data = read_file(path).data
        if data is not None:
            yield data
