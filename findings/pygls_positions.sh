#!/bin/sh
# pygls 2.1.1, lsprotocol 2025.0.0. Its text document places two valid changes elsewhere than the protocol says.
# Expected (Language Server Protocol 3.17, "Text Documents" and "Position"): lines end at \n, \r\n and \r only, and a
# character behind the end of a line means the end of that line.
# Seen: U+2028 ends a line too, so a change in line 1 lands in the comment of line 0; an insertion behind the end of a last
# line without a line end lands before its last character. The server then checks another text than the editor shows.
# Exits with 0 while this is so.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet pygls==2.1.1 lsprotocol==2025.0.0
"$folder/venv/bin/python" - <<'PY'
from lsprotocol.types import Position, Range, TextDocumentContentChangePartial
from pygls.workspace import TextDocument


def changed(text, line, first, last, new):
    document = TextDocument("file:///presets.yaml", text)
    where = Range(Position(line, first), Position(line, last))
    document.apply_change(TextDocumentContentChangePartial(text=new, range=where))
    return document.source


note = changed("a: 1  # one\u2028two\nb: 2\n", 1, 3, 4, "9")
print("expected", repr("a: 1  # one\u2028two\nb: 9\n"), "seen", repr(note))
end = changed("a: 1", 0, 9, 9, "0")
print("expected", repr("a: 10"), "seen", repr(end))
assert note == "a: 1  # one\u2028two9b: 2\n", note
assert end == "a: 01", end
PY
