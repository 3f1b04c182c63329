"""Checks a training program's file of presets: each preset as if a run used only that preset."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from pathlib import Path

from dreamerguard.core.finding import Finding, Severity
from dreamerguard.core.machine import UNKNOWN, Machine
from dreamerguard.core.result import LintStats, Result
from dreamerguard.core.run import ResolvedRun
from dreamerguard.core.setting import is_debug
from dreamerguard.programs.interface import Program
from dreamerguard.programs.registry import programs
from dreamerguard.programs.shared.preset_file import PresetFile
from dreamerguard.rules import all_rules
from dreamerguard.util.interruption import stop_if_superseded
from dreamerguard.util.text import number_of

from .run_rules import of_size, run_rules


def check_presets(path: Path, machine: Machine = UNKNOWN, *, name: str | None = None) -> Result | None:
    """Checks a file of presets.

    Args:
      path: the file.
      machine: facts about the machine that the runs are meant for.
      name: name of the file in findings; its path by default.

    Returns:
      Findings in the file, each place and rule once; None if no supported program has such a file.

    Raises:
      SourceError: the file cannot be read.
    """
    opened = open_presets(path, name or str(path))
    return check_blocks(*opened, list(opened[1].blocks), machine) if opened is not None else None


def check_blocks(program: Program, file: PresetFile, blocks: Sequence[str], machine: Machine = UNKNOWN) -> Result:
    """Checks some blocks of a file of presets, at least one.

    Raises:
      Superseded: nobody waits for the result any more; see `interruptible`.
    """
    runs: list[ResolvedRun] = []
    found: dict[tuple[str, int, str], Finding] = {}
    for block, run in zip(blocks, program.resolve_presets(file, blocks, machine), strict=True):
        stop_if_superseded()
        runs.append(run)
        for finding in _in_block(run, block, file):
            found.setdefault((finding.name, finding.primary.span.start, finding.key), finding)
    checked = LintStats(len(all_rules()), 1, sum(len(file.blocks[block]) for block in blocks), 0)
    findings = tuple(sorted(found.values(), key=lambda item: item.order))
    return Result(findings, runs[0], checked, program.name, f"{number_of(len(blocks), 'block')} of its presets")


def open_presets(path: Path, name: str) -> tuple[Program, PresetFile] | None:
    """Returns a file of presets and its program; None if no supported program has such a file.

    Raises:
      SourceError: the file cannot be read.
    """
    for program in programs():
        file = program.presets(path, name)
        if file is not None:
            return program, file
    return None


def _in_block(run: ResolvedRun, block: str, file: PresetFile) -> Collection[Finding]:
    found = (item for item in run_rules(run) if item.primary.span.source.name == file.source.name)
    trial = is_debug(block)
    return [
        _as_info(item) if (trial and of_size(item)) or not file.holds(block, item.primary.span) else item
        for item in found
    ]


def _as_info(finding: Finding) -> Finding:
    """Returns a finding of a default value, which is meant for other tasks too, or of the size of a trial."""
    return replace(finding, severity=Severity.INFO) if finding.severity is Severity.WARNING else finding
