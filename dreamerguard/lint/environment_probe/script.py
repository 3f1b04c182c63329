"""Makes one environment, plays random episodes and reports facts. Runs as a script in the training program's Python.

It reads one JSON object from standard input and writes one to the original standard output. It imports nothing of
dreamerguard, which may not be installed there. It does import numpy, which every environment needs.
"""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import inspect
import json
import os
import random
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any


def load_file(path: Path) -> Any:
    """Loads a Python file of dreamerguard by its path, under a name that no module of the program has."""
    name = f"dreamerguard_probe_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None and spec.loader is not None
    sys.modules[name] = module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


if TYPE_CHECKING:
    from . import measures, players, spaces
else:
    names = ("spaces", "measures", "players")  # the first is imported by the others
    spaces, measures, players = (load_file(Path(__file__).with_name(f"{name}.py")) for name in names)


class NoMaker(Exception):
    """No function is known that makes the task's environment. The message is a sentence for users."""


def message_of(error: Exception) -> str:
    """Returns the message of an error, with its type unless the message is a sentence for users."""
    # The trainer's EnvError is for users too. It cannot be imported here.
    plain = isinstance(error, (NoMaker, players.NotPlayable)) or "EnvError" in {x.__name__ for x in type(error).__mro__}
    return str(error) if plain else f"{type(error).__name__}: {error}"


def make(question: dict[str, Any]) -> Any:
    """Makes the environment with the named function, the training program's function or dm_control's suite."""
    if question["factory"]:
        name, _, function = question["factory"].partition(":")
        return call_factory(getattr(importlib.import_module(name), function or "make_env"), question["task"])
    try:
        if question["maker"]:
            return load_file(Path(question["maker"])).make_env(question, sys.modules[__name__])
    except ImportError as error:
        if question["only_maker"] or not question["task"].startswith("dmc_"):
            raise
        sys.stderr.write(f"{error}; trying dm_control instead\n")
    if question["task"].startswith("dmc_"):
        from dm_control import suite

        name = question["task"][len("dmc_") :]
        name = "ball_in_cup_catch" if name == "cup_catch" else name
        found = next((pair for pair in suite.ALL_TASKS if "_".join(pair) == name), None)
        if found is not None:
            return suite.load(*found)
    raise NoMaker(f"no known function makes {question['task'] or 'the task'}; name one with --probe-env")


def call(function: Any, *given: Any) -> Any:
    """Calls a function with as many arguments as it has positional parameters."""
    takes = [item for item in inspect.signature(function).parameters.values() if item.kind in (0, 1)]
    return function(*given[: len(takes)])


def call_factory(function: Any, task: str) -> Any:
    """Calls the user's function, with the task if it requires an argument or has one that is called task or name."""
    first = next((item for item in inspect.signature(function).parameters.values() if item.kind in (0, 1)), None)
    wanted = first is not None and (first.default is first.empty or first.name in ("task", "name"))
    return function(task) if wanted else function()


def program(question: dict[str, Any]) -> Any:
    """Imports the training script as a module and adds its folder and the parent folder to the import path."""
    script = Path(question["script"]).resolve()
    sys.path[:0] = [str(script.parent.parent), str(script.parent)]
    package = (script.parent / "__init__.py").is_file()
    return importlib.import_module(f"{script.parent.name}.{script.stem}" if package else script.stem)


def nested(values: dict[str, Any]) -> dict[str, Any]:
    """Converts dotted keys to nested dictionaries."""
    result: dict[str, Any] = {}
    for key, value in values.items():
        *groups, leaf = key.split(".")
        place = result
        for group in groups:
            place = place.setdefault(group, {})
        place[leaf] = value
    return result


def probe(question: dict[str, Any]) -> dict[str, Any]:
    """Returns all facts that the rules need."""
    deadline = time.monotonic() + question["seconds"]
    random.seed(0)
    players.seed_numpy()
    game = players.player(make(question))
    observed, actions = (
        {str(name): spaces.space_facts(space) for name, space in found.items()} for found in game.spaces()
    )
    observations: dict[str, measures.ObservedKey] = {}
    episodes = [measures.play(game, observations, question["steps"], deadline) for _ in range(2)]
    if measures.end_alike(episodes):
        episodes.append(measures.play(game, observations, question["steps"], deadline))
    return {
        "error": "",
        "interface": type(game).__name__.lower(),
        "spaces": observed,
        "actions": actions,
        "observations": {str(name): item.facts() for name, item in observations.items()},
        "episodes": episodes,
        **measures.frame_facts(game, observations),
    }


def main() -> None:
    """Answers one question. Output of the environment goes to the error stream."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    question = json.load(sys.stdin)
    os.chdir(question["folder"])
    sys.path.insert(0, str(Path.cwd()))
    try:
        answer = probe(question)
    except Exception as error:
        # A function that the user named must exist.
        lacks = isinstance(error, (ImportError, NoMaker)) and not question["factory"]
        answer = {"error": message_of(error)[:500], "lacking": lacks}
    answer |= {"mujoco": "mujoco" in sys.modules, "renderer": os.environ.get("MUJOCO_GL", "")}
    with contextlib.suppress(OSError):
        answers.write(json.dumps(answer) + "\n")
        answers.flush()
    os._exit(0)  # simulators may keep threads and windows


if __name__ == "__main__":
    main()
