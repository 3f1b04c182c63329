"""Presets that a script puts below a name of its configuration: ``Config({"agent": presets["defaults"]})``.

CarDreamer and its forks start DreamerV3 like this. The command line sets the keys below the name
(``--agent.run.steps 1e6``), the script always applies the same presets, and a file of the environment may change
settings below the name for each task. The settings of the environment are not judged.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from itertools import islice
from pathlib import Path

from dreamerguard.core.finding import Problem
from dreamerguard.core.machine import Machine
from dreamerguard.core.run import ResolvedRun
from dreamerguard.core.source import Label, SourceError
from dreamerguard.programs.shared.find_checkout import find_checkout
from dreamerguard.programs.shared.folders import entries_below
from dreamerguard.programs.shared.preset_file import PresetFile, named_presets
from dreamerguard.programs.shared.preset_values import Item, flatten, is_pattern
from dreamerguard.programs.shared.python_call import PythonCall, is_open
from dreamerguard.sources.argv import Command
from dreamerguard.sources.files import read_source
from dreamerguard.sources.values.nodes import Mapping as Node
from dreamerguard.sources.values.yaml import read_yaml
from dreamerguard.util.check_cache import cached_per_check
from dreamerguard.util.fast_dataclass import dataclass
from dreamerguard.util.paths import is_file
from dreamerguard.util.regular_files import read_regular

from .flags import Flags
from .resolve import default_layers, find_edition, finish

_COMMENT = re.compile(r"^[ \t]*#.*$", re.MULTILINE)
_BLOCK = r"\w+\[\s*[\"'](\w+)[\"']\s*\]\s*,?\s*\}\s*\)"
_MOUNT = re.compile(r"\bConfig\(\s*\{\s*[\"'](\w+)[\"']\s*:\s*" + _BLOCK)
#: The task of a command that names none: ``Flags(task=["carla_navigation"])``.
_TASK = re.compile(r"\bFlags\(\s*task\s*=\s*\[?\s*[\"'](\w+)[\"']")
_MOST_BYTES = 1 << 18
_MOST_FOLDERS, _MOST_FILES, _DEPTH = 200, 60, 3


@dataclass(frozen=True, slots=True)
class Mount:
    """Presets below a name.

    Attributes:
      name: the name.
      file: the presets.
      applied: presets that the script always applies.
      task: the task of a command that names none; empty if the script has none.
    """

    name: str
    file: PresetFile
    applied: tuple[str, ...]
    task: str


def find_mount(call: PythonCall, folder: Path, fits: Callable[[PresetFile], bool]) -> Mount | None:
    """Returns the presets that a script puts below a name; None if it reads its presets in another way."""
    path = folder / call.script
    try:
        text = read_regular(path, _MOST_BYTES).decode("utf-8", "replace") if is_file(path) else ""
    except OSError:
        return None
    text = _COMMENT.sub("", text)
    found = [match for match in _MOUNT.finditer(text) if match[2] == "defaults"]
    if len(found) != 1:
        return None
    name = found[0][1]
    file = named_presets(path, folder, flatten)
    if file is None or not fits(file):
        return None
    update = re.compile(r"\.update\(\s*\{\s*[\"']" + re.escape(name) + r"[\"']\s*:\s*" + _BLOCK)
    applied = tuple(match[1] for match in update.finditer(text) if match[1] in file.blocks)
    task = _TASK.search(text)
    return Mount(name, file, applied, task[1] if task is not None else "")


def resolve_mounted(
    mount: Mount, call: PythonCall, flags: Flags, command: Command, machine: Machine, folder: Path
) -> ResolvedRun:
    """Returns the run of a command: defaults, presets of the script, settings of the task, flags below the name."""
    edition = find_edition(call, flags, mount.file)
    draft = default_layers(edition, mount.file)
    for name in mount.applied:
        draft.add_preset(name, mount.file.blocks[name])
    task = next((flag for flag in reversed(flags.flags) if flag.name == "task"), None)
    names = task.values if task is not None else (mount.task,)
    theirs = task_settings(folder, names[0], mount.name) if len(names) == 1 and not is_open(names[0]) else None
    if theirs is not None:
        found = draft.problems.copy(), draft.unknown.copy()
        draft.add_preset(names[0], theirs)
        draft.problems, draft.unknown = found  # the environment's own file is not judged
    anchor = task.span if task is not None else command.span
    checkout = find_checkout(mount.file, call, folder)
    own = _below(flags, mount.name)
    run = finish(draft, edition, own, mount.file, anchor, machine, checkout, whole=False)
    problems = tuple(problem for problem in run.problems if problem.key != "task")
    run = replace(run, problems=problems, given=run.given | {"logdir"})
    return run if theirs is not None else _of_command(run, command)


def _below(flags: Flags, name: str) -> Flags:
    """Returns the flags for keys below the name, without it, and the task; the others belong to the environment."""
    kept, problems = [], list(flags.problems)
    for flag in flags.flags:
        if flag.name == name:
            text = f"--{name} is a group of settings, not a value; the program stops"
            problems.append(Problem("wrong-type", text, Label(flag.span), name))
        elif flag.name == "task" or (flag.name.startswith(f"{name}.") and not is_pattern(flag.name)):
            kept.append(replace(flag, name=flag.name.removeprefix(f"{name}.")))
    return replace(flags, presets=(), flags=tuple(kept), problems=tuple(problems), configs=None)


def _of_command(run: ResolvedRun, command: Command) -> ResolvedRun:
    """Returns a run of an unknown task: only the settings of the command are certain."""
    settings = {key: item for key, item in run.settings.items() if item.last.kind == "command line"}
    problems = tuple(item for item in run.problems if item.label.span.source is command.source)
    return replace(run, settings=settings, problems=problems, budget=None, reference=None, replay_bytes=None)


@cached_per_check
def task_settings(folder: Path, task: str, name: str) -> Mapping[str, Item] | None:
    """Returns the settings below a name that a file of a checkout has for a task; None without such a file."""
    for path in _files(folder):
        try:
            data = read_regular(path, _MOST_BYTES)
            if f"\n{task}:".encode() not in b"\n" + data or f"{name}:".encode() not in data:
                continue
            source, unreadable = read_source(path)
        except (OSError, SourceError):
            continue
        root = read_yaml(source).root if unreadable is None else None
        block = _entry(_entry(root, task), name)
        if block is not None:
            return flatten(block)
    return None


def _entry(node: Node | None, name: str) -> Node | None:
    entries = node.entries if node is not None else ()
    return next((item.value for item in entries if item.name == name and isinstance(item.value, Node)), None)


def _files(folder: Path) -> Iterator[Path]:
    entries = entries_below(folder, _MOST_FOLDERS, _DEPTH)
    found = (Path(entry.path) for entry in entries if entry.name.endswith((".yaml", ".yml")))
    return islice(found, _MOST_FILES)
