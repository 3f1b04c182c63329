"""Tells scripts that cannot start a training from others, by the programs that they and their arguments name.

To follow a script with its arguments takes long. A repository's own wrapper of Python may be called in hundreds of
lines of its documentation, each time with another program.
"""

from __future__ import annotations

import re
from pathlib import PurePosixPath

from dreamerguard.core.source import Source
from dreamerguard.util.check_cache import cached_per_check

from .nearby_files import read_nearby

#: Names and settings of the supported programs, and of forks of them.
_HINT = re.compile(r"dreamer|embodied|sheeprl|torchrl|rllib|\bdv3|--configs?\b|\bexp=|train_ratio", re.IGNORECASE)
#: Files of programs and modules that a text names. A variable in front of a path is left out.
_PROGRAM = re.compile(r"(?:[\w.-]+/)*[\w.-]+\.(?:py|sh|bash|slurm|sbatch)\b", re.ASCII)
_MODULE = re.compile(r"(?:^|\s)-m[\s=]+([\w.]+)", re.ASCII)
#: Names of files that may train, where the file itself is not found.
_LIKELY = re.compile(r"train|main|run|exp|launch|start|agent", re.IGNORECASE)
#: Files that are looked into for one script.
_MOST = 64


def may_train(script: Source, arguments: tuple[str, ...]) -> bool:
    """Returns whether a script, called with some arguments, may start a DreamerV3 program.

    It may if it, its arguments, or a file of the checkout that one of them names has a word of such a program, or if
    a file with a likely name is not found.
    """
    if _named_in_script(script):
        return True
    text = " ".join(arguments)
    return _HINT.search(text) is not None or _any_may_train(text, script.name)


@cached_per_check
def _named_in_script(script: Source) -> bool:
    return _HINT.search(script.text) is not None or _any_may_train(script.text, script.name)


def _any_may_train(text: str, own: str) -> bool:
    names = set(_PROGRAM.findall(text)) | {f"{name.replace('.', '/')}.py" for name in _MODULE.findall(text)}
    names.discard(own)
    return len(names) > _MOST or any(_program_may_train(name) for name in names)


def _program_may_train(name: str) -> bool:
    source = read_nearby(name)
    if source is None:
        return _LIKELY.search(PurePosixPath(name).stem) is not None
    return _HINT.search(source.text) is not None
