"""The configuration folder and file that a script names: ``@hydra.main(config_path="conf", config_name="train")``."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from dreamerguard.sources.commands.launch import Launch
from dreamerguard.sources.python.python_files import read_file
from dreamerguard.util.check_cache import cached_per_check
from dreamerguard.util.fast_dataclass import dataclass
from dreamerguard.util.paths import is_file

_MAIN = re.compile(rb"^[ \t]*@hydra\.main\(([^()]*)\)", re.MULTILINE)
_LITERAL = r"\b{name}\s*=\s*[\"']([^\"'\\\n]*)[\"']"
_PATH = re.compile(_LITERAL.format(name="config_path").encode())
_NAME = re.compile(_LITERAL.format(name="config_name").encode())


@dataclass(frozen=True, slots=True)
class NamedConfig:
    """What a script names.

    Attributes:
      place: the folder, relative to the folder in which the program starts.
      primary: name of the primary file, without its suffix; empty if the script names none.
    """

    place: str
    primary: str


def named_config(launch: Launch, folder: Path, scripts: Sequence[str], option: str | None) -> NamedConfig | None:
    """Returns the configuration that a script or an option of its command names; None without one.

    Args:
      launch: the started program.
      folder: folder in which it starts.
      scripts: other files that may hold the decorator, relative to that folder.
      option: value of ``--config-path``, which replaces the decorator's.
    """
    own = [launch.program] if launch.program.endswith(".py") and not launch.module else []
    for script in (*own, *scripts):
        declared = _declared(folder / script) if not script.startswith(("/", "~")) else None
        if declared is None and not (option and script in own):
            continue
        path, primary = declared or ("", "")
        place = posixpath.normpath(posixpath.join(PurePosixPath(script).parent, option or path))
        return None if place.startswith(("/", "~", "../../..")) else NamedConfig(place, primary)
    return None


@cached_per_check
def _declared(path: Path) -> tuple[str, str] | None:
    """Returns the folder and the file of the first decorator in a file; None if they are not literal."""
    data = read_file(path).data if is_file(path) else None
    match = _MAIN.search(data) if data is not None else None
    if match is None:
        return None
    folder, name = _PATH.search(match[1]), _NAME.search(match[1])
    if folder is None:
        return None
    primary = name[1].decode("utf-8", "replace").removesuffix(".yaml") if name is not None else ""
    return folder[1].decode("utf-8", "replace"), primary
