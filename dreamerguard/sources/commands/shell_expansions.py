"""Reads ``$name``, ``${...}``, ``$(...)`` and backquotes in shell text. Nothing is expanded here."""

from __future__ import annotations

import re

from .shell_tokens import Mode, TokenDraft

_NAME = re.compile(r"[A-Za-z_]\w*", re.ASCII)
_ARRAY = re.compile(r"\$\{(!?[A-Za-z_]\w*)\[[@*]\]\}", re.ASCII)
_ITEM = re.compile(r"#?[A-Za-z_]\w*\[", re.ASCII)
_ARGUMENTS = re.compile(r"\$[@*]|\$\{[@*]\}")
_DEFAULT = re.compile(r"(?:[A-Za-z_]\w*|[1-9]\d?|[@*]):?[-=].*", re.ASCII | re.DOTALL)


class ExpansionLexer:
    """Reads expansions at the current place of ``text[start:end]``; an open bracket ends at the end of its line."""

    def __init__(self, text: str, start: int, end: int | None, mode: Mode) -> None:
        self.text = text
        self.at = start
        self.end = len(text) if end is None else end
        self.mode = mode
        self.unclosed: set[str] = set()

    def skip_unclosed(self, quote: str, word: TokenDraft) -> None:
        """Handles an open quote: the rest of its line is unknown."""
        self.unclosed.add(quote)
        word.add("unknown")
        self.at = self.end_of_line(self.at)

    def end_of_line(self, at: int) -> int:
        """Returns the position of the next line end, or of the end."""
        line = self.text.find("\n", at, self.end)
        return line if line >= 0 else self.end

    def expansion(self, word: TokenDraft, quoted: bool) -> None:
        """Reads what begins with a dollar sign or a backquote."""
        text, at = self.text, self.at
        array = _ARRAY.match(text, at, self.end)
        if text[at] == "`":
            self._backquoted("`", word, quoted)
        elif array:
            word.add("array", array[1], quoted)
            self.at = array.end()
        elif self.mode != "make" and (arguments := _ARGUMENTS.match(text, at, self.end)):
            word.add("arguments", "@", quoted)
            self.at = arguments.end()
        elif self.mode == "make" and text.startswith("$$", at):
            self.at = at + 1
            self.mode = "script"
            self.expansion(word, quoted)
            self.mode = "make"
        elif text[at + 1 : at + 2] in ("(", "{"):
            self._bracketed(word, quoted)
        elif name := _NAME.match(text, at + 1, self.end):
            word.add("variable", name[0], quoted)
            self.at = name.end()
        elif self.mode == "script" and text[at + 1 : at + 2] in set("123456789"):
            word.add("variable", text[at + 1], quoted)
            self.at = at + 2
        elif text[at + 1 : at + 2] and text[at + 1] in "0123456789@*#?$!-":
            word.add("unknown", quoted=quoted)
            self.at = min(at + 2, self.end)
        elif not quoted and text[at + 1 : at + 2] == "'":
            self.at += 1
        else:
            word.add("text", "$", quoted)
            self.at += 1

    def _backquoted(self, close: str, word: TokenDraft, quoted: bool) -> None:
        stop = self.text.find(close, self.at + 1, self.end) if close not in self.unclosed else -1
        if stop < 0:
            self.skip_unclosed(close, word)
            return
        word.add("command", self.text[self.at + 1 : stop], quoted)
        word.inner.append((self.at + 1, stop))
        self.at = stop + 1

    def _bracketed(self, word: TokenDraft, quoted: bool) -> None:
        """Reads ``$(...)`` or ``${...}`` up to the closing bracket."""
        opening = self.text[self.at + 1]
        closing = ")" if opening == "(" else "}"
        stop = self._matching(opening, closing) if opening not in self.unclosed else -1
        if stop < 0:
            self.skip_unclosed(opening, word)
            return
        inner = self.text[self.at + 2 : stop]
        if (_NAME.fullmatch(inner) and (opening == "{" or self.mode == "make")) or (opening == "{" and inner.isdigit()):
            word.add("variable", inner, quoted)
        elif opening == "{" and self.mode == "script" and _DEFAULT.fullmatch(inner):
            word.add("default", inner, quoted)
        elif opening == "{" and (self.mode == "script" or (self.mode == "docs" and _ITEM.match(inner))):
            word.add("parameter", inner, quoted)
        elif opening == "(" and self.mode != "make":
            self._substituted(inner, stop, word, quoted)
        else:
            word.add("unknown", "", quoted)
        self.at = stop + 1

    def _substituted(self, inner: str, stop: int, word: TokenDraft, quoted: bool) -> None:
        if inner.startswith("(") and inner.endswith(")"):
            word.add("arithmetic", inner[1:-1], quoted)
            return
        word.add("command", inner, quoted)
        word.inner.append((self.at + 2, stop))

    def _matching(self, opening: str, closing: str) -> int:
        depth = 0
        for at in range(self.at + 1, self.end):
            char = self.text[at]
            depth += (char == opening) - (char == closing)
            if depth == 0:
                return at
        return -1
