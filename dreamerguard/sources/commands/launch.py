"""Finds the program that a command starts, behind launchers and variables: srun, ``CUDA_VISIBLE_DEVICES=0``, ..."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

from dreamerguard.core.programs import CONSOLE_COMMANDS
from dreamerguard.sources.argv import UNKNOWN, Command, Word, unknown_flags
from dreamerguard.util.fast_dataclass import dataclass

from .installed_scripts import RUNNERS, started_at
from .only_named import is_label, only_names

#: Launchers: programs that start another program, named after their options.
_WRAPPERS = frozenset({
    "srun", "sbatch", "torchrun", "accelerate", "nohup", "env", "time", "timeout", "nice", "ionice", "uv",
    "uvx", "poetry", "pipenv", "pixi", "hatch", "rye", "conda", "mamba", "micromamba", "docker", "podman",
    "singularity", "apptainer", "enroot", "xvfb-run", "diambra", "exec", "command", "numactl", "taskset",
    "mpirun", "mpiexec", "deepspeed", "stdbuf", "setsid", "sudo", "caffeinate", "screen", "tmux", "bash", "sh",
    "zsh", "eval", "ts", "bsub", "qsub", "jsrun", "ibrun", "modal", "nsys", "unbuffer", "script", "start",
    "cmd", "xargs", "parallel", "prime-run", "optirun", "vglrun", "wandb",
    "coverage", "viztracer", "kernprof", "py-spy", "ipython", "call", "rlwrap", "chrt", "systemd-run", "flock",
    "isaaclab", "isaaclab.sh", "isaaclab.bat", "orbit.sh", "orbit.bat",
})  # fmt: skip
_PYTHON = re.compile(r"python[\d.]*w?(\.exe)?|pypy3?|py(\.exe)?|python\.(sh|bat)")
_VARIABLE = re.compile(r"[A-Za-z_]\w*=.*", re.DOTALL | re.ASCII)
#: Options of the Python interpreter that take the next word as their value.
_TAKES_VALUE = frozenset({"-X", "-W", "--check-hash-based-pycs"})
#: Launchers that start a module behind ``-m``.
_STARTS_MODULES = frozenset({"torchrun", "accelerate", "uv", "deepspeed", "coverage"})
#: Modules that start the script named after their options.
_LAUNCH_MODULES = frozenset({
    "torch.distributed.run", "torch.distributed.launch", "accelerate.commands.launch", "accelerate.launch", "cProfile",
    "profile", "pdb", "ipdb", "debugpy", "coverage", "viztracer", "scalene", "memory_profiler", "kernprof", "trace",
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Launch:
    """A program and its arguments.

    Attributes:
      program: path of the script as written, name of the module, or name of the command.
      place: the word that names the program.
      arguments: the words after it.
      module: whether ``python -m`` starts the program.
    """

    program: str
    place: Word
    arguments: tuple[Word, ...]
    module: bool = False

    @property
    def name(self) -> str:
        """The last part of the path or of the module: ``train.py``, ``main``."""
        return self.program.rsplit(".", 1)[-1] if self.module else PurePosixPath(self.program).name

    @property
    def open(self) -> bool:
        """Whether the shell may add unknown arguments."""
        return bool(unknown_flags(self.arguments))


def read_launch(command: Command) -> Launch | None:
    """Returns the program of a command; None if the command starts no program that could train."""
    words = command.words
    index = 0
    while index < len(words) and _VARIABLE.fullmatch(words[index].text):
        index += 1
    if index == len(words):
        return None
    first = PurePosixPath(words[index].text).name
    wrapped = first in _WRAPPERS
    # a custom launcher counts as one if it names the interpreter that it starts
    script = not wrapped and first.endswith((".sh", ".bat")) and not _PYTHON.fullmatch(first)
    for at in range(index, len(words) if wrapped or script else index + 1):
        if script and not _PYTHON.fullmatch(PurePosixPath(words[at].text).name):
            continue
        found = _program(words, at, allow_file=wrapped or at == index)
        if found is None and words[at].text in ("-m", "--module") and first in _STARTS_MODULES and at + 1 < len(words):
            found = words[at + 1].text, True, at + 2
        if found is not None:
            texts = [word.text for word in words]
            if wrapped and only_names(texts[index:at]):
                return None
            if wrapped and texts[at] in CONSOLE_COMMANDS and is_label(texts, at):
                continue
            program, module, first_argument = found
            place = words[first_argument - 1]
            return Launch(program, place, words[first_argument:], module)
    named = started_at(tuple(word.text for word in words)) if first in RUNNERS else None
    return Launch(words[named].text, words[named], words[named + 1 :]) if named is not None else None


def _program(words: tuple[Word, ...], at: int, allow_file: bool) -> tuple[str, bool, int] | None:
    """Returns the program, whether it is a module, and the index of its first argument."""
    name = PurePosixPath(words[at].text).name
    if _PYTHON.fullmatch(name) or (words[at].text == UNKNOWN and _script_follows(words, at)):
        return _after_python(words, at + 1)
    if name in CONSOLE_COMMANDS:
        return name, False, at + 1
    if allow_file and name.endswith(".py"):
        return words[at].text, False, at + 1
    return None


def _script_follows(words: tuple[Word, ...], at: int) -> bool:
    found = _after_python(words, at + 1)
    return found is not None and (found[1] or found[0].endswith(".py"))


def _after_python(words: tuple[Word, ...], at: int) -> tuple[str, bool, int] | None:
    while at < len(words):
        text = words[at].text
        if text == "-m":
            return _module(words, at + 1)
        if text in ("-c", "-"):
            return None
        if not text.startswith("-"):
            return text, False, at + 1
        at += 2 if text in _TAKES_VALUE else 1
    return None


def _module(words: tuple[Word, ...], at: int) -> tuple[str, bool, int] | None:
    """Returns the module at a position, or the script that it starts."""
    if at >= len(words):
        return None
    if words[at].text not in _LAUNCH_MODULES:
        return words[at].text, True, at + 1
    for index in range(at + 1, len(words)):
        if words[index].text.endswith(".py"):
            return words[index].text, False, index + 1
        if words[index].text in ("-m", "--module") and index + 1 < len(words):
            return words[index + 1].text, True, index + 2
    return words[at].text, True, at + 1
