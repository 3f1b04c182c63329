"""The message for an option that does not exist, with the option that was probably meant."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from dreamerguard.util.hints import did_you_mean, nearest


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


def _with_part(name: str, options: Sequence[str]) -> str | None:
    """Returns the only option with a part that is close to a name: ``--output-format`` for ``--formatt``."""
    parts = {part for item in options for part in item[2:].split("-")}
    near = nearest(name.replace("_", "-"), sorted(parts))
    found = [item for item in options if near and near[0] in item[2:].split("-")]
    return found[0] if len(found) == 1 else None
