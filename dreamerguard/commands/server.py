"""``dreamerguard server``: the language server for editors."""

from __future__ import annotations

import importlib.util
import sys
from typing import Annotated

import typer

from dreamerguard.commands.shared.errors import fail, note


def server(
    stdio: Annotated[
        bool, typer.Option("--stdio", help="Speak on standard input and output, as without this option.")
    ] = True,
) -> None:
    """Serve an editor: findings while typing, what a key is, fixes and completion.

    Speaks the Language Server Protocol on standard input and output; an editor starts it. docs/editors.md has the
    settings of VS Code, Neovim, Helix and Emacs. It needs the extra lsp.
    """
    if importlib.util.find_spec("pygls") is None:
        fail("the language server needs packages that are not installed (pygls): pip install 'dreamerguard[lsp]'")
    if sys.stdin.isatty():
        note("the server waits for an editor on the standard input; Ctrl-C ends it")
    from dreamerguard.server.server import serve

    serve()
