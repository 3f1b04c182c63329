"""Splits shell text into tokens with positions. Nothing is expanded here, and nothing is ever run.

A word is a sequence of pieces: text, a variable to look up, something to calculate (``$(seq 3)``, ``${name:-default}``,
``{1..3}``), or a part that only a shell can know, such as a glob. The lexer tolerates errors: an open quote ends at the
end of its line.
"""

from __future__ import annotations

import re

from .shell_tokens import Mode, Piece, Token, TokenDraft

_OPERATOR = re.compile(r"<<<|<<-?|&>>|&>|>>|>&|<&|>\||\|\||\|&|&&|;;|[;&|()<>]")
_NAME = re.compile(r"[A-Za-z_]\w*", re.ASCII)
_PLACEHOLDER = re.compile(r"<[A-Za-z][\w .:/|-]{0,60}>")
_BRACES = re.compile(r"\{(?:[^{}\s\"']*(?:,|\.\.))[^{}\s\"']*\}")
_ARRAY = re.compile(r"\$\{(!?[A-Za-z_]\w*)\[[@*]\]\}", re.ASCII)
#: ``((i = 0; i < 3; i++))``
_CALCULATION = re.compile(r"\(\((?:[^()\n]|\([^()\n]*\)){0,200}\)\)")
_ARGUMENTS = re.compile(r"\$[@*]|\$\{[@*]\}")
_DEFAULT = re.compile(r"(?:[A-Za-z_]\w*|[1-9]\d?|[@*]):?[-=].*", re.ASCII | re.DOTALL)
#: Characters without a meaning for the shell inside a word.
_RUN = re.compile(r"[A-Za-z0-9_=/:@%+,-]+")
_QUOTED_RUN = re.compile(r'[^"\\$`]+')
_STOP = frozenset(" \t\r\n;&|()<>")
_ASSIGNS = re.compile(r"[A-Za-z_]\w*\+?=", re.ASCII)


