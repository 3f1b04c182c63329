"""Which programs there are, and which one a command starts."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path, PurePath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dreamerguard.sources.argv import Command

    from .base import Dialect, PresetDialect


class UnknownProgram(LookupError):
    """No dialect recognises the command."""

    def __init__(self, program: str) -> None:
        super().__init__(f"I do not know the program {program}")
        self.program = program


def dialects() -> Iterator[Dialect]:
    """Every program that is understood, the most particular first. Each is only loaded when its turn comes."""
    from dreamerguard.programs.native.program import Native

    yield Native()
    from dreamerguard.programs.sheeprl.program import Sheeprl

    yield Sheeprl()
    from dreamerguard.programs.r2dreamer.program import R2Dreamer

    yield R2Dreamer()
    yield from preset_dialects()


def preset_dialects() -> Iterator[PresetDialect]:
    """Programs that keep their settings in one file of presets."""
    from dreamerguard.programs.nm512_torch.program import Nm512Torch

    yield Nm512Torch()
    from dreamerguard.programs.danijar.program import Danijar

    yield Danijar()


def recognise(command: Command, folder: Path) -> tuple[Dialect, str]:
    """The program of a command started in a folder, and how it was recognised.

    Raises:
      UnknownProgram: no dialect recognises it.
    """
    for dialect in dialects():
        reason = dialect.detect(command, folder)
        if reason is not None:
            return dialect, reason
    words = [word.text for word in command.words if "=" not in word.text]
    python = bool(words) and PurePath(words[0]).name.startswith("python")
    raise UnknownProgram(" ".join(words[: 2 if python else 1]) or "''")


def demanded(command: Command, name: str) -> tuple[Dialect, str]:
    """The dialect of a name, ``danijar:2023`` with an edition; the command must be one that it can read at all.

    Raises:
      UnknownProgram: there is no such dialect, or it cannot read the command.
    """
    from dreamerguard.programs.danijar.editions import EDITIONS
    from dreamerguard.programs.danijar.program import Danijar
    from dreamerguard.programs.shared.python_call import read_call

    base, _, edition = name.partition(":")
    known = next((item for item in dialects() if item.name == base), None)
    python = base in {item.name for item in preset_dialects()}
    if known is None or (edition and (base != Danijar.name or edition not in EDITIONS)):
        raise UnknownProgram(name)
    if python and read_call(command) is None:
        raise UnknownProgram(command.source.text)
    return (Danijar(edition) if edition else known), "as demanded"
