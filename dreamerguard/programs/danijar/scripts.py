"""The run scripts of danijar/dreamerv3 beside training: which of them train, and which keys they never read.

Facts from danijar/dreamerv3 at 8fa35f8 (2023), 251910d (2024) and e3f0224 (2025): ``eval_only`` loads
``run.from_checkpoint`` and plays ``run.steps`` agent steps, the parallel scripts run until somebody stops them.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path

from dreamerguard.core.finding import Problem
from dreamerguard.core.run import ResolvedRun
from dreamerguard.core.setting import Role, Setting
from dreamerguard.core.source import Edit, Label, Span
from dreamerguard.programs.shared.checkout import PythonCheckout
from dreamerguard.programs.shared.python_call import is_open
from dreamerguard.programs.shared.stored_run import (
    missing_checkpoint,
    named_path,
    other_run,
    stored_beside,
    stored_in_directory,
)
from dreamerguard.sources.python.python_files import parse
from dreamerguard.util.paths import exists, is_dir, is_file

from .budget import ENDLESS
from .unread_settings import script_text, unread_settings

#: Scripts that only evaluate.
_EVALUATES = "eval_only"
_CHECKPOINT = "run.from_checkpoint"
#: Parts of a parallel run in a process of its own: environments or the replay buffer.
_PARTS = ("_env", "_envs", "_replay")
#: Names of the run's settings in a run script.
_RUN = r"(?:self\.)?(?:args|cfg|(?:config\.)?run)"
#: A call with an interval.
_NOT_MADE = frozenset({"int", "float", "str", "bool", "max", "min", "round", "print", "len"})
_SAVES = re.compile(r"save(?:_checkpoint|_model|_agent)?")
_MAKES = re.compile(rf"([\w.]+)\(\s*{_RUN}\.(\w+_every)\b")


def script_trains(script: str) -> bool:
    """Returns whether a run script trains an agent; parts of a parallel run do not train by themselves."""
    return not (script.startswith("eval") or script.endswith(_PARTS))


def script_problems(
    settings: Mapping[str, Setting], key: str, checkout: PythonCheckout | None, folder: Path, *, open_words: bool
) -> Iterator[Problem]:
    """Yields the problems of a run script beside ``train``.

    Args:
      settings: of the run.
      key: the key that selects the script.
      checkout: the checkout, if there is one; its own copy of the script decides.
      folder: folder in which the command would start.
      open_words: whether the shell may add flags.
    """
    script = settings.get(key)
    if script is None or not isinstance(script.value, str) or is_open(script.value):
        return
    text = script_text(checkout, script.value)
    yield from unread_settings(settings, script, checkout)
    if script_trains(script.value):
        yield from committed_checkpoint(settings, [folder, *([checkout.index.root] if checkout is not None else [])])
    if script.value != _EVALUATES:
        return
    if text is None or "from_checkpoint" in text:
        yield from _checkpoint(settings, script, folder, open_words=open_words)
    if not open_words:
        yield from _endless(settings, script, text)


def committed_checkpoint(settings: Mapping[str, Setting], folders: Sequence[Path]) -> Iterator[Problem]:
    """Yields the problem of a file of presets that names a checkpoint which is not in the repository.

    Args:
      settings: of the run.
      folders: where a relative path may begin.
    """
    setting = settings.get(_CHECKPOINT)
    if setting is None or setting.last.kind not in ("defaults", "preset") or setting.last.upstream:
        return
    place, value = setting.last.span, setting.value
    paths = [named_path(setting, folder) for folder in folders]
    if place is None or not isinstance(value, str) or value.startswith(("/", "~")) or None in paths:
        return
    if not any(path is not None and exists(path) for path in paths):
        text = f"every new run loads {_CHECKPOINT} {value}, which is not there, and stops"
        help = f"leave it empty, and name the checkpoint on the command line: --{_CHECKPOINT} PATH"
        yield Problem("missing-checkpoint", text, Label(place), setting.key, help=help)


def interval_units(
    settings: Mapping[str, Setting], key: str, checkout: PythonCheckout | None
) -> tuple[frozenset[str], frozenset[str]]:
    """Returns the intervals that the checkout's own run script counts in steps, and those that it counts in seconds.

    ``Every(args.save_every)`` counts steps, ``Clock(args.save_every)`` and ``LocalClock(args.save_every)`` seconds. A
    class that the script chooses by a setting is not judged: it may count steps.
    """
    script = settings.get(key)
    text = script_text(checkout, str(script.value)) if script is not None else None
    return _units(text or "")


@lru_cache(maxsize=8)
def _units(text: str) -> tuple[frozenset[str], frozenset[str]]:
    found = ((maker.rpartition(".")[2], f"run.{name}") for maker, name in _MAKES.findall(text))
    made = [(maker, name) for maker, name in found if maker not in _NOT_MADE]
    seconds = {maker for maker, _ in made if maker.endswith("Clock") and "Step" not in maker}
    timed = frozenset(name for maker, name in made if maker in seconds)
    stepped = frozenset(name for maker, name in made if maker not in seconds)
    return stepped - timed, timed - stepped


def saves_last(settings: Mapping[str, Setting], key: str, checkout: PythonCheckout | None) -> bool:
    """Returns whether the checkout's own run script saves once more behind its training loop."""
    script = settings.get(key)
    text = script_text(checkout, str(script.value)) if script is not None else None
    return _saves_last(text) if text is not None else False


