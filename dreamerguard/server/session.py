"""The state of one editor: its documents, what is known of them, and the work on them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import TypeVar

from lsprotocol import types

from dreamerguard.core.run import ResolvedRun
from dreamerguard.core.source import SourceError
from dreamerguard.lint.preset_check import open_presets
from dreamerguard.programs.registry import load_program

from .actions import code_actions
from .completion import completions
from .diagnostics import diagnostics
from .documents import Change, Lines, OpenDocument, path_of
from .hover import hover
from .linting import Checked, Linter
from .settings import root_of
from .worker import Job, Worker

Publish = Callable[[types.PublishDiagnosticsParams], None]
_Answer = TypeVar("_Answer")


class Session:
    """Keeps documents, and publishes what is found in them.

    Methods named after a message of the editor run in the thread that reads messages; the others in the worker's.

    Args:
      publish: sends diagnostics; called in the worker's thread.
      failed: is told about an error, in the worker's thread.
      warn: shows a message to the user; called in the worker's thread.
    """

    def __init__(self, publish: Publish, failed: Callable[[Exception], None], warn: Callable[[str], None]) -> None:
        self.publish = publish
        self.warn = warn
        self.encoding = "utf-16"
        self.folders: list[Path] = []
        self.documents: dict[str, OpenDocument] = {}
        self.linter = Linter()
        self.worker = Worker(failed)
        self._checked: dict[str, Checked] = {}
        self._shown: set[str] = set()

    def opened(self, item: types.TextDocumentItem) -> None:
        """Takes a document and checks it."""
        path = path_of(item.uri)
        if path is not None:
            self.documents[item.uri] = OpenDocument(item.uri, path, item.version, Lines(item.text, self.encoding))
            self.worker.submit(Job(("disk",), self.linter.files_changed, urgent=True))
            self._submit(item.uri)

    def changed(self, uri: str, changes: Sequence[Change], version: int) -> None:
        """Changes a document and checks the part around the change, then all of it."""
        document = self.documents.get(uri)
        if document is not None:
            self.documents[uri] = document.changed(changes, version)
            self.worker.submit(Job(("near", uri), lambda: self._check_near(uri), urgent=True))
            self._submit(uri)

    def closed(self, uri: str) -> None:
        """Forgets a document and its diagnostics."""
        if self.documents.pop(uri, None) is None:
            return
        for kind in ("near", "whole"):
            self.worker.drop((kind, uri))
        self.worker.submit(Job(("closed", uri), lambda: self._forget(uri), urgent=True))

    def files_changed(self) -> None:
        """Checks all documents again: files on disk may have changed."""
        self.worker.submit(Job(("disk",), self.linter.files_changed, urgent=True))
        for uri in self.documents:
            self._submit(uri)

    def hover(self, uri: str, position: types.Position) -> Future[types.Hover | None]:
        """Answers what stands at a place."""
        return self._ask(uri, lambda document: self._hover(document, document.lines.offset(position)))

    def actions(self, wanted: types.CodeActionParams) -> Future[list[types.CodeAction] | None]:
        """Answers what can be done in a range."""
        return self._ask(
            wanted.text_document.uri,
            lambda document: code_actions(self._whole(document), wanted, self._by_path()),
        )

    def complete(self, uri: str, position: types.Position) -> Future[list[types.CompletionItem] | None]:
        """Answers what fits at a place."""
        return self._ask(uri, lambda document: self._complete(document, document.lines.offset(position)))

    def _submit(self, uri: str) -> None:
        self.worker.submit(Job(("whole", uri), lambda: self._check(uri)))

    def _ask(self, uri: str, question: Callable[[OpenDocument], _Answer]) -> Future[_Answer | None]:
        def answer() -> _Answer | None:
            document = self.documents.get(uri)
            return question(document) if document is not None else None

        return self.worker.ask(answer)

    def _check(self, uri: str) -> None:
        document = self.documents.get(uri)
        if document is None:
            return
        before = self._checked.get(uri)
        self._keep(self._fresh(document))
        if before is not None and not (before.complete and before.document.text == document.text):
            for other in self._readers_of(self._checked[uri]):
                self._submit(other)

    def _readers_of(self, changed: Checked) -> list[str]:
        """Returns the open documents with runs that read a document."""
        others = [item for item in self._checked.values() if item.root == changed.root and item.name != changed.name]
        return [
            item.document.uri for item in others if any(changed.name in result.run.files for result in item.results)
        ]

    def _whole(self, document: OpenDocument) -> Checked:
        """Returns a complete check of a document: the last one if its text is the same."""
        known = self._checked.get(document.uri)
        return known if known is not None and known.complete and known.document is document else self._fresh(document)

    def _fresh(self, document: OpenDocument) -> Checked:
        return self.linter.check(document, self._root(document), self._texts(), self._checked.get(document.uri))

    def _root(self, document: OpenDocument) -> Path:
        return root_of(document.path, [folder for folder in self.folders if folder.is_dir()])

    def _check_near(self, uri: str) -> None:
        document = self.documents.get(uri)
        if document is None:
            return
        found = self.linter.check_near(document, self._root(document), self._texts(), self._checked.get(uri))
        if found is not None:
            self._keep(found)

    def _keep(self, checked: Checked) -> None:
        """Remembers a check, and publishes it unless the text has changed meanwhile."""
        uri = checked.document.uri
        self._checked[uri] = checked
        self._show_problem(checked.root)
        if self.documents.get(uri) is checked.document:
            found = diagnostics(checked, self._by_path())
            self.publish(types.PublishDiagnosticsParams(uri, found, checked.document.version))

    def _show_problem(self, root: Path) -> None:
        problem = self.linter.settings.problem.get(root, "")
        if problem and problem not in self._shown:
            self._shown.add(problem)
            self.warn(f"the settings of {root} do not hold: {problem}")

    def _forget(self, uri: str) -> None:
        if uri not in self.documents:
            self._checked.pop(uri, None)
            self.publish(types.PublishDiagnosticsParams(uri, []))

    def _hover(self, document: OpenDocument, offset: int) -> types.Hover | None:
        checked = self._whole(document)
        return hover(checked, self.linter.runs_at(checked, self._texts(), offset), offset)

    def _complete(self, document: OpenDocument, offset: int) -> list[types.CompletionItem]:
        checked = self._checked.get(document.uri)
        runs = _nearest_first(checked, offset) if checked is not None else ()
        presets = self._presets(checked, runs[0]) if checked is not None and runs else ()
        return completions(document, offset, checked, runs, presets)

    def _presets(self, checked: Checked, run: ResolvedRun) -> Sequence[str]:
        """Returns the names of the presets that a command can use."""
        with self.linter.scope(checked.root, self._texts()):
            for name in run.files:
                try:
                    opened = open_presets(Path(name), name)
                except SourceError:
                    continue
                if opened is not None:
                    return [block for block in opened[1].blocks if block != "defaults"]
        return load_program(run.dialect).shipped_presets(run.edition)

    def _texts(self) -> dict[Path, bytes]:
        return {document.path: document.data for document in list(self.documents.values())}

    def _by_path(self) -> dict[Path, OpenDocument]:
        return {document.path: document for document in list(self.documents.values())}


def _nearest_first(checked: Checked, offset: int) -> tuple[ResolvedRun, ...]:
    """Returns the runs of a check, those of the command around a character first."""
    runs = [result.run for result in checked.results]
    return tuple(sorted(runs, key=lambda run: abs(run.anchor.start - offset)))
