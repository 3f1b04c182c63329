"""Loads rules from files of the project and from installed packages.

Both are Python code that runs during linting. So they are loaded only if the settings of the project name them and the
user approves it (`settings.approval`). Local files are loaded only if the settings file belongs to the user who runs
the linter, or to root.
"""

from __future__ import annotations

import importlib.util
import os
from functools import cache
from pathlib import Path
from types import ModuleType

from dreamerguard.core.source import SourceError
from dreamerguard.lint.settings.model import Settings
from dreamerguard.rules import Rule, all_rules
from dreamerguard.rules.redirects import current_name

GROUP = "dreamerguard.rules"


def load_rules(settings: Settings) -> tuple[Rule, ...]:
    """Returns the rules that the settings name.

    Raises:
      SourceError: a file or an entry point is missing, fails, defines no rule, or repeats a name or code.
    """
    if settings.local_rules and settings.file is not None:
        _require_trusted_owner(settings.file)
    found = [*_local(settings.local_rules), *_installed(settings.plugins)]
    taken = {identity: rule for rule in all_rules() for identity in (rule.name, rule.code.lower())}
    for rule in found:
        for identity in (rule.name, rule.code.lower()):
            if identity in taken:
                other = taken[identity].name
                raise SourceError(
                    f"{_file_of(rule)}: the rule {rule.name} ({rule.code}) has the name or code of {other}"
                )
            taken[identity] = rule
    return tuple(found)


@cache
def _local(paths: tuple[Path, ...]) -> tuple[Rule, ...]:
    rules: list[Rule] = []
    for path in paths:
        if not path.exists():
            raise SourceError(f"local-rules: {path}: no such file or folder")
        files = sorted(path.glob("*.py")) if path.is_dir() else [path]
        if not files:
            raise SourceError(f"local-rules: there is no Python file in {path}")
        modules = {file: _import_file(file) for file in files}
        found = [rule for module in modules.values() if (rule := _rule_of(module)) is not None]
        if not found:
            lines = "\n".join(f"local-rules: {_why_no_rule(file, module)}" for file, module in modules.items())
            raise SourceError(f"{lines}\nsee `dreamerguard explain low-train-ratio` as an example")
        rules += found
    return tuple(rules)


def _why_no_rule(file: Path, module: ModuleType) -> str:
    rule = getattr(module, "rule", None)
    if rule is None:
        return f"{file} defines no `rule`"
    return f"{file}: `rule` is of type {type(rule).__name__}; it must be a dreamerguard.rules.Rule"


def _import_file(path: Path) -> ModuleType:
    name = f"dreamerguard_local_rules.{path.parent.name}.{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None or not path.is_file():
        raise SourceError(f"local-rules: there is no Python file {str(path)!r}")
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise SourceError(f"local-rules: {path} fails: {type(error).__name__}: {error}") from error
    return module


@cache
def _installed(names: tuple[str, ...]) -> tuple[Rule, ...]:
    if not names:
        return ()
    from importlib.metadata import entry_points

    points = {point.name: point for point in entry_points(group=GROUP)}
    rules: list[Rule] = []
    for name in names:
        if name not in points:
            known = f"; installed are {', '.join(sorted(points))}" if points else "; none is installed"
            raise SourceError(f"plugins: no package offers {name!r} in the group {GROUP}{known}")
        try:
            module = points[name].load()
        except Exception as error:
            raise SourceError(f"plugins: {name} fails: {type(error).__name__}: {error}") from error
        modules = module if isinstance(module, list | tuple) else [module]
        found = [rule for item in modules if isinstance(item, ModuleType) and (rule := _rule_of(item)) is not None]
        if not found:
            raise SourceError(
                f"plugins: {name} provides no rule; it must name a module with `rule`, or a list of such modules"
            )
        rules += found
    return tuple(rules)


def _rule_of(module: ModuleType) -> Rule | None:
    rule = getattr(module, "rule", None)
    if not isinstance(rule, Rule):
        return None
    rule.module = module
    rule.unless = tuple(current_name(name) for name in rule.unless)
    missing = [name for name in ("GOOD", "BAD") if not hasattr(module, name)]
    if missing or not module.__doc__ or not hasattr(rule, "run"):
        what = [*missing, *([] if module.__doc__ else ["a docstring"]), *([] if hasattr(rule, "run") else ["a check"])]
        raise SourceError(f"{_file_of(rule)}: the rule {rule.name} lacks {', '.join(what)}")
    return rule


def _file_of(rule: Rule) -> str:
    return str(rule.module.__file__)


def _require_trusted_owner(file: Path) -> None:
    if not hasattr(os, "getuid"):
        return
    owner = file.stat().st_uid
    if owner not in (0, os.getuid()):
        raise SourceError(
            f"{file} belongs to another user, so its local-rules are not run; use --no-config or copy the file"
        )
