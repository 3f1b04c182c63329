"""Problems of a dreamerv3-torch run that need the whole configuration, or the checkout's script."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import PurePosixPath

from dreamerguard.core.finding import Problem, Severity
from dreamerguard.core.setting import Setting
from dreamerguard.core.source import Label, Span
from dreamerguard.programs.shared.atari_roms import unknown_rom
from dreamerguard.programs.shared.checkout import PythonCheckout
from dreamerguard.programs.shared.known_tasks import check_task
from dreamerguard.programs.shared.limits import beyond_limits, role_limits
from dreamerguard.programs.shared.made_suites import is_used, makes_suite
from dreamerguard.programs.shared.preset_file import PresetFile
from dreamerguard.programs.shared.python_call import is_open
from dreamerguard.programs.shared.task_names import suite_of
from dreamerguard.sources.argv import Word

from .keys import LIMITS, ROLES

_SPLITS = re.compile(rb"=\s*config\.task\.split\(\s*[\"']_[\"'],\s*1\s*\)")
#: Suites that it makes (``make_env`` in ``dreamer.py``).
_MADE = frozenset({"dmc", "atari", "dmlab", "memorymaze", "crafter", "minecraft"})


def value_problems(
    settings: Mapping[str, Setting],
    own: Iterable[str],
    known: Sequence[Problem],
    checkout: PythonCheckout | None,
    *,
    task_known: bool,
) -> list[Problem]:
    """Returns the problems of values with which nothing can train, and of a task that the program cannot make.

    Args:
      settings: of the run.
      own: names of the file's own blocks and keys.
      known: problems that were found already.
      checkout: the checkout, if there is one.
      task_known: whether the presets say which task is meant.
    """
    found = beyond_limits(settings, (*role_limits(ROLES), *LIMITS), known)
    refused = any(problem.rule == "unknown-task" for problem in known)
    made = () if makes_suite(settings, "task", checkout) else _MADE
    task = settings.get("task") if task_known and not refused else None
    problem = check_task(task, made, own) or unknown_rom(task, checkout)
    return [*found, *([problem] if problem is not None else [])]


def unsplit_task(
    settings: Mapping[str, Setting],
    known: Iterable[Problem],
    checkout: PythonCheckout | None,
    anchor: Span,
    *,
    whole: bool,
) -> Iterator[Problem]:
    """Yields the problem of a task without a suite, where the script splits the task at its first underscore.

    Args:
      settings: of the run.
      known: problems that were found already.
      checkout: the checkout, if there is one.
      anchor: place of the command.
      whole: whether a file of presets is checked: a command may set another task.
    """
    task, texts = settings.get("task"), checkout.script_texts if checkout is not None else ()
    if any(problem.rule == "unknown-task" for problem in known):
        return
    data = texts[0] if len(texts) == 1 else None
    if task is None or not isinstance(task.value, str) or "_" in task.value or is_open(task.value) or not task.value:
        return
    found = _SPLITS.search(data) if data is not None else None
    if found is not None and checkout is not None and is_used(_function_around(found), checkout):
        text = f"the task {task.value} names no suite: the program splits it at the first underscore and stops"
        place = task.last.span or anchor
        help = "write suite_task, such as dmc_walker_walk"
        severity = Severity.WARNING if whole else None
        yield Problem("unknown-task", text, Label(place), task.key, help=help, severity=severity)


def _function_around(found: re.Match[bytes]) -> str:
    names = re.findall(rb"^def (\w+)", found.string[: found.start()], re.MULTILINE)
    return names[-1].decode() if names else ""


def missing_module(settings: Mapping[str, Setting], checkout: PythonCheckout | None, anchor: Span) -> Iterator[Problem]:
    """Yields the problem of a suite whose module the script imports and the checkout lacks."""
    task, data = settings.get("task"), checkout.script_data if checkout is not None else None
    script = checkout.script if checkout is not None else None
    suite = suite_of(str(task.value)) if task is not None else ""
    if checkout is None or script is None or task is None or data is None or not re.fullmatch(r"\w+", suite, re.ASCII):
        return
    folder = PurePosixPath(script).parent / "envs"
    imported = re.search(rb"(import envs\.|from envs import |from envs\.)" + suite.encode() + rb"\b", data)
    own = any(PurePosixPath(name).parent == folder for name in checkout.index.files)
    names = (PurePosixPath(name).with_suffix("") for name in checkout.index.files)
    lacks = not any(f"{name}/".startswith(f"{folder / suite}/") for name in names)
    if imported and own and lacks:
        text = f"{script} imports envs/{suite}.py for {task.value}, which the checkout does not have: the program stops"
        yield Problem("missing-module", text, Label(task.last.span or anchor), task.key)


def loader_problem(problem: Problem) -> Problem:
    """Adapts the message of a duplicate key, at which the program's YAML reader stops."""
    if problem.rule != "duplicate-key":
        return problem
    text = f"{problem.key} is set twice: the program's YAML reader refuses the whole file"
    return Problem(problem.rule, text, problem.label, problem.key, problem.secondary, problem.help)


def unknown_preset(word: Word, blocks: Mapping[str, object], file: PresetFile | None, title: str) -> Problem:
    """Returns the problem of a preset that the file, or upstream, does not have."""
    return Problem(
        "unknown-preset",
        f"there is no preset {word.text} in {file.source.name if file is not None else title}",
        Label(word.span),
        key=word.text,
        help=", ".join(name for name in blocks if name != "defaults"),
        place=word.span,
        value=file is not None,
    )
