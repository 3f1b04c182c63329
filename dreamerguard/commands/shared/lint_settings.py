"""Combines the project's settings with the options of ``lint`` and ``check``."""

from __future__ import annotations

from pathlib import Path

from dreamerguard.lint.settings.finder import load_settings
from dreamerguard.lint.settings.model import Settings
from dreamerguard.programs.native.options import LintOptions
from dreamerguard.rules.redirects import renamed

from .errors import fail, note


def read_settings(options: LintOptions) -> Settings:
    """Returns the project's settings, with the values of the options in place.

    Raises:
      CommandFailed: options contradict each other.
      SourceError: the settings cannot be read.
    """
    found = Settings() if options.no_config else _load(options)
    if found.withheld:
        note(found.withheld)
    ignored = dict.fromkeys(options.ignore, "ignored by --ignore")
    changed = found.with_options(
        select=options.select,
        ignore={**found.ignore, **ignored} if ignored else None,
        min_severity=options.min_severity,
        min_confidence=options.min_confidence,
        baseline=Path(options.baseline) if options.baseline else None,
    )
    if (options.write_baseline or options.prune_baseline) and changed.baseline is None:
        option = "--write-baseline" if options.write_baseline else "--prune-baseline"
        fail(f"{option} needs a file: name the baseline with --baseline FILE, or with baseline = in the settings")
    if options.probe_env is not None and not options.probe:
        fail("--probe-env needs --probe")
    if options.unsafe_fixes and not (options.fix or options.diff):
        fail("--unsafe-fixes needs --fix or --diff")
    for text in renamed(changed.selectors):
        note(text)
    return changed


def _load(options: LintOptions) -> Settings:
    return load_settings(Path(), options.config_file, allow_local_rules=options.allow_local_rules)
