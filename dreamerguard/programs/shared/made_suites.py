"""Suites that a checkout's own code makes environments of, and the modules that it imports for them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath

from dreamerguard.core.finding import Problem, Severity
from dreamerguard.core.setting import Setting
from dreamerguard.core.source import Label, Source, Span
from dreamerguard.sources.python.choice_facts import takes
from dreamerguard.sources.python.decisions import MAKES, Decision, Decisions
from dreamerguard.sources.python.python_files import MAX_FILES
from dreamerguard.util.hints import LONGEST
from dreamerguard.util.paths import exists, is_dir, is_file

from .checkout import PythonCheckout
from .python_call import is_open
from .task_names import suite_of

#: Names of tasks; code that makes an environment may stand in for one.
_NAME = re.compile(r"[\w.:/+-]+")
_MADE = re.compile(rb"\bdef\s+(_*make_(?:single_)?env\w*)\s*\(")
#: Suites that a message lists.
_LISTED = 8


def suite_problems(
    settings: Mapping[str, Setting], key: str, checkout: PythonCheckout | None, anchor: Span, *, whole: bool
) -> Iterator[Problem]:
    """Yields the problem of a task for which the checkout's code makes no environment, or imports a missing module.

    Args:
      settings: of the run.
      key: the key of the task.
      checkout: the checkout; without one nothing is known.
      anchor: place of the command.
      whole: whether a file of presets is checked.
    """
    task, found = settings.get(key), deciding(settings, key, checkout)
    if task is None or found is None or checkout is None or not _is_name(task.value):
        return
    decision, decisions = found
    if _is_replaced(decision, anchor.source):
        return
    name = str(task.value)
    choice = next((item for item in decision.choice.choices if takes_name(decision, item, name)), None)
    if choice is None:
        if not _handled_elsewhere(decision, decisions, checkout, name, whole=whole):
            kind = f"{suite_of(name)} environments" if _by_first(decision) else "environment of this name"
            text = f"{decision.place} makes no {kind}, so the program stops: {name}"
            yield _problem("unknown-task", text, task, anchor, whole, f"it makes {_listed(decision)}")
        return
    for module in decision.choice.modules.get(str(choice), ()):
        missing = missing_file(checkout, decision.file, module)
        if missing:
            text = f"{decision.file} imports {missing} for {name}, which the checkout does not have: the program stops"
            yield _problem("missing-module", text, task, anchor, whole, "")


def makes_suite(settings: Mapping[str, Setting], key: str, checkout: PythonCheckout | None) -> bool:
    """Returns whether the checkout's code is seen to make environments of the task's suite."""
    task, found = settings.get(key), deciding(settings, key, checkout)
    if task is None or found is None:
        return False
    return any(takes_name(found[0], item, str(task.value)) for item in found[0].choice.choices)


def _problem(rule: str, text: str, task: Setting, anchor: Span, whole: bool, help: str) -> Problem:
    default = task.last.kind == "defaults"  # every command of another task replaces it
    severity = (Severity.INFO if default else Severity.WARNING) if whole else None
    return Problem(rule, text, Label(task.last.span or anchor), task.key, help=help, severity=severity)


def _is_name(value: object) -> bool:
    return (
        isinstance(value, str) and len(value) <= LONGEST and not is_open(value) and _NAME.fullmatch(value) is not None
    )


def deciding(
    settings: Mapping[str, Setting], key: str, checkout: PythonCheckout | None
) -> tuple[Decision, Decisions] | None:
    """Returns the only place that decides by the task's suite; None without one, or with several."""
    task = settings.get(key)
    if checkout is None or not checkout.decides or task is None or not _is_name(task.value):
        return None
    leaf = (key.rpartition(".")[2],)
    decisions = checkout.index.decisions(checkout.starts, frozenset(leaf))
    found = [item for item in decisions.found if item.path[-1:] == leaf and _is_by_suite(item)]
    found = [item for item in found if _belongs(item, checkout) and is_used(item.choice.function, checkout)]
    found = [item for item in found if not item.choice.subject.rest] or found
    if len(found) != 1 or not (found[0].choice.sure and found[0].sure):
        return None
    helper = found[0].choice.subject.rest and not _makes_all(found[0], checkout)
    return (found[0], decisions) if not helper else None


def _makes_all(decision: Decision, checkout: PythonCheckout) -> bool:
    """Returns whether the function that decides is the only one that makes environments: no branch calls it."""
    files = checkout.index.files.values()
    made = {name for file in files for name in _MADE.findall(file.data or b"")}
    return made == {decision.choice.function.encode()}


def _is_by_suite(decision: Decision) -> bool:
    """Returns whether a place decides by the beginning of a name, or makes the environment of each whole name."""
    texts = [item for item in decision.choice.choices if isinstance(item, str)]
    starts = bool(texts) and all(item.endswith("*") for item in texts)
    whole = len(texts) == len(decision.choice.choices) and MAKES.fullmatch(decision.choice.function) is not None
    return decision.choice.subject.first or starts or whole


def _by_first(decision: Decision) -> bool:
    return decision.choice.subject.first or any(str(item).endswith("*") for item in decision.choice.choices)


