"""Every configuration and every training command of a repository, found and checked together.

>>> from pathlib import Path
>>> from dreamerguard.lint.repository import check_tree
>>> outcome = check_tree([Path("experiments")])  # doctest: +SKIP
>>> outcome.commands, outcome.presets  # doctest: +SKIP
(12, 3)
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from dreamerguard.core.finding import Finding
from dreamerguard.core.machine import UNKNOWN, Machine
from dreamerguard.core.result import RepositoryResult, Result
from dreamerguard.core.source import Source, SourceError
from dreamerguard.lint.settings.model import Settings
from dreamerguard.programs.registry import UnknownProgram, programs
from dreamerguard.sources.argv import Command, Word
from dreamerguard.sources.commands.installed_scripts import with_installed_script
from dreamerguard.sources.commands.launch import Launch, read_launch
from dreamerguard.sources.commands.nearby_files import reading_in
from dreamerguard.sources.commands.python import unread_launches, unread_values
from dreamerguard.sources.commands.readers import reader_for, reader_of
from dreamerguard.sources.commands.shell_launch import read_shell_launch
from dreamerguard.sources.commands.wandb_sweep import is_wandb_sweep, read_wandb_sweep
from dreamerguard.sources.files import is_given, read_source
from dreamerguard.util.check_cache import check_cache_scope
from dreamerguard.util.interruption import stop_if_superseded
from dreamerguard.util.paths import exists, is_dir

from .collected_results import CollectedResults
from .discovery import Found, FoundFiles, discover
from .engine import check_stored, lint_without_suppressions
from .file_findings import in_document, in_file
from .judged_commands import JudgedCommands, Key, key_of
from .loops import by_place, merged_loop
from .not_launched import is_record, kept_copy_of
from .other_revision import at_revision, revision_of
from .preset_check import check_presets
from .rebase_paths import PathRebaser
from .start_folder import start_folder, with_own_script
from .through_code import own_launcher
from .upstream_documents import shipped_by

_BLOCKS = re.compile(r"^defaults[ \t]*:[ \t]*(#.*)?\r?$", re.MULTILINE)

#: A resolved configuration has one of these keys.
_STORED = re.compile(r"\b(?:train_ratio|replay_ratio|per_rank_batch_size)[ \t]*:")


@check_cache_scope()
def check_tree(
    paths: Sequence[Path] = (),
    machine: Machine = UNKNOWN,
    *,
    settings: Settings | None = None,
    folder: Path | None = None,
) -> RepositoryResult:
    """Finds and checks what configures or starts runs below some paths.

    Args:
      paths: files and folders; by default the current folder.
      machine: facts about the machine that the runs are meant for.
      settings: how findings are judged.
      folder: what names are relative to; by default the current folder, or the only path where it lies elsewhere.

    Raises:
      SourceError: a path does not exist, or the settings name what does not exist.
    """
    for path in paths:
        if not (exists(path) or is_given(path)):
            raise SourceError(f"cannot check {str(path)!r}: there is no such file or folder")
    root = folder or root_of(paths)
    chosen = settings or Settings()
    tree = discover(paths, root, chosen.exclude)
    checker = _Checker(tree, machine, chosen)
    for found in tree.found:
        checker.look(found)
    return checker.found.outcome(checker.seen, chosen, root)


def root_of(paths: Sequence[Path]) -> Path:
    """Returns the folder that names are relative to: the current one, or the only folder if it lies elsewhere."""
    here = Path.cwd()
    elsewhere = len(paths) == 1 and is_dir(paths[0]) and not paths[0].resolve().is_relative_to(here)
    return paths[0] if elsewhere else Path()


class _Checker:
    def __init__(self, tree: FoundFiles, machine: Machine, settings: Settings) -> None:
        self.tree = tree
        self.machine = machine
        self.settings = settings
        self.found = CollectedResults()
        self.judged = JudgedCommands()
        self.seen = RepositoryResult(seen=tree.seen, files=len(tree.found), unreadable=list(tree.unreadable))

    def look(self, found: Found) -> None:
        """Checks what one file holds."""
        if found.kind == "settings":
            self._settings_file(found)
        if found.kind == "commands" or reader_of(found.name) is not None:
            self._command_file(found)

    def _source(self, found: Found) -> Source | None:
        try:
            source, unreadable = read_source(found.path)
        except SourceError as error:
            self.seen.unreadable.append(error.message)
            return None
        if unreadable is not None:
            self.seen.unreadable.append(f"{found.name}: {unreadable.message}")
            return None
        return replace(source, name=found.name)

    def _command_file(self, found: Found) -> None:
        source = self._source(found)
        if source is None:
            return
        with reading_in(found.path.parent, self.tree.root):
            commands = reader_for(source)(source)
        self._commands(found, source, commands)
        if found.name.endswith(".py"):
            self.seen.unread += [f"{found.name}:{line} {what}" for line, what in unread_launches(source)]
            self._launcher(found, source)

    def _commands(self, found: Found, source: Source, commands: Sequence[Command]) -> None:
        """Checks the commands of a file; one that starts several runs counts once."""
        for group in by_place(commands):
            fresh: dict[Path, dict[Key, Command]] = {}
            for command in group:
                launch = read_launch(with_installed_script(command, self.tree.root) or command)
                launch = launch or self._missing_script(command, found)
                if launch is None:
                    continue
                command = with_own_script(command, launch, found.name, self.tree.root)
                folder = start_folder(read_launch(command) or launch, found.name, self.tree.root)
                key = key_of(command, folder)
                if self.judged.is_new(key, (found.name, command.span.start)):
                    fresh.setdefault(folder, {})[key] = command
            before = len(self.found.results)
            examined = [
                next(iter(r.values())) for folder, r in fresh.items() if self._examine(list(r.values()), folder)
            ]
            self.judged.note((key for runs in fresh.values() for key in runs), self.found.results[before:], found.name)
            if examined:
                self.seen.commands += 1
                if found.name.endswith(".py"):
                    self.seen.unread += list(unread_values(examined[0]))

    def _missing_script(self, command: Command, found: Found) -> Launch | None:
        """Returns the start of a shell script that is not there; one that is there is checked as a file."""
        launch = read_shell_launch(command)
        there = launch is None or exists(start_folder(launch, found.name, self.tree.root) / launch.program)
        return None if there else launch

    def _launcher(self, found: Found, source: Source) -> None:
        """Checks the hydra files of a script that no command has to start."""
        launcher = own_launcher(source, found.path.parent)
        if launcher is not None:
            known = (launcher.program, launcher.detected)
            result = lint_without_suppressions(
                launcher.command, self.machine, folder=found.path.parent, settings=self.settings, known=known
            )
            self._report([(launcher.command, result)], found.path.parent, None)

    def _settings_file(self, found: Found) -> None:
        source = self._source(found)
        if source is None:
            return
        text = source.text
        if is_wandb_sweep(text):
            self._sweep_file(found, source)
            return
        if _BLOCKS.search(text) and (self._copy(found) or self._presets(found)):
            return
        if _STORED.search(text) and self._stored(found):
            return
        for program in programs():
            commands = list(program.file_commands(found.path, found.name, text))
            for item in commands:
                command = Command(source, _words(source, item.words))
                self.seen.presets += self._examine([command], item.folder or self.tree.root, found)
            if commands:
                return

    def _sweep_file(self, found: Found, source: Source) -> None:
        before = self.seen.commands
        commands = read_wandb_sweep(source)
        if not commands:
            self.seen.unreadable.append(f"{found.name}: the sweep cannot be read")
        self._commands(found, source, commands)
        if commands and self.seen.commands == before:
            self.seen.unread.append(f"{found.name} is a sweep that starts no supported program, so it was not judged")

    def _copy(self, found: Found) -> bool:
        """Returns whether a file of presets is a copy that nothing loads, and notes it."""
        commands = (other.path for other in self.tree.found if other.kind == "commands")
        original = kept_copy_of(found.path, commands) if not found.given else ""
        if original:
            self.seen.unread.append(f"{found.name} is a copy of {original} that nothing loads, so it was not judged")
        return bool(original)

    def _presets(self, found: Found) -> bool:
        try:
            result = check_presets(found.path, self.machine, name=found.name)
        except SourceError as error:
            self.seen.unreadable.append(error.message)
            return True
        if result is None:
            return False
        self.seen.presets += 1
        self.found.keep(replace(result, findings=tuple(map(in_file, result.findings))))
        return True

    def _stored(self, found: Found) -> bool:
        result = check_stored(found.path, self.machine, name=found.name)
        if result is None:
            return False
        if not found.given and is_record(found.path, found.name):
            self.seen.unread.append(f"{found.name} is the record of an earlier run, so it was not judged")
            return True
        self.seen.presets += 1
        self.found.keep(result)
        return True

    def _examine(self, commands: Sequence[Command], folder: Path, found: Found | None = None) -> bool:
        """Checks the runs of one command, and returns whether a supported program was found."""
        linted: dict[str, list[tuple[Command, Result]]] = {}
        for command in commands:
            result = self._lint(command, folder)
            if result is not None and not (found is not None and _unused(result, command)):
                linted.setdefault(result.dialect, []).append((command, result))
        for runs in linted.values():
            self._report(runs, folder, found)
        return bool(linted)

    def _report(self, linted: Sequence[tuple[Command, Result]], folder: Path, found: Found | None) -> None:
        """Keeps the result of the runs that a command starts with one program."""
        command = linted[0][0]
        result = merged_loop([item for item, _ in linted], [result for _, result in linted])
        result = replace(result, run=replace(result.run, sources=(*result.run.sources, command.source)))
        result = PathRebaser(command.source, folder, self.tree.root).result(result)
        findings: Iterable[Finding] = result.findings
        if found is not None:
            findings = map(in_file, findings)
            result = replace(result, detected=f"{found.name} is one of its configuration files")
        elif result.findings:
            revision, origin = revision_of(command), shipped_by(command)
            findings = (at_revision(item, revision) if revision else item for item in findings)
            findings = (in_document(item, origin) for item in findings)
        self.found.keep(replace(result, findings=tuple(findings)))

    def _lint(self, command: Command, folder: Path) -> Result | None:
        stop_if_superseded()
        try:
            return lint_without_suppressions(command, self.machine, folder=folder, settings=self.settings)
        except UnknownProgram:
            return None
        except SourceError as error:
            self.seen.unreadable.append(f"{command.source.name}: {error.message}")
            return None


def _words(source: Source, texts: Sequence[str]) -> tuple[Word, ...]:
    """Returns the arguments of a command that represents a whole file: all of them point at its beginning."""
    line = source.text.find("\n")
    span = source.span(0, line if line >= 0 else len(source.text))
    return tuple(Word(text, span, index) for index, text in enumerate(texts))


def _unused(result: Result, command: Command) -> bool:
    """Returns whether the program does not have the group of a file, so that nothing of the file can take effect."""
    option = command.words[-1].text.partition("=")[0]
    return any(item.name == "unknown-option" and item.key == option for item in result.findings)