class Lexer:
    """Reads tokens from ``text[start:end]``. Every step moves forward, so the time is linear in the text length."""

    def __init__(self, text: str, start: int = 0, end: int | None = None, mode: Mode = "script") -> None:
        self.text = text
        self.at = start
        self.end = len(text) if end is None else end
        self.mode = mode
        self.heredocs: list[tuple[str, bool, int]] = []
        #: Place of a ``<<`` -> range of its here-document.
        self.bodies: dict[int, tuple[int, int]] = {}
        self.unclosed: set[str] = set()
        self.in_array = False

    def tokens(self) -> list[Token]:
        """Returns all tokens up to the end."""
        found: list[Token] = []
        while (token := self.next()) is not None:
            found.append(token)
        return found

    def next(self) -> Token | None:
        """Returns the next token; None at the end."""
        self._skip_blanks()
        if self.at >= self.end:
            return None
        start, char = self.at, self.text[self.at]
        if char == "\n":
            self.at += 1
            self._skip_heredocs()
            return Token("newline", start, start + 1)
        placeholder = self.mode == "docs" and _PLACEHOLDER.match(self.text, start, self.end)
        if char == "(" and (calculation := _CALCULATION.match(self.text, start, self.end)) and not self.in_array:
            self.at = calculation.end()
            return Token("operator", start, self.at, (Piece("text", calculation[0]),), text="((")
        operator = _OPERATOR.match(self.text, start, self.end)
        if operator and not placeholder:
            self.at = operator.end()
            if operator[0] in ("<<", "<<-"):
                self._open_heredoc(operator[0] == "<<-", start)
            return Token("operator", start, self.at, text=operator[0])
        return self._word()

    def _skip_blanks(self) -> None:
        while self.at < self.end:
            char = self.text[self.at]
            if char in " \t\r":
                self.at += 1
            elif char == "\\" and self._line_end(self.at + 1):
                self.at += 1 + self._line_end(self.at + 1)
            elif char == "#":
                line = self.text.find("\n", self.at, self.end)
                self.at = line if line >= 0 else self.end
            else:
                return

    def _line_end(self, at: int) -> int:
        """Returns the length of the line end at a position, or 0."""
        if self.text.startswith("\r\n", at) and at + 2 <= self.end:
            return 2
        return 1 if self.text.startswith("\n", at) and at < self.end else 0

    def _open_heredoc(self, tabs: bool, place: int) -> None:
        self._skip_blanks()
        if self.at < self.end and self.text[self.at] not in _STOP:
            word = self._word()
            self.heredocs.append((word.plain or "", tabs, place))

    def _skip_heredocs(self) -> None:
        for delimiter, tabs, place in self.heredocs:
            self.bodies[place] = (self.at, self.end)
            while self.at < self.end:
                stop = self.text.find("\n", self.at, self.end)
                stop = stop if stop >= 0 else self.end
                line = self.text[self.at : stop].rstrip("\r")
                self.bodies[place] = (self.bodies[place][0], self.at)
                self.at = min(stop + 1, self.end)
                if (line.lstrip("\t") if tabs else line) == delimiter:
                    break
        self.heredocs.clear()

    def _word(self) -> Token:
        word = TokenDraft(self.at)
        while self.at < self.end:
            char = self.text[self.at]
            if char == "(" and self._assigns_array(word):
                items = self._array()
                return word.token(self.at, items)
            if char in _STOP and not self._placeholder(word):
                if char in _STOP:
                    break
                continue
            self._step(word)
        end = self.at
        while self.text[end - 2 : end] == "\\\n" and end - 2 > word.start:
            end -= 2
        return word.token(end)

    def _assigns_array(self, word: TokenDraft) -> bool:
        return not self.in_array and len(word.pieces) == 1 and bool(_ASSIGNS.fullmatch(word.pieces[0].text))

    def _array(self) -> tuple[Token, ...]:
        self.at += 1
        self.in_array = True
        items: list[Token] = []
        while (token := self.next()) is not None and not (token.kind == "operator" and token.text == ")"):
            if token.kind == "word":
                items.append(token)
        self.in_array = False
        return tuple(items)

    def _placeholder(self, word: TokenDraft) -> bool:
        match = _PLACEHOLDER.match(self.text, self.at, self.end) if self.mode == "docs" else None
        if match is None:
            return False
        word.add("unknown")
        self.at = match.end()
        return self.at < self.end and self.text[self.at] not in _STOP

    def _step(self, word: TokenDraft) -> None:
        char = self.text[self.at]
        if char == "\\":
            self._escape(word)
        elif char == "'":
            self._single_quoted(word)
        elif char == '"':
            self._double_quoted(word)
        elif char in "$`":
            self._expansion(word, quoted=False)
        elif self.mode == "docs" and self.text.startswith("...", self.at):
            word.add("unknown")
            self.at = min(self.at + 3, self.end)
        elif char in "*?":
            word.add("unknown" if not _has_equals(word) else "text", char)
            self.at += 1
        elif char == "{" and (match := _BRACES.match(self.text, self.at, min(self.end, self.at + 400))):
            word.add("braces", match[0])
            self.at = match.end()
        else:
            run = _RUN.match(self.text, self.at, self.end)
            word.add("text", run[0] if run else char)
            self.at = run.end() if run else self.at + 1

    def _escape(self, word: TokenDraft) -> None:
        skipped = self._line_end(self.at + 1)
        if not skipped:
            word.add("text", self.text[self.at + 1 : min(self.at + 2, self.end)], quoted=True)
        self.at = min(self.at + (1 + skipped if skipped else 2), self.end)

    def _single_quoted(self, word: TokenDraft) -> None:
        stop = -1 if "'" in self.unclosed else self.text.find("'", self.at + 1, self.end)
        if stop < 0:
            self._skip_unclosed("'", word)
            return
        word.add("text", self.text[self.at + 1 : stop], quoted=True)
        word.quotes.append((self.at + 1, stop))
        self.at = stop + 1

    def _double_quoted(self, word: TokenDraft) -> None:
        opened, kept = self.at, len(word.pieces)
        limit = self._end_of_line(opened) if '"' in self.unclosed else self.end
        self.at += 1
        while self.at < limit and self.text[self.at] != '"':
            if self.text[self.at] == "\\":
                follows = self.text[self.at + 1 : self.at + 2]
                kept_slash = "" if follows in ("$", "`", '"', "\\") else "\\"
                skipped = self._line_end(self.at + 1)
                word.add("text", "" if skipped else kept_slash + follows, quoted=True)
                self.at = min(self.at + (1 + skipped if skipped else 2), self.end)
            elif self.text[self.at] in "$`":
                self._expansion(word, quoted=True)
            else:
                run = _QUOTED_RUN.match(self.text, self.at, limit)
                assert run is not None, "every other character was looked at"
                word.add("text", run[0], quoted=True)
                self.at = run.end()
        if self.at >= limit:
            self.at = opened
            del word.pieces[kept:]
            self._skip_unclosed('"', word)
            return
        if len(word.pieces) == kept:
            word.add("text", "", quoted=True)
        word.quotes.append((opened + 1, self.at))
        self.at += 1

    def _skip_unclosed(self, quote: str, word: TokenDraft) -> None:
        """Handles an open quote: the rest of its line is unknown."""
        self.unclosed.add(quote)
        word.add("unknown")
        self.at = self._end_of_line(self.at)

    def _end_of_line(self, at: int) -> int:
        line = self.text.find("\n", at, self.end)
        return line if line >= 0 else self.end

    def _expansion(self, word: TokenDraft, quoted: bool) -> None:
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
            self._expansion(word, quoted)
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
            self._skip_unclosed(close, word)
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
            self._skip_unclosed(opening, word)
            return
        inner = self.text[self.at + 2 : stop]
        if (_NAME.fullmatch(inner) and (opening == "{" or self.mode == "make")) or (opening == "{" and inner.isdigit()):
            word.add("variable", inner, quoted)
        elif opening == "{" and self.mode == "script" and _DEFAULT.fullmatch(inner):
            word.add("default", inner, quoted)
        elif opening == "{" and self.mode == "script":
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


def _has_equals(word: TokenDraft) -> bool:
    return any("=" in piece.text for piece in word.pieces)
