"""DreamerGuard: lint, train and regression-guard DreamerV3 runs.

Everything that other programs may use is here; ``docs/api.md`` describes it, and nothing else is a public interface.
Importing the package loads neither JAX, MuJoCo, NumPy nor pydantic: each name is imported when it is first used
(PEP 562). The trainer is the separate package ``dreamerguard_agent``, installed with the extra ``agent``.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dreamerguard.api import compare as compare
    from dreamerguard.api import lint_command as lint_command
    from dreamerguard.api import lint_repository as lint_repository
    from dreamerguard.api import lint_run as lint_run
    from dreamerguard.api import load_settings as load_settings
    from dreamerguard.api import report as report
    from dreamerguard.api import watch as watch
    from dreamerguard.core.finding import Confidence as Confidence
    from dreamerguard.core.finding import Evidence as Evidence
    from dreamerguard.core.finding import Finding as Finding
    from dreamerguard.core.finding import Severity as Severity
    from dreamerguard.core.machine import Machine as Machine
    from dreamerguard.core.machine import detect_machine as this_machine  # noqa: F401
    from dreamerguard.core.result import RepositoryResult as RepositoryResult
    from dreamerguard.core.result import Result as Result
    from dreamerguard.core.run import ResolvedRun as Run  # noqa: F401
    from dreamerguard.core.source import SourceError as SourceError
    from dreamerguard.core.source import Span as Span
    from dreamerguard.lint.engine import UnknownRule as UnknownRule
    from dreamerguard.lint.settings.model import Settings as Settings
    from dreamerguard.logs import LogError as LogError
    from dreamerguard.logs import RunLog as RunLog
    from dreamerguard.logs import read_run as read_run
    from dreamerguard.programs.registry import UnknownProgram as UnknownProgram
    from dreamerguard.regression.compare.decision import Comparison as Comparison
    from dreamerguard.regression.reference.comparability import NotComparable as NotComparable
    from dreamerguard.regression.watch.watcher import Status as Status
    from dreamerguard.reports import render as render
    from dreamerguard.rules import Example as Example
    from dreamerguard.rules import Rule as Rule
    from dreamerguard.rules import all_rules as all_rules
    from dreamerguard.rules import find_rule as find_rule
    from dreamerguard.schema import RunConfig as RunConfig

__version__ = "0.1.0"

#: Public name -> module and the name there.
_PUBLIC = {
    "Comparison": "regression.compare.decision:Comparison",
    "Confidence": "core.finding:Confidence",
    "Evidence": "core.finding:Evidence",
    "Example": "rules:Example",
    "Finding": "core.finding:Finding",
    "LogError": "logs:LogError",
    "Machine": "core.machine:Machine",
    "NotComparable": "regression.reference.comparability:NotComparable",
    "RepositoryResult": "core.result:RepositoryResult",
    "Result": "core.result:Result",
    "Rule": "rules:Rule",
    "Run": "core.run:ResolvedRun",
    "RunConfig": "schema:RunConfig",
    "RunLog": "logs:RunLog",
    "Settings": "lint.settings.model:Settings",
    "Severity": "core.finding:Severity",
    "SourceError": "core.source:SourceError",
    "Span": "core.source:Span",
    "Status": "regression.watch.watcher:Status",
    "UnknownProgram": "programs.registry:UnknownProgram",
    "UnknownRule": "lint.engine:UnknownRule",
    "all_rules": "rules:all_rules",
    "compare": "api:compare",
    "find_rule": "rules:find_rule",
    "lint_command": "api:lint_command",
    "lint_repository": "api:lint_repository",
    "lint_run": "api:lint_run",
    "load_settings": "api:load_settings",
    "read_run": "logs:read_run",
    "render": "reports:render",
    "report": "api:report",
    "this_machine": "core.machine:detect_machine",
    "watch": "api:watch",
}

__all__ = ["__version__", *_PUBLIC]  # pyright: ignore[reportUnsupportedDunderAll]


def __getattr__(name: str) -> Any:
    """Imports a public name when it is first used."""
    if name not in _PUBLIC:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module, _, attribute = _PUBLIC[name].partition(":")
    value = getattr(import_module(f"{__name__}.{module}"), attribute)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """All public names, imported or not."""
    return sorted({*globals(), *__all__})
