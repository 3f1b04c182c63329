"""Commands whose script is not in a checkout that holds a training program: Python cannot open the file.

No program recognises them by their words. What a document says of other repositories, and of files that earlier lines
make, is left alone.
"""

from __future__ import annotations

import re
from pathlib import Path, PurePosixPath

from dreamerguard.core.finding import Problem
from dreamerguard.core.source import Label, SourceError
from dreamerguard.programs.interface import Program
from dreamerguard.programs.registry import load_program
from dreamerguard.programs.shared.find_checkout import checkout_root, indexed
from dreamerguard.programs.shared.folders import entries_below
from dreamerguard.programs.shared.python_call import is_open
from dreamerguard.sources.argv import Command
from dreamerguard.sources.commands.launch import Launch, read_launch
from dreamerguard.sources.commands.shell_launch import read_shell_launch
from dreamerguard.util.check_cache import cached_per_check
from dreamerguard.util.hints import nearest
from dreamerguard.util.paths import exists, is_dir, is_file

from .unstartable import Unstartable

#: Programs whose checkouts hold a file of presets.
_WITH_PRESETS = ("danijar", "nm512_torch")
_MOST_FOLDERS, _DEPTH = 300, 4
#: Characters above a command in which a folder is entered.
_MOST_TEXT = 4000
_DREAMER = re.compile(r"dreamer", re.IGNORECASE)
_OTHERS = re.compile(r"dreamer[-_]?v?[12](?![0-9])", re.IGNORECASE | re.ASCII)
_IMPORTS = re.compile(rb"^\s*(?:import|from) dreamerv3\b", re.MULTILINE)
#: Names that scripts of every project have: a document may mean those of another one.
_USUAL = frozenset({"main.py", "train.py", "run.py", "test.py", "eval.py", "evaluate.py", "setup.py", "demo.py"})
_CLONE = re.compile(r"\bgit clone\b|\bgh repo clone\b|\bgit checkout\b|\bgit submodule\b")
_CLONED = re.compile(r"\bgit clone [^\n]*?/([\w.-]+)/?[ \t]*$", re.MULTILINE)
_ANY_ENTERED = re.compile(r"\b(?:cd|pushd) +([^\s;&|]+)")
_UNPACKED = re.compile(r"\b(?:unzip|tar|gunzip)\b")
_ENTERED = re.compile(r"\b(?:cd|pushd) +([\w./-]+)")
_MADE_BY = r"(?:>|\b(?:wget|curl|cp|mv|ln|touch|tee|cat|nano|vim?|code|save|create|write|download)\b)"


def absent_script(command: Command, folder: Path) -> tuple[Program, str] | None:
    """Returns a program that only says that the script is missing, and why it stands for it; None for other commands.

    Args:
      command: the command, which no program recognises.
      folder: where it would be started.
    """
    launch = read_shell_launch(command) or read_launch(command)
    if launch is None or not _names_missing(launch, folder) or _may_be_elsewhere(command, launch, folder):
        return None
    root = checkout_root(folder)
    name = _holder(root)
    if name is None:
        return None
    text, help_text = _message(launch, root, folder)
    problem = Problem("missing-script", text, Label(launch.place.span), help=help_text)
    reason = f"{launch.program} is not there"
    return Unstartable(name, problem, reason), f"the checkout holds {name}, and {reason}"


def _names_missing(launch: Launch, folder: Path) -> bool:
    """Returns whether a command starts a file by its path below the folder, and the file is not there."""
    typed = PurePosixPath(launch.program)
    plain = launch.program.endswith((".py", ".sh")) and not launch.module and ".." not in typed.parts
    plain = plain and not _OTHERS.search(launch.program)
    absolute = typed.is_absolute() or launch.program.startswith("~")
    return plain and not absolute and not is_open(launch.program) and not exists(folder / launch.program)


