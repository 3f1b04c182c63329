"""The supported training programs. To add one, add a folder in ``dreamerguard/programs`` and a line here."""

from __future__ import annotations

from dreamerguard.util.fast_dataclass import dataclass


@dataclass(frozen=True, slots=True)
class SupportedProgram:
    """A training program in the registry.

    Attributes:
      name: name of its folder in ``dreamerguard/programs``, also used in reports and options.
      title: title for people: the repository, or the name of the product.
      commands: console commands that start it, besides Python scripts.
      logs: whether its logs can be read, by its ``log_layout.py``.
    """

    name: str
    title: str
    commands: tuple[str, ...] = ()
    logs: bool = True


#: The most specific first: the first program that recognises a command or a log is used.
SUPPORTED = (
    SupportedProgram("native", "the bundled trainer", ("dreamerguard",)),
    SupportedProgram("sheeprl", "Eclectic-Sheep/sheeprl", ("sheeprl", "sheeprl-eval")),
    SupportedProgram("rllib", "RLlib of ray-project/ray", logs=False),
    SupportedProgram("torchrl", "pytorch/rl"),
    SupportedProgram("r2dreamer", "NM512/r2dreamer"),
    SupportedProgram("nm512_torch", "NM512/dreamerv3-torch"),
    SupportedProgram("danijar", "danijar/dreamerv3"),
)

#: Console commands that start a training program.
CONSOLE_COMMANDS = frozenset(command for program in SUPPORTED for command in program.commands)


def shown_program(name: str) -> str:
    """Returns the name of a program for people; options and JSON keep the identifier ``native``."""
    return "bundled trainer" if name == "native" else name
