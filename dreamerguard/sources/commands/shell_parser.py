"""Parses the tokens of a shell script. Whatever is not well formed is skipped, so that any text can be read."""

from __future__ import annotations

import re

from .shell_statements import (
    Case,
    Chain,
    Function,
    Group,
    If,
    Loop,
    Negated,
    Pipe,
    Simple,
    Statement,
    While,
)
from .shell_tokens import Token

_REDIRECTIONS = frozenset({"<", ">", ">>", ">&", "<&", ">|", "<<<", "<<", "<<-", "&>", "&>>"})
_WRITES = frozenset({">", ">>", ">|"})
_OPENERS = frozenset({"if", "while", "until", "for", "select", "case", "{", "function"})
_REST = frozenset({"then", "else", "elif", "fi", "do", "done", "esac", "}"})
_CHANGED = re.compile(r"([A-Za-z_]\w*)\s*(?:\+\+|--|[-+*/%]?=(?!=))", re.ASCII)
#: Deepest nesting; what lies deeper is read as if it stood outside.
_MAX_DEPTH = 40


def parse_statements(tokens: list[Token]) -> list[Statement]:
    """Groups tokens into statements."""
    parser = _Parser(tokens)
    found: list[Statement] = []
    while parser.at < len(tokens):
        found += parser.block(frozenset())
        parser.at += 1  # a closing word that nothing opened
    return found


