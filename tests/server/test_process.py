"""The process of the server: how it ends, and what it says without its packages."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.integration
COMMAND = [sys.executable, "-m", "dreamerguard", "server"]


def message(**content: object) -> bytes:
    data = json.dumps({"jsonrpc": "2.0", **content}).encode()
    return b"Content-Length: %d\r\n\r\n" % len(data) + data


def run(folder: Path, data: bytes) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(COMMAND, cwd=folder, input=data, capture_output=True, check=False)


HELLO = message(id=1, method="initialize", params={"processId": None, "rootUri": None, "capabilities": {}})


def test_it_ends_when_the_editor_is_gone(tmp_path: Path) -> None:
    assert b'"capabilities"' in run(tmp_path, HELLO + message(method="initialized", params={})).stdout
    assert run(tmp_path, b"").stdout == b""


def test_broken_messages_cause_no_traceback(tmp_path: Path) -> None:
    broken = b"Content-Length: 5\r\n\r\n{nope" + message(method="textDocument/didOpen", params={"a": 1})
    strange = message(method="textDocument/didChange", params={"textDocument": {"uri": "file:///x", "version": 2}})
    done = run(tmp_path, HELLO + message(method="initialized", params={}) + broken + strange)
    assert b"Traceback" not in done.stderr, done.stderr


def test_the_extra_is_named_if_it_is_missing(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(
        "import importlib.util as u\nold = u.find_spec\n"
        "u.find_spec = lambda name, *rest: None if name == 'pygls' else old(name, *rest)\n"
    )
    code = "import sys; sys.path.insert(0, '.'); import sitecustomize; from dreamerguard.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", code, "server"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "pip install 'dreamerguard[lsp]'" in done.stderr
    assert "Traceback" not in done.stderr
