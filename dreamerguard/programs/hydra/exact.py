"""Composes with hydra itself the configurations that the built-in reader does not support.

Hydra runs in a separate process, isolated from the checkout: the checkout's modules cannot be imported there, none of
its resolvers is registered, and interpolations stay as they are written. So no code of the checkout runs. Install hydra
with ``pip install 'dreamerguard[hydra]'``.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from dreamerguard.core.finding import Problem
from dreamerguard.core.setting import Layer
from dreamerguard.core.source import Label, Origin, SourceError, Span, Value

from .composition import Composition
from .overrides import HydraOverride
from .tree import Leaf, Tree

#: Limits of the process. Composing takes hydra a tenth of a second, so a file that needs a second may be malicious;
#: loading hydra may take longer.
_BUSY_SECONDS, _BYTES, _SECONDS = 1, 300_000_000, 30
_ORIGIN = Origin("composed by hydra", "https://hydra.cc")
_PROGRAM = """
import json, sys, time
from hydra import compose, initialize_config_dir
from omegaconf import OmegaConf
folder, name, words, seconds, size = json.load(sys.stdin)
try:
    import resource
    seconds += int(time.process_time())
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    resource.setrlimit(resource.RLIMIT_DATA, (size, size))
except ImportError:
    pass
with initialize_config_dir(folder, version_base=None):
    try:
        config = OmegaConf.to_container(compose(name, overrides=words), resolve=False)
        config.pop("hydra", None)
        print(json.dumps({"config": config}, default=str))
    except Exception as error:
        print(json.dumps({"error": str(error)}))
"""


class NeedsHydra(SourceError):
    """The configuration can only be composed by hydra, and hydra or the configuration folder is missing."""


def installed() -> bool:
    """Returns whether hydra is installed."""
    return find_spec("hydra") is not None and find_spec("omegaconf") is not None


def compose_exactly(
    folder: Path | None, primary: str, overrides: Sequence[HydraOverride], anchor: Span, reason: str
) -> Composition:
    """Returns the configuration that hydra composes from a folder and overrides.

    Args:
      folder: configuration folder of the checkout; None without a checkout.
      primary: name of the primary file.
      overrides: overrides in the order of the command; those with unknown values are not passed, and their keys stay
        unknown.
      anchor: place of the problem if hydra refuses the configuration.
      reason: reason why the built-in reader cannot compose it, for the message.

    Raises:
      NeedsHydra: hydra is not installed, or there is no folder.
      SourceError: hydra gives no answer, or needs too much time or memory.
    """
    if folder is None or not installed():
        raise NeedsHydra(f"cannot compose this configuration: {reason}; {_missing(folder)}")
    known = [item for item in overrides if not item.unknown and not item.sweep]
    answer = _ask(folder, primary, [item.word.text for item in known])
    result = Composition()
    if "error" in answer:
        first = str(answer["error"]).strip().split("\n")[0]
        result.problems.append(Problem("unknown-option", f"hydra refuses the configuration: {first}", Label(anchor)))
        result.blind = True
        return result
    result.root = _tree(answer["config"], "", {item.key: item for item in known})
    result.open = {item.key for item in overrides if item.unknown or item.sweep}
    return result


def _missing(folder: Path | None) -> str:
    """Returns how to get what is missing, for the message."""
    steps = []
    if folder is None:
        steps.append("run dreamerguard in a checkout of the program, because its configuration folder is not here")
    if not installed():
        steps.append("install hydra: pip install 'dreamerguard[hydra]'")
    return ", and ".join(steps)


def _ask(folder: Path, primary: str, words: list[str]) -> dict[str, Any]:
    question = json.dumps([str(folder.resolve()), primary, words, _BUSY_SECONDS, _BYTES])
    try:
        done = subprocess.run(
            [sys.executable, "-I", "-c", _PROGRAM],
            input=question,
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            cwd="/",
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired, ValueError) as error:
        raise SourceError(f"hydra cannot compose {folder}: {error}") from error
    try:
        answer: dict[str, Any] = json.loads(done.stdout.strip().split("\n")[-1])
    except ValueError:
        why = "it takes too much time or memory" if done.returncode else "its process printed no answer"
        raise SourceError(f"hydra cannot compose {folder}: {why}") from None
    return answer


def _tree(data: dict[str, Any], prefix: str, words: dict[str, HydraOverride]) -> Tree:
    tree = Tree()
    for name, item in data.items():
        path = f"{prefix}{name}"
        if isinstance(item, dict):
            tree.children[str(name)] = _tree(item, f"{path}.", words)
        else:
            tree.children[str(name)] = _leaf(item, words.get(path))
    return tree


def _leaf(item: Any, word: HydraOverride | None) -> Leaf:
    opaque = isinstance(item, list) and any(isinstance(part, dict | list) for part in item)
    value: Value = tuple(part for part in item if not isinstance(part, dict | list)) if isinstance(item, list) else item
    if word is not None:
        return Leaf((Layer("command line", "command line", value, word.span, word.value_span),), opaque)
    return Leaf((Layer("preset", "hydra", value, _ORIGIN, upstream=True),), opaque)
