"""Finds the checkout that a command or a configuration folder belongs to, and scripts of another program."""

from __future__ import annotations

import os
from collections.abc import Container
from pathlib import Path, PurePosixPath

from dreamerguard.sources.python.index import PythonIndex, index_checkout
from dreamerguard.sources.python.python_files import read_file, state_of
from dreamerguard.util.check_cache import cached_per_check, kept_between_checks
from dreamerguard.util.paths import exists, is_dir, is_file

from .checkout import PythonCheckout
from .preset_file import PresetFile
from .python_call import PythonCall, is_open

#: A folder with one of these is the root of a checkout.
_ROOTS = (".git", "pyproject.toml", "setup.py", "setup.cfg")
#: A folder with this may be one, or a package inside it.
_MAYBE_ROOT = "requirements.txt"
_MOST_UP = 3
#: Scripts of the programs that train.
_TRAINERS = ("main.py", "train.py", "dreamer.py")


def find_checkout(file: PresetFile | None, call: PythonCall | None, folder: Path) -> PythonCheckout | None:
    """The checkout of a file of presets, or of a script; None where neither lies in one that has Python files.

    Args:
      file: the presets.
      call: the command.
      folder: where the command would be started.
    """
    script = folder / call.script if call is not None else None
    home = file.path.parent if file is not None and file.path.name else None
    if home is not None and script is not None and home.parent == Path(os.path.normpath(script.parent)):
        home = home.parent  # the script names a file in a folder beside it
    if home is None and script is not None and is_file(script):
        home = script.parent
    if home is None:
        return None
    index = indexed(checkout_root(home), home)
    if not index.files:
        return None
    beside = tuple(name for file in _TRAINERS if (name := index.script(home / file)) is not None)
    return PythonCheckout(index, index.script(script) if script is not None else None, beside, presets=file)


@cached_per_check
def checkout_of(folder: Path) -> PythonCheckout | None:
    """Returns the checkout of a configuration folder; None if it has no Python files."""
    beside = any(entry.suffix == ".py" for entry in folder.iterdir()) if is_dir(folder) else False
    home = folder if beside else folder.parent
    index = indexed(checkout_root(home), home)
    scripts = tuple(name for file in _TRAINERS if (name := index.script(home / file)) is not None)
    return PythonCheckout(index, None, beside=scripts, every=not scripts) if index.files else None


@cached_per_check
def indexed(root: Path, home: Path) -> PythonIndex:
    """Returns the Python below a root; the files of the folder ``home`` matter most."""
    return _index(root, home).for_another_check()


@kept_between_checks(lambda root, home: state_of(root, (home,)))
def _index(root: Path, home: Path) -> PythonIndex:
    return index_checkout(root, (home,))


def checkout_root(home: Path) -> Path:
    """Returns the nearest folder above that looks like a repository's own; else the folder that holds the package."""
    here, home = Path.cwd(), home.absolute()
    user = Path.home()
    above = [folder for folder in (home, *home.parents[:_MOST_UP]) if folder not in (user, Path(folder.anchor))]
    for folder in above:
        if folder == here or any(exists(folder / name) for name in _ROOTS):
            return folder
    packages = [folder for folder in above if not exists(folder / "__init__.py")]
    marked = [folder for folder in packages if exists(folder / _MAYBE_ROOT)]
    return next(iter(marked[-1:] or packages), home)


def is_foreign(call: PythonCall, folder: Path) -> bool:
    """Whether a script reads its own command line and knows nothing of presets, so that it is another program."""
    path = _script(call, folder)
    if path is None:
        return False
    index = _index_script(path)
    facts = index.facts(path.name)
    if facts is None or not facts.parsers.made:
        return False
    if facts.parsers.presets:
        return _has_own_options(facts.parsers.flags, call)
    checkout = find_checkout(None, call, folder)
    if checkout is None or checkout.script is None:
        return True
    reached = checkout.index.reachable(checkout.script)[1:]
    return not any(other.parsers.presets and not other.parsers.made for other in reached)


def _script(call: PythonCall, folder: Path) -> Path | None:
    """Returns the script, or the only file of its name in a folder of the same name; None if there is none."""
    path, typed = folder / call.script, PurePosixPath(call.script)
    if is_file(path):
        return path
    if len(typed.parts) < 3 or typed.is_absolute() or is_open(call.script) or not is_dir(folder):
        return None
    index, end = indexed(checkout_root(folder), folder), "/".join(("", *typed.parts[-2:]))
    moved = [name for name in index.files if f"/{name}".endswith(end)]
    return index.root / moved[0] if len(moved) == 1 else None


def _has_own_options(declared: Container[str], call: PythonCall) -> bool:
    """Returns whether a command without presets uses options that the script's own parser declares."""
    used = [word.text[2:].partition("=")[0] for word in call.words if word.text.startswith("--")]
    return not {"configs", "config"}.intersection(used) and any(name in declared for name in used if name != "logdir")


@cached_per_check
def _index_script(path: Path) -> PythonIndex:
    """An index of one file alone."""
    return PythonIndex(path.parent, {path.name: read_file(path)})