def _may_be_elsewhere(command: Command, launch: Launch, folder: Path) -> bool:
    """Returns whether a script of another project may be meant, or one that earlier lines make."""
    source = command.source
    before = source.text[: launch.place.span.start] if launch.place.span.source is source else source.text
    typed = PurePosixPath(launch.program)
    made = re.search(rf"{_MADE_BY}[^\n]*\b{re.escape(typed.name)}", before, re.IGNORECASE)
    if made is not None or len(_CLONE.findall(before)) > 1:
        return True
    if any(exists(folder / entered / launch.program) for entered in _ENTERED.findall(before[-_MOST_TEXT:])):
        return True
    named = _DREAMER.search(typed.name) is not None
    return not (named or (_is_front(source.name) and _has_near(typed, folder, before)))


def _is_front(name: str) -> bool:
    """Returns whether a file is the first page of a folder, and no page of documents on other things."""
    return "/" not in name or PurePosixPath(name).name.lower().startswith("readme")


def _has_near(typed: PurePosixPath, folder: Path, before: str) -> bool:
    """Returns whether the folder that a command names holds other scripts, or any a shell script of a like name."""
    if typed.suffix == ".sh":
        if _folder_like(typed, folder):
            return not _leaves(before, folder)
        names = [item.name for item in entries_below(folder, _MOST_FOLDERS, 2) if item.name.endswith(".sh")]
        return typed.name not in names and bool(nearest(typed.name, names))
    home = folder / typed.parent
    if len(typed.parts) < 2 or typed.name in _USUAL or not is_dir(home):
        return False
    return any(item.name.endswith(".py") and item.name != "__init__.py" for item in entries_below(home, 1, 0))


@cached_per_check
def _holder(root: Path) -> str | None:
    """Returns the program whose presets lie in a checkout, or which its code imports; None without one."""
    programs = [load_program(name) for name in _WITH_PRESETS]
    for entry in entries_below(root, _MOST_FOLDERS, _DEPTH):
        if entry.name != "configs.yaml" or not is_file(Path(entry.path)):
            continue
        try:
            held = [item.name for item in programs if item.presets(Path(entry.path), entry.name) is not None]
        except SourceError:
            continue
        if held:
            return held[0]
    code = (file.data or b"" for file in indexed(root, root).files.values())
    return "danijar" if any(_IMPORTS.search(data) for data in code) else None


def _message(launch: Launch, root: Path, folder: Path) -> tuple[str, str]:
    typed = PurePosixPath(launch.program)
    names = {_from_folder(name, root, folder): None for name in indexed(root, folder).files}
    same = sorted(
        (name for name in names if PurePosixPath(name).name == typed.name), key=lambda name: (len(name), name)
    )
    beside = [name for name in names if PurePosixPath(name).parent == typed.parent]
    near = same or nearest(typed.as_posix(), beside)
    if not near and typed.suffix == ".sh" and (home := _folder_like(typed, folder)):
        near = [f"{home}/{typed.name}"]
    if near:
        return f"{typed} does not exist; {near[0]} does", f"type {near[0]}, if that is meant"
    return f"{typed} does not exist in this checkout", "name a script that exists, or remove the command"


def _from_folder(name: str, root: Path, folder: Path) -> str:
    path = root.absolute() / name
    return path.relative_to(folder.absolute()).as_posix() if path.is_relative_to(folder.absolute()) else name


def _leaves(before: str, folder: Path) -> bool:
    """Returns whether the text above a command enters a folder that the checkout lacks, or unpacks one.

    The folder of the only clone is the checkout itself.
    """
    cloned = [name.removesuffix(".git") for name in _CLONED.findall(before)]
    own = cloned if len(cloned) == 1 else []
    entered = (name.rstrip("/") for name in _ANY_ENTERED.findall(before))
    outside = any(name not in own and not is_dir(folder / name) for name in entered)
    return outside or len(cloned) > 1 or _UNPACKED.search(before) is not None


@cached_per_check
def _folder_like(typed: PurePosixPath, folder: Path) -> str:
    """Returns a folder with a like name that holds a script whose typed folder does not exist; empty without one."""
    if len(typed.parts) != 2 or exists(folder / typed.parent):
        return ""
    names = [item.name for item in entries_below(folder, 1, 0) if is_dir(Path(item.path))]
    return next((name for name in nearest(typed.parent.as_posix(), names) if exists(folder / name / typed.name)), "")
