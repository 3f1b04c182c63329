"""Actions of ``lint`` and ``check`` besides the report: fix files, show the fixes as a diff, update the baseline."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from dreamerguard.programs.native.options import LintOptions
from dreamerguard.util.terminal import write
from dreamerguard.util.text import plain

from .errors import fail, note

if TYPE_CHECKING:
    from dreamerguard.core.result import Result
    from dreamerguard.lint.settings.model import Settings


def fix_files(check: Callable[[], Sequence[Result]], folder: Path, unsafe: bool) -> Sequence[Result]:
    """Fixes files, and prints a note for each fix. Returns the results of the last check.

    Args:
      check: checks the runs.
      folder: folder that file names are relative to.
      unsafe: whether unsafe fixes are made too.
    """
    from dreamerguard.lint.fixes import fix_files as fix

    fixed = fix(check, folder, unsafe=unsafe)
    for finding in fixed.findings:
        assert finding.fix is not None
        note(f"fixed {finding.primary.span}: {finding.fix.message} ({finding.name})")
    if fixed.command is not None:
        note(f"corrected command: {fixed.command}")
    return fixed.results


def show_diff(results: Sequence[Result], unsafe: bool) -> bool:
    """Prints the fixes as a unified diff. Returns whether there are any."""
    from dreamerguard.lint.fixes import corrected_command, diff

    text, command = diff(results, unsafe=unsafe), corrected_command(results, unsafe=unsafe)
    write(sys.stdout, "".join(f"{plain(line)}\n" for line in text.split("\n")[:-1]))
    if command is not None:
        write(sys.stdout, f"corrected command: {plain(command)}\n")
    if text or command is not None:
        return True
    left = sum(len(result.active) for result in results)
    scope = f" in {left} finding{'' if left == 1 else 's'}" if left else ""
    note(f"nothing to correct{scope}" + ("" if unsafe else "; --unsafe-fixes also offers what changes the training"))
    return False


def update_baseline(
    check: Callable[[Settings], Sequence[Result]], options: LintOptions, settings: Settings, folder: Path = Path()
) -> None:
    """Writes or prunes the baseline that the settings name, and prints a note about it.

    Args:
      check: checks the runs with the given settings.
      options: whether to write or to prune.
      settings: name the baseline.
      folder: folder that file names are relative to.
    """
    from dreamerguard.lint.known_findings import write_baseline
    from dreamerguard.lint.known_findings_update import pruned, written

    assert settings.baseline is not None
    stated = settings.origins.get("baseline", "").startswith("--")
    if not stated and not settings.baseline.resolve().is_relative_to(settings.root.resolve()):
        fail(f"the baseline of {settings.file} is outside its folder; to write it, name it with --baseline FILE")
    counts, text = (written if options.write_baseline else pruned)(settings, check, folder)
    write_baseline(settings.baseline, counts)
    note(f"{settings.baseline}: {text}")
