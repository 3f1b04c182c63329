"""Recognises danijar/dreamerv3 in the code that a script runs, however the script is called."""

from __future__ import annotations

import re

from dreamerguard.programs.shared.reached_code import ReachedCode

#: Makes an agent; not the class itself.
_MAKES = re.compile(rb"(?<!class )\b(?:Agent|JAXAgent)\(")
_CLASS = re.compile(rb"^class Agent\(", re.MULTILINE)
#: Libraries that only this program and its forks use.
_OWN = re.compile(rb"^\s*(?:from|import) +(?:\.*|[\w.]+\.)?(?:embodied|ninjax|jaxutils|jaxagent)\b", re.MULTILINE)
_PACKAGE = re.compile(r"dreamer_?v3\w*", re.ASCII | re.IGNORECASE)
_LIBRARY = "embodied"
#: What the agent of DreamerV3 has and other agents of the library lack.
_PARTS = (b"rssm", b"imag", b"repval")
#: Agents of other algorithms with the same parts.
_OTHERS = re.compile(r"(^|/)(director|dreamer_?v?[12]\w*|hieros|ppo)/", re.IGNORECASE)


def runs_danijar(code: ReachedCode) -> str | None:
    """Returns why a script runs this program: it makes the agent of a package ``dreamerv3``; else None."""
    makers = [name for name in code.calls(_MAKES) if not _of_library(name)]
    if not makers:
        return None
    own = next((name for name in code.holding(_CLASS) if _is_agent(name, code)), None)
    if own is not None:
        return f"{makers[0]} makes the agent of {own}"
    module = next((name for name in sorted(code.modules()) if _is_installed(name, code)), None)
    return f"{makers[0]} makes the agent of the package {module.partition('.')[0]}" if module is not None else None


def _of_library(name: str) -> bool:
    """Returns whether a file is of the library; an edition of it held the agents in its folder ``agents``."""
    folders = name.split("/")[:-1]
    return _LIBRARY in folders and "agents" not in folders


def _is_agent(name: str, code: ReachedCode) -> bool:
    """Returns whether a file is the agent of a package ``dreamerv3`` in JAX, or one of another name with its parts."""
    folders, text = name.split("/")[:-1], code.text(name)
    named = any(_PACKAGE.fullmatch(folder) for folder in folders)
    named = named or (not _OTHERS.search(name) and all(part in text for part in _PARTS))
    return named and not _of_library(name) and _OWN.search(text) is not None


def _is_installed(module: str, code: ReachedCode) -> bool:
    """Returns whether a module is of a package ``dreamerv3`` that the checkout lacks."""
    parts = module.split(".")
    return parts[0] == "dreamerv3" and not code.index.files_of(code.script, parts[0])