@lru_cache(maxsize=8)  # most presets select the same script
def _saves_last(text: str) -> bool:
    tree = parse(text)
    functions = (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)) if tree is not None else ()
    return any(_saves_behind_loop(function.body) for function in functions)


def _saves_behind_loop(body: Sequence[ast.stmt]) -> bool:
    loop = next((at for at, item in enumerate(body) if isinstance(item, ast.While)), len(body))
    calls = (item.value for item in body[loop + 1 :] if isinstance(item, ast.Expr) and isinstance(item.value, ast.Call))
    return any(isinstance(call.func, ast.Attribute) and _SAVES.fullmatch(call.func.attr) for call in calls)


def _checkpoint(
    settings: Mapping[str, Setting], script: Setting, folder: Path, *, open_words: bool
) -> Iterator[Problem]:
    setting = settings.get(_CHECKPOINT)
    given = setting.value if setting is not None else None
    if not given and script.last.span is not None and not open_words and not _filled_in(setting):
        text = f"script {script.value} has no {_CHECKPOINT}: it stops, because it needs a checkpoint to load"
        yield Problem(
            "missing-checkpoint", text, Label(script.last.span), _CHECKPOINT, help=f"add --{_CHECKPOINT} PATH"
        )
    if setting is not None:
        yield from _named(setting, folder)


def _filled_in(setting: Setting | None) -> bool:
    """Returns whether the shell fills in a value on the command line: its caller names the checkpoint."""
    return setting is not None and setting.last.kind == "command line" and "$" in getattr(setting.last.span, "text", "")


def _named(setting: Setting, folder: Path) -> Iterator[Problem]:
    """Yields the problem of a named checkpoint that is not there, or that is the folder of all checkpoints."""
    path, place = named_path(setting, folder), setting.last.span
    if path is None or place is None:
        return
    if is_dir(path) and not exists(path / "done") and is_file(path / "latest"):
        yield _folder_of_checkpoints(setting, path, place)
    yield from missing_checkpoint(setting, folder)


def _folder_of_checkpoints(setting: Setting, path: Path, place: Span) -> Problem:
    try:
        with (path / "latest").open(encoding="utf-8", errors="replace") as stream:
            latest = stream.read(200).strip()
    except OSError:
        latest = ""
    name = latest if re.fullmatch(r"[\w.-]+", latest, re.ASCII) and exists(path / latest / "done") else ""
    meant, span = f"{str(setting.value).rstrip('/')}/{name}", setting.last.value_span
    edits = (Edit(span, meant),) if name and span is not None else ()
    text = f"{setting.value} is the folder of all checkpoints, not one of them: the program stops"
    return Problem(
        "missing-checkpoint", text, Label(place), setting.key, help=f"name one of them: {meant}" if name else "",
        edits=edits, fix=f"name the latest one: {name}" if edits else "",
    )  # fmt: skip


def _endless(settings: Mapping[str, Setting], script: Setting, text: str | None) -> Iterator[Problem]:
    steps = settings.get("run.steps")
    if steps is None or script.last.span is None or not steps.number >= ENDLESS:
        return
    if text is not None and not re.search(r"\bsteps\b", text):
        return
    message = f"script {script.value} plays run.steps, {steps.number:,.0f} agent steps: it does not end by itself"
    place = steps.last.span if steps.chosen and steps.last.span is not None else script.last.span
    yield Problem("endless-evaluation", message, Label(place), "run.steps", help="add --run.steps 1e5, for example")


def stored_problems(run: ResolvedRun, folder: Path) -> Iterator[Problem]:
    """Yields the problems of a log directory and a checkpoint that belong to another run."""
    logdir, loaded = run.settings.get("logdir"), run.settings.get(_CHECKPOINT)
    roles: tuple[Role, ...] = ("task", "deter", "train_ratio") if run.trains else ("task",)
    stored = stored_in_directory(logdir, folder, "config.yaml")
    if stored is not None and logdir is not None and logdir.last.span is not None:
        goes_on = "its checkpoint is continued and its logs grow" if run.trains else "its configuration is overwritten"
        yield from other_run(run, stored, roles, logdir, goes_on)
    beside = stored_beside(loaded, folder)
    if beside is not None and loaded is not None and (stored is None or beside.name != stored.name):
        yield from other_run(run, beside, ("task", "deter"), loaded, "the agent was trained for something else")
