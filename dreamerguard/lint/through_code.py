"""Recognises a training program behind a script of its own: a launcher, a dispatcher, a custom evaluation.

The script is followed through the files that it imports. If it hands its words on to a program that reads them, the
command that stands for it is checked. If only the agent is found, the command is recognised and nothing is judged.
"""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

from dreamerguard.core.finding import Problem
from dreamerguard.core.machine import Machine
from dreamerguard.core.run import ResolvedRun
from dreamerguard.core.source import Source
from dreamerguard.programs.hydra.own_launcher import OwnConfig, dead_keys, own_config
from dreamerguard.programs.interface import Program
from dreamerguard.programs.registry import UnknownProgram, programs, recognise
from dreamerguard.programs.shared.own_parser import missing_options, undeclared_options
from dreamerguard.programs.shared.python_call import read_call
from dreamerguard.programs.shared.reached_code import ReachedCode, names_another, reached_code
from dreamerguard.sources.argv import Command, Word
from dreamerguard.sources.commands.installed_scripts import with_installed_script
from dreamerguard.sources.commands.launch import Launch, read_launch
from dreamerguard.util.check_cache import cached_per_check
from dreamerguard.util.fast_dataclass import dataclass

from .beside_training import is_beside_training

#: Values of options that choose another algorithm.
_OTHERS = re.compile(r"(?:dreamer|dreamerv)[124]|ppo|sac|td3|ddpg|dqn|a2c|tdmpc2?|iris|r2i|drqn|pets|trpo")
#: Reads its arguments as overrides of hydra: all those behind its own options.
_COMPOSES = re.compile(rb"\bcompose\([^()]*\boverrides\s*=")
_RESTS = re.compile(rb"\bREMAINDER\b|\bparse_known_args\(|nargs\s*=\s*[\"']\*[\"']")
#: Starts sheeprl with the words of the command line.
_SHEEPRL = re.compile(rb"^\s*(?:from sheeprl\.cli import|import sheeprl\.cli\b).*", re.MULTILINE)
_RUN, _EVALUATION = re.compile(rb"\brun\(\s*\)"), re.compile(rb"\bevaluation\(\s*\)")
#: Starts the main function of a trainer that reads the words itself.
_HANDS_ON, _OF_MODULE = re.compile(rb"\bmain\("), re.compile(rb"\w\.main\(")
_OWN_MAIN = re.compile(rb"^(?:async )?def main\(", re.MULTILINE)
_DECORATOR = re.compile(r"^@hydra\.main\([^()]*\)", re.MULTILINE)
_READS = re.compile(rb"\bFlags\(")


@dataclass(frozen=True, slots=True)
class ThroughCode:
    """A command, its program and why it was recognised."""

    command: Command
    program: Program
    detected: str


def through_code(command: Command, folder: Path) -> ThroughCode | None:
    """Returns the program that a command starts through its own script; None if the code leads to none.

    Args:
      command: the command, which no program recognises by its words.
      folder: folder in which it would start.
    """
    shown = with_installed_script(command, folder, any_script=True) or command
    launch = read_launch(shown)
    words = [word.text for word in launch.arguments] if launch is not None else []
    if launch is None or names_another(words, _OTHERS):
        return None
    config = own_config(launch, folder)
    loaded = config.modules if config is not None else ()
    code = reached_code(launch.program, words, folder, module=launch.module, loaded=loaded)
    if code is None:
        return None
    return _handed_on(shown, launch, code, folder) or _recognised(command, code, config, folder)


def own_launcher(source: Source, folder: Path) -> ThroughCode | None:
    """Returns the program that a script with hydra files of its own starts; None for other files.

    Args:
      source: the script, with its name.
      folder: the folder that it lies in, and in which it is started.
    """
    decorator = _DECORATOR.search(source.text)
    if decorator is None:
        return None
    span = source.span(decorator.start(), decorator.end())
    name = source.name.rpartition("/")[2]
    command = Command(source, (Word("python", span, 0), Word(name, span, 1)))
    launch = read_launch(command)
    config = own_config(launch, folder) if launch is not None else None
    code = reached_code(name, (), folder, module=False, loaded=config.modules) if config is not None else None
    return _recognised(command, code, config, folder) if code is not None else None