def _belongs(decision: Decision, checkout: PythonCheckout) -> bool:
    """Returns whether the script uses the function that decides, and no function of its own with this name.

    Another script may be imported for other functions.
    """
    script, name = checkout.script, decision.choice.function.encode()
    data = checkout.index.files[decision.file].data or b""
    if script is None or decision.file == script or b"__main__" not in data:
        return True
    text, word = checkout.script_data or b"", rb"\b_*" + re.escape(name)
    return re.search(word + rb"\b", text) is not None and re.search(rb"\bdef\s+" + word + rb"\s*\(", text) is None


def is_used(function: str, checkout: PythonCheckout) -> bool:
    """Returns whether code that a script runs names a function, beside its definition and imports."""
    if not function or not checkout.starts:
        return True
    line = rb"^(?![ \t]*(?:#|def |from |import ))(?:[^#\n]*[^#\n\w.])?"
    word = re.compile(line + re.escape(function.encode()) + rb"\b", re.MULTILINE)
    near = {file: None for script in checkout.starts for file in (script, *checkout.index.reached(script))}
    return any(word.search(checkout.index.files[file].data or b"") for file in near)


def _is_replaced(decision: Decision, source: Source) -> bool:
    """Returns whether the Python file that starts the run puts another function in the place of the one that decides.

    ``trainer.make_env = own``, ``setattr(trainer, "make_env", own)``, ``patch("trainer.make_env", own)``
    """
    if not source.name.endswith(".py") or not decision.choice.function:
        return False
    name = re.escape(decision.choice.function)
    puts = rf"\w\.{name}\s*=(?!=)|\b(?:setattr|patch)[.\w]*\([^\n]*\b{name}[\"']"
    return re.search(puts, source.text) is not None


def takes_name(decision: Decision, choice: object, name: str) -> bool:
    """Returns whether a choice takes a task, or the part of its name that decides."""
    subject = decision.choice.subject
    value = suite_of(name) if subject.first else name.partition("_")[2] if subject.rest else name
    return takes(choice, value.lower() if subject.lower else value)


def _handled_elsewhere(
    decision: Decision, decisions: Decisions, checkout: PythonCheckout, name: str, *, whole: bool
) -> bool:
    """Returns whether other code may make the environment: it compares the task, or has the suite in a text."""
    suite = suite_of(name)
    for compared in decisions.compared_before(decision):
        if any(isinstance(text, str) and text and (takes(text, name) or text.strip("_*") in name) for text in compared):
            return True
    if not whole or not re.fullmatch(r"[\w-]+", suite, re.ASCII):
        return False
    quoted = re.compile(rb"['\"]" + re.escape(suite.encode()) + rb"_?['\"]")
    return any(
        file != decision.file and item.data is not None and quoted.search(item.data) is not None
        for file, item in checkout.index.files.items()
    )


def _listed(decision: Decision) -> str:
    names = [str(item).strip("_*") for item in dict.fromkeys(decision.choice.choices)]
    more = f" and {len(names) - _LISTED} more" if len(names) > _LISTED else ""
    return f"{', '.join(names[:_LISTED])}{more}"


def missing_file(checkout: PythonCheckout, importer: str, module: str) -> str:
    """Returns the file of a module that lies in a package of the checkout and is missing; empty if none is.

    Args:
      checkout: the checkout.
      importer: file that imports the module.
      module: dotted name; ``package:name`` for ``from package import name``.
    """
    root, dotted, _, name = checkout.index.root, *module.partition(":")
    if len(checkout.index.files) >= MAX_FILES:
        return ""
    here = PurePosixPath(importer).parent
    parts = [part for part in dotted.lstrip(".").split(".") if part]
    level = len(dotted) - len(dotted.lstrip("."))
    above = [here, *here.parents]
    script = PurePosixPath(checkout.script).parent if checkout.script is not None else here
    bases = above[level - 1 : level] if level else list(dict.fromkeys([*above, script]))
    candidates = [found for base in bases if (found := _module(root / base, parts, name)) is not None]
    if not candidates or any(there for there, _ in candidates):
        return ""
    path = candidates[0][1]
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else ""


def _module(base: Path, parts: list[str], name: str) -> tuple[bool, Path] | None:
    """Returns whether a module exists below a folder, and its path; None if the folder lacks its package."""
    path = base.joinpath(*parts)
    if name and is_dir(path) and parts:
        start = path / "__init__.py"
        if not _is_package(path):
            return None
        own = is_file(start) and start.stat().st_size > 0
        return (own or _exists(path / name), path / f"{name}.py")
    if len(parts) < 2 or not _is_package(path.parent):
        return None
    return _exists(path), path.with_suffix(".py")


def _is_package(folder: Path) -> bool:
    try:
        return is_dir(folder) and any(entry.suffix == ".py" for entry in folder.iterdir())
    except OSError:
        return False


def _exists(path: Path) -> bool:
    """Returns whether a module has a file or a folder, also a compiled one."""
    if exists(path) or is_file(path.with_suffix(".py")):
        return True
    try:
        return any(entry.name.startswith(f"{path.name}.") for entry in path.parent.iterdir())
    except OSError:
        return True
