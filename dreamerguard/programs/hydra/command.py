"""Reads the arguments of a command that starts a hydra program, and finds its configuration folder."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath

from dreamerguard.core.finding import Problem
from dreamerguard.core.source import Label, Span
from dreamerguard.sources.argv import Word
from dreamerguard.sources.commands.launch import Launch
from dreamerguard.util.check_cache import cached_per_check
from dreamerguard.util.fast_dataclass import dataclass

from .decorator import named_config
from .overrides import HydraOverride, Malformed, read_override

#: Options of hydra itself; true for those that take a value.
OPTIONS = {
    "--multirun": False, "-m": False, "--config-name": True, "-cn": True, "--config-path": True, "-cp": True,
    "--config-dir": True, "-cd": True, "--cfg": True, "-c": True, "--package": True, "-p": True, "--resolve": False,
    "--run": False, "-r": False, "--info": False, "-i": False, "--help": False, "-h": False, "--hydra-help": False,
    "--experimental-rerun": True, "--version": False, "--shell-completion": False, "-sc": False,
}  # fmt: skip

#: A key without a value; names of files, which a script may take itself, look the same.
_FORGOTTEN = re.compile(r"[A-Za-z_]\w*(?:[./][A-Za-z_]\w*)+")
_FILE = re.compile(r"\.(?:ya?ml|json|py|sh|txt|log|out|err|csv|md|ckpt|pth?|npz?|zip|gz|mp4|gif)$")


def folder_above(path: Path, name: str, inside: str = "") -> Path | None:
    """Returns the parent of the folder ``name`` above a file; the grandparent if the parent is ``inside``; or None."""
    above = next((folder.parent for folder in path.parent.parents if folder.name == name), None)
    return above.parent if above is not None and inside and above.name == inside else above


@dataclass(frozen=True, slots=True)
class HydraArguments:
    """The arguments of a command as hydra reads them."""

    overrides: tuple[HydraOverride, ...]
    problems: tuple[Problem, ...]
    config_name: str | None = None
    config_path: str | None = None
    multirun: bool = False


def read_hydra_arguments(words: Sequence[Word]) -> HydraArguments:
    """Sorts arguments into overrides and options; a sweep without ``-m`` and a malformed value become problems."""
    overrides: list[HydraOverride] = []
    problems: list[Problem] = []
    options: dict[str, str] = {}
    queue = list(words)
    while queue:
        word = queue.pop(0)
        name, equals, value = word.text.partition("=")
        if name in OPTIONS:
            taken = OPTIONS[name] and not equals and bool(queue)
            options[name] = queue.pop(0).text if taken else value
            continue
        try:
            item = read_override(word)
        except Malformed as error:
            problems.append(_malformed(word, str(error)))
            continue
        if item is not None:
            overrides.append(item)
        elif _FORGOTTEN.fullmatch(word.text) and not _FILE.search(word.text):
            problems.append(_without_value(word))
    mode = {item.text for item in overrides if item.key == "hydra.mode"}
    multirun = "-m" in options or "--multirun" in options or "MULTIRUN" in mode
    problems += [_sweep(item.span, item.key) for item in overrides if item.sweep and not multirun]
    config_name = options.get("--config-name") or options.get("-cn")
    return HydraArguments(
        tuple(overrides), tuple(problems), config_name, options.get("--config-path") or options.get("-cp"), multirun
    )


def _malformed(word: Word, reason: str) -> Problem:
    key = word.text.partition("=")[0].lstrip("+~")
    text = "write the value in quotes, and put the argument in quotes for the shell: 'key=\"value\"'"
    return Problem(
        "malformed-override", f"hydra cannot read the value of {key}: {reason}", Label(word.span), key, help=text
    )


def _without_value(word: Word) -> Problem:
    group, dot, option = word.text.rpartition("/" if "/" in word.text else ".")
    return Problem(
        "malformed-override",
        f"hydra stops at {word.text}: an argument needs a key, = and a value",
        Label(word.span),
        key=word.text,
        help=f"write {group}={option} or {group}{dot}{option}=VALUE",
    )


def _sweep(span: Span, key: str) -> Problem:
    return Problem(
        "malformed-override",
        f"{key} has several values, a sweep, which hydra only runs with -m",
        Label(span),
        key=key,
        help="add -m to run all values, or write a list in brackets",
    )


@dataclass(frozen=True, slots=True)
class Checkout:
    """A configuration folder on disk.

    Attributes:
      folder: path of the folder.
      shown: its name in reports.
      complete: whether it also holds the primary file, and not only additional files.
      additions: other folders with files that take precedence, as in a search path of hydra.
      primary: name of the primary file, where the script names another than its program.
    """

    folder: Path
    shown: str
    complete: bool
    additions: tuple[Checkout, ...] = ()
    primary: str = ""


def primary_of(checkout: Checkout | None, usual: str) -> str:
    """Returns the name of the primary file."""
    return (checkout.primary if checkout is not None else "") or usual


def find_config_folder(
    launch: Launch, folder: Path, places: Sequence[str], primary: str, mark: str, scripts: Sequence[str] = ()
) -> Checkout | None:
    """Returns the configuration folder beside a program, or below the folder in which it starts; None without one.

    Args:
      launch: the started program.
      folder: folder in which it starts.
      places: folders of its configuration, relative to the program or to the root of its repository.
      primary: name of the primary file.
      mark: pattern of a text that only the configuration of this program has.
      scripts: files besides the program itself that may name the folder, relative to the starting folder.
    """
    named = named_config(launch, folder, scripts, read_hydra_arguments(launch.arguments).config_path)
    usual = _usual_folder(launch, folder, places, primary, mark)
    if named is None or (usual is not None and usual.shown == named.place and named.primary in ("", primary)):
        return usual
    kind = _kind(folder / named.place, named.primary or primary, mark)
    if kind is None:
        return usual
    return Checkout(folder / named.place, named.place, kind == "complete", primary=named.primary)


def _usual_folder(launch: Launch, folder: Path, places: Sequence[str], primary: str, mark: str) -> Checkout | None:
    beside = str(PurePosixPath(launch.program).parent) if not launch.module else ""
    bases = [beside] if beside not in ("", ".") and not beside.startswith("/") else []
    for base in (*bases, ""):
        found: list[Checkout] = []
        for place in places:
            shown = "/".join(part for part in (base, place) if part)
            kind = _kind(folder / shown, primary, mark)
            if kind is not None:
                found.append(Checkout(folder / shown, shown, kind == "complete"))
        if found:
            first, *others = sorted(found, key=lambda item: not item.complete)
            return replace(first, additions=tuple(others))
    return None


@cached_per_check
def _kind(folder: Path, primary: str, mark: str) -> str | None:
    """Returns ``complete`` or ``partial``; None if the folder does not belong to the program."""
    try:
        if (folder / f"{primary}.yaml").is_file() and mentions(folder, mark):
            return "complete"
        return "partial" if mentions(folder, mark) else None
    except OSError:
        return None


def mentions(folder: Path, mark: str) -> bool:
    """Returns whether a pattern occurs in a file of a configuration folder."""
    for path in [*sorted(folder.glob("*.yaml")), *sorted(folder.glob("*/*.yaml"))][:200]:
        try:
            small = path.stat().st_size < 200_000
            if small and re.search(mark, path.read_text(encoding="utf-8", errors="replace")):
                return True
        except OSError:
            continue
    return False
