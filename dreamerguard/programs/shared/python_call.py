"""Finds the part of a command that a Python program gets: its script and its arguments, up to a shell operator."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

from dreamerguard.sources.argv import UNKNOWN, Command, Word
from dreamerguard.util.fast_dataclass import dataclass

_END = re.compile(r"\||\|\||&|&&|;|[0-9]?>>?.*|<.*|&>.*|\)", re.DOTALL)
_PLACEHOLDER = re.compile(r"<[A-Za-z][^<>]*>")
#: Names of scripts and folders of other algorithms: DreamerV1, DreamerV2 and its family, DayDreamer, Director.
_OTHERS = re.compile(r"(?:dream|day)[a-z_-]*[12](?![0-9])|daydreamer|director|planet(?![a-z])", re.ASCII)
_HYDRA = re.compile(r"[+~]{0,2}[A-Za-z_][\w.@/]*=.*", re.DOTALL)


@dataclass(frozen=True, slots=True)
class PythonCall:
    """A Python program and its arguments.

    Attributes:
      script: path of the script as typed; for ``-m package.module`` the path of the module.
      words: arguments that the program gets.
    """

    script: str
    words: tuple[Word, ...]

    @property
    def file(self) -> str:
        """Name of the script without folders."""
        return PurePosixPath(self.script).name

    @property
    def hydra(self) -> bool:
        """Whether any argument is a ``key=value`` override, which only another kind of program reads.

        With the options of this kind, it is a value or a slip: ``--logdir logdir=logs``.
        """
        others = [word.text for word in self.words if not word.text.startswith("-")]
        return not self.has("--configs", "--logdir") and any(map(_HYDRA.fullmatch, others))

    def has(self, *flags: str) -> bool:
        """Returns whether any of the flags is given."""
        return any(word.text.partition("=")[0] in flags for word in self.words)


def read_call(command: Command) -> PythonCall | None:
    """Returns the first script that the command starts; None if it does not start a Python program."""
    words = command.words
    for index, word in enumerate(words):
        if word.text == "-m" and index + 1 < len(words) and index > 0:
            module = words[index + 1].text
            return PythonCall(f"{module.replace('.', '/')}.py", _own(words[index + 2 :]))
        if word.text.endswith(".py") and not word.text.startswith("-"):
            return PythonCall(word.text, _own(words[index + 1 :]))
    return None


def names_other(call: PythonCall) -> bool:
    """Returns whether a script's path names another algorithm of the family, or its options are DayDreamer's."""
    parts = PurePosixPath(call.script.lower()).with_suffix("").parts
    if any(_OTHERS.match(part) for part in parts):
        return True
    # There, ``run`` is the name of a script; in DreamerV3 it is a group of settings.
    return call.has("--run") or any(word.text.startswith("--tf.") for word in call.words)


def _own(words: tuple[Word, ...]) -> tuple[Word, ...]:
    for index, word in enumerate(words):
        unquoted = word.span.text.strip("'\"")
        if _END.fullmatch(word.text) and unquoted == word.text and not _PLACEHOLDER.match(word.text):
            return words[:index]
    return words


def is_open(text: str) -> bool:
    """Returns whether an argument is a placeholder that the shell or the reader fills in: ``$SEED``, ``<path>``."""
    return UNKNOWN in text or "$" in text or "`" in text or _PLACEHOLDER.search(text) is not None
