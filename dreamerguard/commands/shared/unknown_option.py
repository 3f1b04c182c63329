"""The message for an option that does not exist, with the option that was probably meant."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from difflib import SequenceMatcher

from dreamerguard.util.hints import did_you_mean, nearest, nearest_key


def no_such_option(typed: str, command: str, known: Iterable[str]) -> str:
    """Returns the message about an option that a command does not have.

    Args:
      typed: the option as typed, perhaps with ``=`` and a value.
      command: name of the command; empty for the program itself.
      known: the options that exist, with their dashes.
    """
    name = typed.partition("=")[0]
    options = [item for item in known if item.startswith("--")]
    near = next(iter(nearest(name, options)), None) or _with_part(name, options)
    help_on = did_you_mean(near) or "; --help lists the options"
    return f"there is no option {name}{f' of {command}' if command else ''}{help_on}"


def mistyped_option(typed: Iterable[str], command: str, known: Iterable[str]) -> str | None:
    """Returns the message about the first argument that is nearer to an option than to a key; None without one.

    ``lint`` and ``train`` read ``--NAME VALUE`` as a setting, so a mistyped option would be a key that does not exist.

    Args:
      typed: arguments with dashes that set a key, with or without a value.
      command: name of the command.
      known: its options, with their dashes.
    """
    from dreamerguard.programs.native.keys import NATIVE_RENAMES, native_keys

    options, keys = [item for item in known if item.startswith("--")], native_keys()
    for text in typed:
        name = text.split(" ")[0].partition("=")[0]
        key = name.lstrip("-").replace("-", "_")
        if "." in key or key in keys or key in NATIVE_RENAMES:
            continue
        near = next(iter(nearest(name, options)), None) or _with_part(name, options)
        if near is not None and _ratio(key, near.lstrip("-")) > _ratio(key, nearest_key(key, keys) or ""):
            return no_such_option(name, command, options)
    return None


def _ratio(name: str, known: str) -> float:
    """Returns the similarity of two names, of a key without its section."""
    return SequenceMatcher(None, name, known.rpartition(".")[2].replace("-", "_")).ratio()


def _with_part(name: str, options: Sequence[str]) -> str | None:
    """Returns the only option with a part that is close to a name: ``--output-format`` for ``--formatt``."""
    parts = {part for item in options for part in item[2:].split("-")}
    near = nearest(name.replace("_", "-"), sorted(parts))
    found = [item for item in options if near and near[0] in item[2:].split("-")]
    return found[0] if len(found) == 1 else None
