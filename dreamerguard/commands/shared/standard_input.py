"""The text on the standard input, for commands that take ``-`` in place of a file."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dreamerguard.programs.native.options import LintOptions
from dreamerguard.sources.files import MAX_BYTES, given_contents

from .errors import fail


def read_standard_input(options: LintOptions) -> bytes:
    """Returns what is on the standard input.

    Raises:
      CommandFailed: files were to be fixed.
    """
    if options.fix:
        fail("--fix cannot write to the standard input; --diff shows the changes")
    return sys.stdin.buffer.read(MAX_BYTES + 1)


@contextmanager
def given_as(path: Path, data: bytes) -> Iterator[Path]:
    """Makes a text count as the content of a file.

    Raises:
      CommandFailed: the path is a folder.
    """
    if path.is_dir():
        fail(f"--stdin-filename {path}: this is a folder; give the name of a file")
    with given_contents({path: data}):
        yield path
