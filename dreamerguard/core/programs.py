"""Which training programs are supported. Adding one is a folder in ``dreamerguard/programs`` and a line here."""

from __future__ import annotations

from dreamerguard.util.fast_dataclass import dataclass


@dataclass(frozen=True, slots=True)
class SupportedProgram:
    """A training program as the registry knows it.

    Attributes:
      name: of its folder in ``dreamerguard/programs``, and in reports and options.
      title: for people: repository, or the name of the product.
      commands: console commands that start it, besides Python scripts.
    """

    name: str
    title: str
    commands: tuple[str, ...] = ()


#: The most specific first: the first program that recognises a command or a log is taken.
SUPPORTED = (
    SupportedProgram("native", "the bundled trainer", ("dreamerguard",)),
    SupportedProgram("sheeprl", "Eclectic-Sheep/sheeprl", ("sheeprl",)),
    SupportedProgram("torchrl", "pytorch/rl"),
    SupportedProgram("r2dreamer", "NM512/r2dreamer"),
    SupportedProgram("nm512_torch", "NM512/dreamerv3-torch"),
    SupportedProgram("danijar", "danijar/dreamerv3"),
)

#: Console commands that start a training program.
CONSOLE_COMMANDS = frozenset(command for program in SUPPORTED for command in program.commands)
