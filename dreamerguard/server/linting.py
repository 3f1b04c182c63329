"""Checks documents as ``dreamerguard check`` would after they are saved.

Everything here runs in the worker's thread, with the document's root as the current folder.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, chdir, contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from dreamerguard.core.finding import Finding
from dreamerguard.core.machine import UNKNOWN
from dreamerguard.core.result import Result
from dreamerguard.core.run import ResolvedRun
from dreamerguard.core.source import Source, SourceError
from dreamerguard.lint.engine import apply_suppressions
from dreamerguard.lint.file_findings import in_file
from dreamerguard.lint.file_kinds import may_hold_runs
from dreamerguard.lint.preset_check import check_blocks, open_presets
from dreamerguard.lint.repository import check_tree
from dreamerguard.lint.settings.model import Settings
from dreamerguard.sources.files import given_contents
from dreamerguard.util.check_cache import KeptMemory, check_cache_scope, kept_memory
from dreamerguard.util.user_cache import user_cache_scope

from .documents import OpenDocument
from .kept_run_file import check_run_file, was_run_file
from .moved_findings import moved
from .parse_findings import parse_finding
from .settings import SettingsReader, excluded

#: Rules about comments that accept findings: a part of a file does not show that a comment accepts nothing.
_ABOUT_SUPPRESSIONS = "DG9"


@dataclass(frozen=True)
class Checked:
    """What is known of a document.

    Attributes:
      document: with the text that was checked.
      root: the folder from which it was checked; names of files are relative to it.
      name: its name there.
      findings: those that count; a place in another file has that file's source.
      results: of the runs.
      complete: whether the whole document was checked, and not only the part around a change.
    """

    document: OpenDocument
    root: Path
    name: str
    findings: tuple[Finding, ...] = ()
    results: tuple[Result, ...] = ()
    complete: bool = True

    @property
    def here(self) -> tuple[Finding, ...]:
        """The findings in the document itself."""
        return tuple(item for item in self.findings if item.primary.span.source.name == self.name)


@dataclass
class Linter:
    """Checks documents, and keeps what is slow to read.

    Attributes:
      settings: of the folders.
      memory: what was read of the checkouts' Python.
    """

    settings: SettingsReader = field(default_factory=SettingsReader)
    memory: KeptMemory = field(default_factory=KeptMemory)

    def files_changed(self) -> None:
        """Looks at the files on disk again with the next check."""
        self.settings.forget()
        self.memory.doubt()

    def check(self, document: OpenDocument, root: Path, texts: Mapping[Path, bytes], before: Checked | None) -> Checked:
        """Checks a whole document.

        Args:
          document: the document.
          root: the folder to check it from.
          texts: path -> content of all open documents, which need not be saved.
          before: what was known of it.
        """
        name, settings = name_in(document.path, root), self.settings.of(root)
        nothing, source = Checked(document, root, name), Source(name, document.text)
        known = before.results if before is not None else ()
        if excluded(name, settings) or not may_hold_runs(name, document.text):
            return nothing
        with self.scope(root, texts):
            try:
                results = check_tree([Path(name)], settings=settings).results
                if not results and was_run_file(source, known):
                    results = check_run_file(source, settings)
            except SourceError as error:
                self.settings.problem[root] = error.message
                return nothing
        checked = replace(nothing, findings=_each_once(results), results=results)
        broken = parse_finding(source, results, known=bool(known))
        return checked if broken is None else replace(nothing, findings=(broken,), results=results or known)

    def check_near(
        self, document: OpenDocument, root: Path, texts: Mapping[Path, bytes], before: Checked | None
    ) -> Checked | None:
        """Checks the block of a preset file around the last change; None for other files, and if nothing is known.

        The findings of before stay at their places in the new text, except where something was typed: which of them
        other blocks cause is not known before the whole file is checked.
        """
        if before is None or not before.results or not before.results[0].run.whole or before.root != root:
            return None
        name, settings = before.name, self.settings.of(root)
        kept = moved(before.findings, before.document.text, Source(name, document.text))
        with self.scope(root, texts), suppress(SourceError):
            opened = open_presets(Path(name), name)
            if opened is None:
                return None
            program, file = opened
            block = file.block_at(kept.changed_at)
            result = check_blocks(program, file, (block,))
            found = _judged(replace(result, findings=tuple(map(in_file, result.findings))), settings)
            near = {_place(item): item for item in found if file.holds(block, item.primary.span)}
            others = [item for item in kept.findings if _place(item) not in near]
            return replace(before, document=document, findings=(*near.values(), *others), complete=False)
        return None

    def runs_at(self, checked: Checked, texts: Mapping[Path, bytes], offset: int) -> tuple[ResolvedRun, ...]:
        """Returns the runs that a place of a document configures; in a file of presets, that of the block around it."""
        runs = tuple(result.run for result in checked.results)
        if not (runs and runs[0].whole):
            return runs
        with self.scope(checked.root, texts), suppress(SourceError):
            opened = open_presets(Path(checked.name), checked.name)
            if opened is not None:
                program, file = opened
                return tuple(program.resolve_presets(file, (file.block_at(offset),), UNKNOWN))
        return runs

    @contextmanager
    def scope(self, root: Path, texts: Mapping[Path, bytes]) -> Iterator[None]:
        """Makes checks start in a folder, see the editor's texts, and keep what is slow to read."""
        with ExitStack() as scopes:
            scopes.enter_context(chdir(root))
            scopes.enter_context(user_cache_scope())
            scopes.enter_context(kept_memory(self.memory))
            scopes.enter_context(given_contents(texts))
            scopes.enter_context(check_cache_scope())
            yield


def name_in(path: Path, root: Path) -> str:
    """Returns the name of a file relative to a root, with slashes."""
    return os.path.relpath(path, root).replace(os.sep, "/")


def _each_once(results: Sequence[Result]) -> tuple[Finding, ...]:
    """Returns the findings that count; one that several runs share appears once."""
    found: dict[tuple[str, str, int, str, str], Finding] = {}
    for item in (item for result in results for item in result.active):
        span = item.primary.span
        found.setdefault((item.name, span.source.name, span.start, item.key, item.message), item)
    return tuple(found.values())


def _place(finding: Finding) -> tuple[str, int, str]:
    return finding.name, finding.primary.span.start, finding.key


def _judged(result: Result, settings: Settings) -> list[Finding]:
    """Returns the findings of a part of a file that count."""
    judged = apply_suppressions((result,), settings)[0]
    return [item for item in judged.active if not item.code.startswith(_ABOUT_SUPPRESSIONS)]
