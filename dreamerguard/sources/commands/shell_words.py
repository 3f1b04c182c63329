"""Splits shell text into tokens with positions. Nothing is expanded here, and nothing is ever run.

A word is a sequence of pieces: text, a variable to look up, something to calculate (``$(seq 3)``, ``${name:-default}``,
``{1..3}``), or a part that only a shell can know, such as a glob. The lexer tolerates errors: an open quote ends at the
end of its line.
"""

from __future__ import annotations

import re

from .shell_expansions import ExpansionLexer
from .shell_tokens import Mode, Piece, Token, TokenDraft

_OPERATOR = re.compile(r"<<<|<<-?|&>>|&>|>>|>&|<&|>\||\|\||\|&|&&|;;|[;&|()<>]")
#: What the reader of a text replaces: ``<task>``, ``{save path}``, ``[YOUR TASK]``.
_PLACEHOLDER = re.compile(
    r"<[A-Za-z][\w .:/|-]{0,60}>"
    r"|\{[A-Za-z][\w.:/|-]{0,30} [\w .:/|-]{0,60}\}"
    r"|(?<=[\s=])\[[A-Za-z][\w.:/|-]{0,30} [\w .:/|-]{0,60}\]"
)
_BRACES = re.compile(r"\{(?:[^{}\s\"']*(?:,|\.\.))[^{}\s\"']*\}")
#: ``((i = 0; i < 3; i++))``
_CALCULATION = re.compile(r"\(\((?:[^()\n]|\([^()\n]*\)){0,200}\)\)")
#: Characters without a meaning for the shell inside a word.
_RUN = re.compile(r"[A-Za-z0-9_=/:@%+,-]+")
#: A word that starts with a drive, so that the text is for a shell of Windows, where a backslash only parts folders.
_ON_DRIVE = re.compile(r"(?:[\w.+-]+=)?[A-Za-z]:(?:/[^\\]*)?")
#: A file of Windows in a text for people: ``scripts\train.py``, ``.venv\Scripts\python.exe``.
_BACKSLASHES = re.compile(r"\.{0,2}\\?[\w.-]{1,80}(?:\\[\w.-]{1,80}){0,20}\\[\w-]{1,80}\.(?:py|exe)(?=\s|\Z)")
_QUOTED_RUN = re.compile(r'[^"\\$`]+')
#: Most tokens that are read; nobody writes longer scripts.
_MAX_TOKENS = 80_000
_STOP = frozenset(" \t\r\n;&|()<>")
#: First characters of a placeholder.
_OPENING = frozenset("<{[")
_ASSIGNS = re.compile(r"[A-Za-z_]\w*\+?=", re.ASCII)


class Lexer(ExpansionLexer):
    """Reads tokens from ``text[start:end]``. Every step moves forward, so the time is linear in the text length."""

    def __init__(self, text: str, start: int = 0, end: int | None = None, mode: Mode = "script") -> None:
        super().__init__(text, start, end, mode)
        self.heredocs: list[tuple[str, bool, int]] = []
        #: Place of a ``<<`` -> range of its here-document.
        self.bodies: dict[int, tuple[int, int]] = {}
        self.in_array = False
        self.read = 0

    def tokens(self) -> list[Token]:
        """Returns all tokens up to the end."""
        found: list[Token] = []
        while (token := self.next()) is not None:
            found.append(token)
        return found

    def next(self) -> Token | None:
        """Returns the next token; None at the end."""
        self._skip_blanks()
        self.read += 1
        if self.at >= self.end or self.read > _MAX_TOKENS:
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
        if self.mode == "docs" and (windows := _BACKSLASHES.match(self.text, self.at, self.end)):
            word.add("text", windows[0].replace("\\", "/"))
            self.at = windows.end()
        while self.at < self.end:
            char = self.text[self.at]
            if char == "(" and self._assigns_array(word):
                items = self._array()
                return word.token(self.at, items)
            if char in _OPENING and self._placeholder(word):
                if self.at < self.end and self.text[self.at] in _STOP:
                    break
                continue
            if char in _STOP:
                break
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
        return True

    def _step(self, word: TokenDraft) -> None:
        char = self.text[self.at]
        if char == "\\":
            self._escape(word)
        elif char == "'":
            self._single_quoted(word)
        elif char == '"':
            self._double_quoted(word)
        elif char in "$`":
            self.expansion(word, quoted=False)
        elif self.mode == "docs" and self.text.startswith("...", self.at):
            word.add("unknown")
            self.at = min(self.at + 3, self.end)
        elif char in "*?":
            word.add("unknown" if not word.has_equals else "text", char)
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
        if not skipped and len(word.pieces) == 1 and _ON_DRIVE.fullmatch(word.pieces[0].text):
            word.add("text", "/")
            self.at += 1
            return
        if not skipped:
            word.add("text", self.text[self.at + 1 : min(self.at + 2, self.end)], quoted=True)
        self.at = min(self.at + (1 + skipped if skipped else 2), self.end)

    def _single_quoted(self, word: TokenDraft) -> None:
        stop = -1 if "'" in self.unclosed else self.text.find("'", self.at + 1, self.end)
        if stop < 0:
            self.skip_unclosed("'", word)
            return
        word.add("text", self.text[self.at + 1 : stop], quoted=True)
        word.quotes.append((self.at + 1, stop))
        self.at = stop + 1

    def _double_quoted(self, word: TokenDraft) -> None:
        opened, kept = self.at, len(word.pieces)
        limit = self.end_of_line(opened) if '"' in self.unclosed else self.end
        self.at += 1
        while self.at < limit and self.text[self.at] != '"':
            if self.text[self.at] == "\\":
                follows = self.text[self.at + 1 : self.at + 2]
                kept_slash = "" if follows in ("$", "`", '"', "\\") else "\\"
                skipped = self._line_end(self.at + 1)
                word.add("text", "" if skipped else kept_slash + follows, quoted=True)
                self.at = min(self.at + (1 + skipped if skipped else 2), self.end)
            elif self.text[self.at] in "$`":
                self.expansion(word, quoted=True)
            else:
                run = _QUOTED_RUN.match(self.text, self.at, limit)
                assert run is not None, "every other character was looked at"
                word.add("text", run[0], quoted=True)
                self.at = run.end()
        if self.at >= limit:
            self.at = opened
            del word.pieces[kept:]
            self.skip_unclosed('"', word)
            return
        if len(word.pieces) == kept:
            word.add("text", "", quoted=True)
        word.quotes.append((opened + 1, self.at))
        self.at += 1
