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
    from dreamerguard.check import Outcome as RepositoryResult  # noqa: F401
    from dreamerguard.dialects.registry import UnknownProgram as UnknownProgram
    from dreamerguard.engine import Result as Result
    from dreamerguard.engine import UnknownRule as UnknownRule
    from dreamerguard.logs import LogError as LogError
    from dreamerguard.logs import RunLog as RunLog
    from dreamerguard.logs import read_run as read_run
    from dreamerguard.machine import Machine as Machine
    from dreamerguard.machine import probe as this_machine  # noqa: F401
    from dreamerguard.model import Confidence as Confidence
    from dreamerguard.model import Evidence as Evidence
    from dreamerguard.model import Finding as Finding
    from dreamerguard.model import Severity as Severity
    from dreamerguard.model import SourceError as SourceError
    from dreamerguard.model import Span as Span
    from dreamerguard.regress.comparability import NotComparable as NotComparable
    from dreamerguard.regress.compare import Comparison as Comparison
    from dreamerguard.regress.watcher import Status as Status
    from dreamerguard.reports import render as render
    from dreamerguard.resolved import ResolvedRun as Run  # noqa: F401
    from dreamerguard.rules import Example as Example
    from dreamerguard.rules import Rule as Rule
    from dreamerguard.rules import all_rules as all_rules
    from dreamerguard.rules import find_rule as find_rule
    from dreamerguard.schema import RunConfig as RunConfig
    from dreamerguard.settings import Settings as Settings

__version__ = "0.1.0"

#: Public name -> module and the name there.
_PUBLIC = {
    "Comparison": "regress.compare:Comparison",
    "Confidence": "model:Confidence",
    "Evidence": "model:Evidence",
    "Example": "rules:Example",
    "Finding": "model:Finding",
    "LogError": "logs:LogError",
    "Machine": "machine:Machine",
    "NotComparable": "regress.comparability:NotComparable",
    "RepositoryResult": "check:Outcome",
    "Result": "engine:Result",
    "Rule": "rules:Rule",
    "Run": "resolved:ResolvedRun",
    "RunConfig": "schema:RunConfig",
    "RunLog": "logs:RunLog",
    "Settings": "settings:Settings",
    "Severity": "model:Severity",
    "SourceError": "model:SourceError",
    "Span": "model:Span",
    "Status": "regress.watcher:Status",
    "UnknownProgram": "dialects.registry:UnknownProgram",
    "UnknownRule": "engine:UnknownRule",
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
    "this_machine": "machine:probe",
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
