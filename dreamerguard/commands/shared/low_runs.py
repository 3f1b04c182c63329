"""Gives the watcher the linter's explanation of a low run; the linter is imported only if a run is low."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any


def explain_run(
    directory: Path,
    program: str,
    settings: Mapping[str, Any],
    configs: Sequence[str],
    published: tuple[str, str, str] | None,
    report: Mapping[str, Any],
) -> list[tuple[str, str]]:
    """Returns the causes of `dreamerguard.lint.run_differences.explain_low_run`."""
    from dreamerguard.lint.run_differences import explain_low_run

    return explain_low_run(directory, program, settings, configs, published, report)
