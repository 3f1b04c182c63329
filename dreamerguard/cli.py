"""Entry point of the command line. It parses ``lint`` itself, because Typer alone takes longer than linting."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from dreamerguard.util.standard_streams import OutputLost, open_standard_streams


def main() -> None:
    """Runs the command line. A bug exits with code 70 and a request for a report instead of a traceback."""
    open_standard_streams()
    try:
        code = _run(sys.argv[1:])
        sys.stdout.flush()
        sys.exit(code)
    except BrokenPipeError:
        # The reader, `head` for example, closed the pipe.
        _drop_output()
        sys.exit(1)
    except OutputLost as lost:
        _drop_output()
        sys.stderr.write(f"error: {lost}\n")
        sys.exit(2)
    except KeyboardInterrupt:
        sys.exit(130)
    except Exception as error:
        if isinstance(error, FileNotFoundError) and _current_folder_is_gone():
            sys.stderr.write("error: the current folder was removed; change to another folder and start again\n")
            sys.exit(2)
        _bug(error)


def _run(words: Sequence[str]) -> int | str | None:
    """Runs a command and returns its exit code."""
    words = _without_plain(words)
    code = _quick(words)
    if code is not None:
        return code
    from dreamerguard.commands.app import app

    try:
        app(list(words))
    except SystemExit as end:  # Typer ends every command with it, before the output is written
        return end.code
    return None


def _without_plain(words: Sequence[str]) -> Sequence[str]:
    """Returns the words without ``--plain`` before ``--``, which every command takes, and turns plain output on."""
    own = words[: words.index("--")] if "--" in words else words
    if "--plain" not in own:
        return words
    from dreamerguard.util.terminal import PLAIN

    os.environ[PLAIN] = "1"
    return [*(word for word in own if word != "--plain"), *words[len(own) :]]


def _current_folder_is_gone() -> bool:
    try:
        os.getcwd()  # noqa: PTH109 - pathlib is not loaded yet
    except FileNotFoundError:
        return True
    return False


def _drop_output() -> None:
    """Drops buffered output that cannot be written. Otherwise Python fails again when it closes the stream."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _quick(words: Sequence[str]) -> int | None:
    """Runs ``lint`` and returns its exit code; None for other commands and for options that only Typer handles."""
    if words[:1] != ["lint"] or "_DREAMERGUARD_COMPLETE" in os.environ:
        return None
    from dreamerguard.commands.lint_run import run_lint
    from dreamerguard.commands.shared.errors import CommandFailed, report_failure
    from dreamerguard.commands.shared.lint_options import read_options
    from dreamerguard.commands.shared.split_arguments import split_words

    own, training = split_words(words[1:])
    options = read_options(own)
    if options is None:
        return None
    try:
        return run_lint(options, own, training)
    except CommandFailed as failed:
        return report_failure(failed)


def _bug(error: Exception) -> None:
    from dreamerguard.commands.shared.exit_codes import BUG

    if os.environ.get("DREAMERGUARD_TRACEBACK"):
        import traceback

        traceback.print_exc()
    sys.stderr.write(
        f"internal error: {type(error).__name__}: {error}\n"
        "This is a bug in dreamerguard. Run again with DREAMERGUARD_TRACEBACK=1 and report the output.\n"
    )
    sys.exit(BUG)
