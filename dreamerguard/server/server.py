"""Connects the session with an editor: messages of the Language Server Protocol over standard input and output.

https://microsoft.github.io/language-server-protocol/specifications/lsp/3.17/specification/
"""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import sys
from collections.abc import Callable
from typing import Any

from lsprotocol import types
from pygls.lsp.server import LanguageServer

from dreamerguard import __version__
from dreamerguard.programs.registry import programs
from dreamerguard.rules import all_rules

from .actions import FIX_ALL
from .documents import path_of
from .session import Session

#: Files whose change on disk can change findings in open documents.
_WATCHED = "**/*.{py,yaml,yml,toml,sh,json}"
_ACTIONS = types.CodeActionOptions(code_action_kinds=[types.CodeActionKind.QuickFix, FIX_ALL])
_COMPLETION = types.CompletionOptions(trigger_characters=[".", "-", "=", ":", " "])


class GuardServer(LanguageServer):
    """The server of one editor."""

    def __init__(self) -> None:
        super().__init__("dreamerguard", __version__)
        self.loop: asyncio.AbstractEventLoop | None = None
        self.session = Session(
            self._later(self.text_document_publish_diagnostics), self._log_bug, self._later(self._show_warning)
        )

    def begin(self, folders: list[str]) -> None:
        """Starts the work on documents, once client and server have agreed on the encoding of columns."""
        self.loop = asyncio.get_running_loop()
        encoding = self.workspace.position_encoding
        self.session.encoding = str(getattr(encoding, "value", encoding))
        self.session.folders = [path for uri in folders if (path := path_of(uri)) is not None]
        self.session.worker.start()

    def report_server_error(self, error: Exception, source: Any) -> None:
        """Logs an error about a message; a popup for each key stroke would help nobody."""
        self._log_bug(error)

    def _later(self, send: Callable[[Any], None]) -> Callable[[Any], None]:
        """Returns a function that sends something in the thread that writes messages."""

        def call(item: Any) -> None:
            if self.loop is not None and not self.loop.is_closed():
                self.loop.call_soon_threadsafe(send, item)

        return call

    def _show_warning(self, text: str) -> None:
        self.window_show_message(types.ShowMessageParams(types.MessageType.Warning, text))

    def _log_bug(self, error: Exception) -> None:
        if _tracebacks():
            import traceback

            traceback.print_exception(error)
        text = f"internal error: {type(error).__name__}: {error}; this is a bug in dreamerguard, please report it"
        self._later(self.window_log_message)(types.LogMessageParams(types.MessageType.Error, text))


def _tracebacks() -> bool:
    return bool(os.environ.get("DREAMERGUARD_TRACEBACK"))


def make_server() -> GuardServer:
    """Returns a server that answers the messages of an editor."""
    server = GuardServer()
    _add_lifecycle(server)
    _add_documents(server)
    _add_answers(server)
    return server


def _add_lifecycle(server: GuardServer) -> None:
    @server.feature(types.INITIALIZED)
    def initialized(ls: GuardServer, params: types.InitializedParams) -> None:
        ls.begin(list(ls.workspace.folders) or [uri for uri in (ls.workspace.root_uri,) if uri])
        abilities = ls.client_capabilities.workspace
        watching = abilities.did_change_watched_files if abilities is not None else None
        if watching is not None and watching.dynamic_registration:
            options = types.DidChangeWatchedFilesRegistrationOptions([types.FileSystemWatcher(_WATCHED)])
            item = types.Registration("files", types.WORKSPACE_DID_CHANGE_WATCHED_FILES, options)
            ls.client_register_capability(types.RegistrationParams([item]))

    @server.feature(types.WORKSPACE_DID_CHANGE_WORKSPACE_FOLDERS)
    def folders_changed(ls: GuardServer, params: types.DidChangeWorkspaceFoldersParams) -> None:
        ls.session.folders = [path for uri in ls.workspace.folders if (path := path_of(uri)) is not None]
        ls.session.files_changed()

    @server.feature(types.SHUTDOWN)
    def shutdown(ls: GuardServer, params: None) -> None:
        ls.session.worker.end()


def _add_documents(server: GuardServer) -> None:
    @server.feature(types.TEXT_DOCUMENT_DID_OPEN)
    def opened(ls: GuardServer, params: types.DidOpenTextDocumentParams) -> None:
        ls.session.opened(params.text_document)

    @server.feature(types.TEXT_DOCUMENT_DID_CHANGE)
    def changed(ls: GuardServer, params: types.DidChangeTextDocumentParams) -> None:
        ls.session.changed(params.text_document.uri, params.content_changes, params.text_document.version)

    @server.feature(types.TEXT_DOCUMENT_DID_SAVE)
    def saved(ls: GuardServer, params: types.DidSaveTextDocumentParams) -> None:
        ls.session.files_changed()

    @server.feature(types.TEXT_DOCUMENT_DID_CLOSE)
    def closed(ls: GuardServer, params: types.DidCloseTextDocumentParams) -> None:
        ls.session.closed(params.text_document.uri)

    @server.feature(types.WORKSPACE_DID_CHANGE_WATCHED_FILES)
    def files_changed(ls: GuardServer, params: types.DidChangeWatchedFilesParams) -> None:
        ls.session.files_changed()


def _add_answers(server: GuardServer) -> None:
    @server.feature(types.TEXT_DOCUMENT_HOVER)
    async def hover(ls: GuardServer, params: types.HoverParams) -> types.Hover | None:
        return await asyncio.wrap_future(ls.session.hover(params.text_document.uri, params.position))

    @server.feature(types.TEXT_DOCUMENT_CODE_ACTION, _ACTIONS)
    async def actions(ls: GuardServer, params: types.CodeActionParams) -> list[types.CodeAction] | None:
        return await asyncio.wrap_future(ls.session.actions(params))

    @server.feature(types.TEXT_DOCUMENT_COMPLETION, _COMPLETION)
    async def completion(ls: GuardServer, params: types.CompletionParams) -> list[types.CompletionItem] | None:
        return await asyncio.wrap_future(ls.session.complete(params.text_document.uri, params.position))


def serve() -> None:
    """Serves one editor on standard input and output until it ends the connection.

    Everything that a check needs is loaded first, so that the first document does not wait for it. What else writes to
    the standard output goes to the error stream, because the output holds messages.
    """
    if not _tracebacks():
        logging.getLogger("pygls").setLevel(logging.CRITICAL + 1)  # it logs each wrong message with a traceback
    output = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    for _ in programs():
        pass
    all_rules()
    gc.collect()
    gc.freeze()
    server = make_server()
    try:
        server.start_io(sys.stdin.buffer, output)
    finally:
        server.session.worker.end()