def _handed_on(command: Command, launch: Launch, code: ReachedCode, folder: Path) -> ThroughCode | None:
    """Returns the command of a program that gets the words of the script."""
    text = code.text(code.script)
    if not code.options and _SHEEPRL.search(text):
        name = "sheeprl" if _RUN.search(text) else "sheeprl-eval" if _EVALUATION.search(text) else ""
        return _standing(command, launch, name, launch.arguments, code, folder) if name else None
    if _COMPOSES.search(text) and _RESTS.search(text):
        rest = next((at for at, word in enumerate(launch.arguments) if word.text == "--"), -1)
        return _standing(command, launch, "train.py", launch.arguments[rest + 1 :], code, folder) if rest >= 0 else None
    calls = _OF_MODULE if _OWN_MAIN.search(text) else _HANDS_ON
    if code.options or not calls.search(text):
        return None
    trainers = [name for name in code.holding(_READS) if name != code.script and _HANDS_ON.search(code.text(name))]
    if len(trainers) != 1 or not (code.index.root / trainers[0]).is_relative_to(folder.absolute()):
        return None
    path = (code.index.root / trainers[0]).relative_to(folder.absolute()).as_posix()
    return _standing(command, launch, path, launch.arguments, code, folder)


def _standing(
    command: Command, launch: Launch, program: str, words: tuple[Word, ...], code: ReachedCode, folder: Path
) -> ThroughCode | None:
    """Returns the recognised command that starts a program with words of the script's command."""
    head = [replace(launch.place, text="python")] if program.endswith(".py") else []
    parts = [*head, replace(launch.place, text=program), *words]
    placed = tuple(replace(word, index=index) for index, word in enumerate(parts))
    standing = Command(command.source, placed, command.broken)
    try:
        found, _ = recognise(standing, folder)
    except UnknownProgram:
        return None
    return ThroughCode(standing, found, f"{code.script} starts it")


def _recognised(command: Command, code: ReachedCode, config: OwnConfig | None, folder: Path) -> ThroughCode | None:
    """Returns the program whose agent the code makes; of its settings, those in files of its own are judged.

    A script that trains no DreamerV3 agent counts only if its own parser stops it.
    """
    if is_beside_training(code) and not _parser_problems(command, folder):
        return None
    found = _program_of(code)
    return ThroughCode(command, _Launched(found[0], code, config), found[1]) if found is not None else None


@cached_per_check
def _program_of(code: ReachedCode) -> tuple[Program, str] | None:
    """Returns the program whose agent the code makes, and why it is that one."""
    reasons = ((program, program.runs_in(code)) for program in programs())
    return next(((program, reason) for program, reason in reasons if reason is not None), None)


def _parser_problems(command: Command, folder: Path) -> tuple[Problem, ...]:
    call = read_call(command)
    return (*missing_options(call, command, folder), *undeclared_options(call, folder))


class _Launched(Program):
    """A program that a script starts with settings of its own."""

    def __init__(self, program: Program, code: ReachedCode, config: OwnConfig | None) -> None:
        self.name = program.name
        self.code = code
        self.config = config

    def detect(self, command: Command, folder: Path) -> str | None:
        """Recognises nothing by the words of a command."""
        return None

    def resolve(self, command: Command, machine: Machine, folder: Path) -> ResolvedRun:
        """Returns a run of which only the launcher's own files are judged."""
        reason = f"{self.code.script} sets the configuration in its own code"
        run = ResolvedRun(
            self.name, command.span, {}, {}, {}, machine=machine, open=True, unread=(reason,), seen=False,
            problems=_parser_problems(command, folder),
        )  # fmt: skip
        own = self.config
        if own is None:
            return run
        return replace(
            run,
            settings=own.composition.settings(),
            keys=dead_keys(own, self.code),
            unknown=tuple(item for item in own.composition.unknown if item.fatal),
            problems=(*run.problems, *own.words.problems, *own.composition.problems),
            files=own.files,
            overrides=len(own.words.overrides),
            whole=True,
        )