class _Parser:
    def __init__(self, tokens: list[Token]) -> None:
        self.tokens = tokens
        self.keywords = [_keyword(token) for token in tokens]
        self.at = 0
        self.depth = 0

    def _now(self) -> Token | None:
        return self.tokens[self.at] if self.at < len(self.tokens) else None

    def _keyword(self) -> str:
        """The unquoted word, the operator or the line end at the current place."""
        return self.keywords[self.at] if self.at < len(self.keywords) else ""

    def _take(self, *texts: str) -> bool:
        if self._now() is not None and self._keyword() in texts:
            self.at += 1
            return True
        return False

    def block(self, stops: frozenset[str]) -> list[Statement]:
        """Reads statements up to one of some words or operators, which is not taken."""
        found: list[Statement] = []
        while self._now() is not None:
            text = self._keyword()
            if text in stops or (text in _REST and self.depth):
                break
            if text in ("\n", ";", "&", ")", ";;", "&&", "||", "|", "|&") or text in _REST:
                self.at += 1
                continue
            before = self.at
            found.append(self._chain())
            self.at += self.at == before
        return found

    def _inside(self, *stops: str) -> list[Statement]:
        self.depth += 1
        found = self.block(frozenset(stops))
        self.depth -= 1
        return found

    def _chain(self) -> Statement:
        parts = [("", self._pipe())]
        while (operator := self._keyword()) in ("&&", "||"):
            self.at += 1
            self._lines()
            parts.append((operator, self._pipe()))
        return Chain(parts) if len(parts) > 1 else parts[0][1]

    def _lines(self) -> None:
        while self._take("\n"):
            pass

    def _pipe(self) -> Statement:
        negated = False
        while (text := self._keyword()) in ("!", "time"):
            negated ^= text == "!"
            self.at += 1
        parts = [self._command()]
        while self._take("|", "|&"):
            self._lines()
            parts.append(self._command())
        whole = Pipe(parts) if len(parts) > 1 else parts[0]
        return Negated(whole) if negated else whole

    def _command(self) -> Statement:
        text = self._keyword()
        if text == "(" or (text in _OPENERS and self._now() is not None):
            if self.depth >= _MAX_DEPTH:
                self.at += 1
                return Group([], False)
            found, behind = self._compound(text), Simple([])
            self._redirections(behind)
            return Group([Group(behind.input, True), found], False) if behind.input else found
        return self._simple()

    def _compound(self, text: str) -> Statement:
        self.at += 1
        if text == "(":
            return Group(self._closed(")"), True)
        if text == "{":
            return Group(self._closed("}"), False)
        if text == "if":
            return self._if()
        if text == "case":
            return self._case()
        if text == "function":
            return self._function()
        if text in ("while", "until"):
            condition = self._inside("do")
            self._take("do")
            return While(condition, self._closed("done"))
        return self._for()

    def _closed(self, text: str) -> list[Statement]:
        body = self._inside(text)
        self._take(text)
        return body

    def _if(self) -> If:
        found = If([])
        while True:
            condition = self._inside("then")
            self._take("then")
            found.branches.append((condition, self._inside("elif", "else", "fi")))
            if not self._take("elif"):
                break
        if self._take("else"):
            found.otherwise = self._inside("fi")
        self._take("fi")
        return found

    def _case(self) -> Statement:
        subject = self._now()
        if subject is None or subject.kind != "word":
            return Group([], False)
        self.at += 1
        self._lines()
        self._take("in")
        found = Case(subject, [])
        while self._now() is not None:
            while self._take("\n", ";", ";;", "&", "("):
                pass
            patterns: list[Token] = []
            while (token := self._now()) is not None and not self._take(")") and self._keyword() != "esac":
                if token.kind == "newline":
                    break
                self.at += 1
                patterns += [token] if token.kind == "word" else []
            if not patterns:
                break
            found.arms.append((patterns, self._inside(";;", "esac")))
        self._take("esac")
        return found

    def _function(self) -> Statement:
        name = self._now()
        if name is None or name.kind != "word":
            return Group([], False)
        self.at += 1
        if self._take("("):
            self._take(")")
        return self._body_of(name.plain or "")

    def _body_of(self, name: str) -> Function:
        self._lines()
        self.depth += 1
        deep = self.depth > _MAX_DEPTH or self._now() is None
        body = Group([], False) if deep else self._command()
        self.depth -= 1
        return Function(name, body.body if isinstance(body, Group) else [body])

    def _for(self) -> Statement:
        loop = Loop("", [])
        token = self._now()
        if token is not None and token.text == "((":
            loop.counts = token
            self.at += 1
        elif token is not None and token.kind == "word":
            loop.name = token.plain or ""
            self.at += 1
            self._lines()
            if self._take("in"):
                while (token := self._now()) is not None and token.kind == "word":
                    loop.words.append(token)
                    self.at += 1
        while self._take(";", "\n"):
            pass
        closing = "done" if self._take("do") else "}" if self._take("{") else ""
        loop.body = self._closed(closing) if closing else []
        return loop

    def _simple(self) -> Statement:
        simple = Simple([])
        while (token := self._now()) is not None:
            if self._redirections(simple):
                continue
            if token.kind == "word":
                simple.words.append(token)
                self.at += 1
                if len(simple.words) == 1 and _keyword(token) == "[[":
                    self._double_brackets(simple)
            elif token.text == "(" and len(simple.words) == 1 and simple.words[0].plain:
                self.at += 1
                if self._take(")"):
                    return self._body_of(simple.words[0].plain)
            elif token.text == "((" and not simple.words:
                self.at += 1
                simple.changes += _CHANGED.findall(token.pieces[0].text)
            else:
                break
        return simple

    def _double_brackets(self, simple: Simple) -> None:
        """Takes everything up to ``]]``; its operators are not those of commands."""
        while (token := self._now()) is not None and token.kind != "newline":
            self.at += 1
            simple.words.append(token)
            if _keyword(token) == "]]":
                return

    def _redirections(self, simple: Simple) -> bool:
        """Takes redirections at the current place; returns whether there was one."""
        start, number = self.at, ""
        while (token := self._now()) is not None:
            following = self.tokens[self.at + 1] if self.at + 1 < len(self.tokens) else None
            digits = token.kind == "word" and (token.plain or "").isdigit() and following is not None
            if digits and following is not None and following.text in _REDIRECTIONS and following.start == token.end:
                self.at += 1
                number = token.plain or ""
                continue
            if token.kind == "word" or token.text not in _REDIRECTIONS:
                break
            self.at += 1
            simple.aside |= number in ("", "1") and self._leaves(token)
            number = ""
            if token.text == "<" and self._substitutes():
                self.at += 2
                simple.input += self._closed(")")
            elif token.text in ("<<", "<<-"):
                simple.here.append(token.start)  # the lexer took the word after these
            elif (target := self._now()) is not None and target.kind == "word":
                simple.written += [target] if token.text in _WRITES else []
                simple.given += [target] if token.text == "<<<" else []
                simple.read += [target] if token.text == "<" else []
                self.at += 1
        return self.at > start

    def _leaves(self, token: Token) -> bool:
        """Returns whether a redirection takes the output elsewhere."""
        target = self._now()
        return (
            token.text in _WRITES
            or token.text in ("&>", "&>>")
            or (token.text == ">&" and target is not None and target.plain == "2")
        )

    def _substitutes(self) -> bool:
        """Returns whether ``<(`` follows: the output of a command as a file."""
        pair = self.tokens[self.at : self.at + 2]
        return [token.text for token in pair] == ["<", "("] and pair[0].end == pair[1].start


def _keyword(token: Token) -> str:
    if token.kind != "word":
        return token.text or "\n"
    if len(token.pieces) == 1:
        piece = token.pieces[0]
        return piece.text if piece.kind == "text" and not piece.quoted else ""
    return "" if any(piece.quoted for piece in token.pieces) else token.plain or ""
