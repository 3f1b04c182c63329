"""Knows commands that name a program and do not start it: ``pip install NAME``, ``pkill -f NAME``, ``which NAME``."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import PurePosixPath

#: They look for a program, stop it or install it.
_NAMES = frozenset({
    "pkill", "pgrep", "pidof", "killall", "grep", "egrep", "fgrep", "zgrep", "rg", "ag", "which", "whereis", "whatis",
    "man", "apropos", "apt", "apt-get", "apt-cache", "aptitude", "dpkg", "yum", "dnf", "pacman", "brew", "easy_install",
})  # fmt: skip
_INSTALLERS = re.compile(
    r"pip[\d.]*|pipx|uv|conda|mamba|micromamba|poetry|pdm|pixi|rye|hatch|pipenv|docker|podman", re.ASCII
)
#: What the installers do besides starting a program.
_OTHER_ACTIONS = frozenset({
    "install", "uninstall", "add", "remove", "download", "wheel", "show", "list", "freeze", "search", "create",
    "update", "upgrade", "activate", "info", "tree", "pull", "push", "build", "tag", "rmi", "images", "logs", "stop",
    "kill", "rm", "inspect", "attach",
})  # fmt: skip
_STARTS = frozenset({"run", "exec", "shell"})
#: Options in front of the name of a session, a job, a container or an environment.
_NAMING = frozenset({"-n", "--name", "-s", "-S", "-J", "--job-name", "--prefix"})
_SESSIONS = frozenset({"tmux", "screen"})


def only_names(texts: Sequence[str]) -> bool:
    """Returns whether words in front of a program's name say that it is not started."""
    for at, text in enumerate(texts):
        name = text.rstrip("/").rpartition("/")[2]  # a path object for every word takes much of a check's time
        if name in _NAMES or (name == "command" and texts[at + 1 : at + 2] in (["-v"], ["-V"])):
            return True
        if _INSTALLERS.fullmatch(name):
            actions = [word for word in texts[at + 1 :] if not word.startswith("-")][:2]
            if actions[:1] and actions[0] not in _STARTS and _OTHER_ACTIONS & set(actions):
                return True
    return False


def is_label(texts: Sequence[str], at: int) -> bool:
    """Returns whether a program's name is that of a session, an image or an environment: ``conda run -n NAME``."""
    following = PurePosixPath(texts[at + 1]).name if at + 1 < len(texts) else ""
    before = texts[at - 1] if at else ""
    named = before in _NAMING or (before in ("-t", "-r") and not _SESSIONS.isdisjoint(texts[:at]))
    return named or re.fullmatch(r"python[\d.]*|bash|sh", following) is not None
