"""Text and places of open documents, as editors count them."""

from pathlib import Path

import pytest
from lsprotocol import types

from dreamerguard.server.documents import Lines, OpenDocument, changed_part, path_of

#: Characters of one, two and four bytes in UTF-8, the last with two units in UTF-16.
TEXT = "a: 1\r\nä: '😀x'  # \u2028 \x0c\nlast\rend"


def place(line: int, character: int) -> types.Position:
    return types.Position(line, character)


@pytest.mark.parametrize("encoding, column", [("utf-8", 9), ("utf-16", 6), ("utf-32", 5)])
def test_columns_count_units_of_the_encoding(encoding: str, column: int) -> None:
    lines = Lines(TEXT, encoding)
    offset = TEXT.index("x'")
    assert lines.position(offset) == place(1, column)
    assert lines.offset(place(1, column)) == offset


def test_only_line_ends_of_the_protocol_end_a_line() -> None:
    lines = Lines(TEXT)
    assert [lines.position(TEXT.index(word)).line for word in ("a:", "ä", "\x0c", "last", "end")] == [0, 1, 1, 2, 3]


def test_every_place_is_found_again() -> None:
    for encoding in ("utf-8", "utf-16", "utf-32"):
        lines = Lines(TEXT, encoding)
        starts = [0, *(at for at in range(len(TEXT) + 1) if TEXT[at - 1 : at] != "\r" or TEXT[at : at + 1] != "\n")]
        assert all(lines.offset(lines.position(at)) == at for at in starts), encoding


def test_places_outside_of_the_text_are_its_ends() -> None:
    lines = Lines("ab\ncdä")
    assert lines.offset(place(0, 99)) == 2
    assert lines.offset(place(1, 99)) == 6
    assert lines.offset(place(9, 0)) == 6
    assert lines.position(99) == place(1, 3)


def test_a_column_inside_a_character_is_its_start() -> None:
    assert Lines("😀b").offset(place(0, 1)) == 0


def change(start: tuple[int, int], end: tuple[int, int], text: str) -> types.TextDocumentContentChangePartial:
    return types.TextDocumentContentChangePartial(types.Range(place(*start), place(*end)), text)


def test_changes_apply_one_after_the_other() -> None:
    document = OpenDocument("file:///x", Path("/x"), 1, Lines("one\ntwo 😀 three"))
    changed = document.changed(
        [change((1, 4), (1, 6), "2"), change((0, 0), (0, 3), ""), change((9, 9), (9, 9), "!")], 2
    )
    assert (changed.text, changed.version) == ("\ntwo 2 three!", 2)
    whole = changed.changed([types.TextDocumentContentChangeWholeDocument("new")], 3)
    assert whole.text == "new"


def test_half_a_character_does_not_stop_the_server() -> None:
    document = OpenDocument("file:///x", Path("/x"), 1, Lines("a: \ud800b"))
    assert document.data == b"a: \xed\xa0\x80b"
    assert document.lines.position(5) == place(0, 5)


def test_only_local_files_have_a_path() -> None:
    assert path_of("file:///a%20b/c.yaml") == Path("/a b/c.yaml")
    assert path_of("untitled:Untitled-1") is None
    assert path_of("file://server/share/x.yaml") is None
    assert path_of("file:///a%00b") is None


@pytest.mark.parametrize("old, new", [("abc", "abXc"), ("aaa", "aa"), ("", "x"), ("same", "same"), ("ab", "ba")])
def test_the_changed_part(old: str, new: str) -> None:
    front, back = changed_part(old, new)
    assert old[:front] == new[:front]
    assert not back or old[-back:] == new[-back:]
    assert front + back <= min(len(old), len(new))
    assert old[:front] + new[front : len(new) - back] + old[len(old) - back :] == new
