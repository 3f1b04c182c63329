"""Commands that a checkout installs, as ``[project.scripts]`` of its ``pyproject.toml`` declares them.

    train-dreamer = "package.train_dreamer:main"

Nothing is installed or imported: the declared module is looked up among the files of the checkout.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Any

from dreamerguard.sources.argv import Command
from dreamerguard.util.check_cache import cached_per_check
from dreamerguard.util.paths import is_file
from dreamerguard.util.regular_files import read_regular

_MOST_BYTES = 1 << 18
_MODULE = re.compile(r"(?P<module>[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*)(?::[\w.]+)?", re.ASCII)
_IMPORTS_DREAMER = re.compile(rb"^\s*(?:from|import)\s+[\w.]*dreamer", re.MULTILINE | re.IGNORECASE)
#: Launchers that start an installed command behind ``run``.
RUNNERS = frozenset({"uv", "poetry", "pdm", "pixi", "hatch", "rye", "pipenv"})
_VARIABLE = re.compile(r"[A-Za-z_]\w*=.*", re.DOTALL | re.ASCII)


def with_installed_script(command: Command, folder: Path, *, any_script: bool = False) -> Command | None:
    """Returns the command with the script in place of the installed command; None if it starts none that uses Dreamer.

    Args:
      command: the whole command line.
      folder: the checkout in which it would start.
      any_script: whether a script counts that does not import a Dreamer package itself.
    """
    index = started_at(tuple(word.text for word in command.words))
    script = _scripts(folder, any_script).get(command.words[index].text) if index is not None else None
    if index is None or script is None:
        return None
    words = list(command.words)
    words[index] = replace(words[index], text=script)
    return replace(command, words=tuple(words))


def started_at(words: tuple[str, ...]) -> int | None:
    """Returns the index of the word that names a started command: the first one, or the one behind ``uv run``."""
    index = next((at for at, word in enumerate(words) if not _VARIABLE.fullmatch(word)), None)
    if index is None or PurePosixPath(words[index]).name not in RUNNERS:
        return index
    if words[index + 1 : index + 2] != ("run",):
        return None
    return next((at for at in range(index + 2, len(words)) if not words[at].startswith("-")), None)


@cached_per_check
def _scripts(folder: Path, any_script: bool) -> Mapping[str, str]:
    """Returns the commands that a checkout declares, with the path of each script that imports a Dreamer package."""
    try:
        data: Any = tomllib.loads(read_regular(folder / "pyproject.toml", _MOST_BYTES).decode("utf-8-sig"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError):
        return {}
    found: dict[str, str] = {}
    for table in (_table(data, "tool", "poetry", "scripts"), _table(data, "project", "scripts")):
        for name, target in table.items():
            match = _MODULE.fullmatch(target) if isinstance(target, str) else None
            script = _script(folder, match["module"], any_script) if match is not None else None
            if script is not None:
                found[name] = script
    return found


def _script(folder: Path, module: str, any_script: bool) -> str | None:
    path = f"{module.replace('.', '/')}.py"
    script = next((f"{top}{path}" for top in ("", "src/") if is_file(folder / f"{top}{path}")), None)
    if script is None or any_script:
        return script
    try:
        data = read_regular(folder / script, _MOST_BYTES)
    except OSError:
        return None
    return script if _IMPORTS_DREAMER.search(data) else None


def _table(data: Any, *names: str) -> Mapping[str, Any]:
    for name in names:
        data = data.get(name) if isinstance(data, dict) else None
    return data if isinstance(data, dict) else {}
