"""Reads which values the code of one file decides by, and at which other values it stops."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import dataclass, replace

from .choice_branches import Branch, branches_of, module_named, modules_in, patterns_of
from .choice_facts import ClosedChoice, Compared, FileChoices, Guard, Literal, Passed, Subject, Term
from .choice_tests import leaves, mentions, refused_unless, stops, taken_by
from .guard_terms import negated, terms_after, test_of
from .names import last_name, literal_text
from .python_files import parse
from .scopes import scopes_of
from .subjects import Names
from .tree_walk import collection_paused, walk, walk_own

#: Expressions of which some parts run only sometimes.
_SOMETIMES = (ast.Lambda, ast.IfExp, ast.BoolOp, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
_SEARCHES = frozenset({"startswith", "endswith"})
_NESTED = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


def read_choices(data: bytes) -> FileChoices:
    """Returns what a file decides by values; nothing for a file that is not valid Python."""
    with collection_paused():
        tree = parse(data)
        found = FileChoices()
        if tree is None:
            return found
        try:
            for scope, body in scopes_of(tree):
                inner = bool(scope.outer and scope.outer.name)
                given = None if inner else ()
                _Reader(found, scope).block(body, _Flow(sure=not inner, direct=not inner, given=given))
        except RecursionError:
            return FileChoices()
        return found


@dataclass(frozen=True, slots=True)
class _Flow:
    """How sure it is that a statement runs.

    Attributes:
      sure: whether it runs whenever the function is called.
      direct: whether no condition stands around it; a statement before it may still leave the function.
      caught: whether an error in it does not stop the program.
      given: conditions that hold whenever it runs; None if some of them cannot be read.
    """

    sure: bool
    direct: bool
    caught: bool = False
    given: tuple[Term, ...] | None = None

    @property
    def sometimes(self) -> _Flow:
        """The flow of a part that runs under a condition."""
        return replace(self, sure=False, direct=False, given=None)

    def where(self, *terms: Term | None) -> _Flow:
        """Returns the flow of a part that runs where some terms hold."""
        known = tuple(term for term in terms if term is not None)
        given = (*self.given, *known) if self.given is not None and len(known) == len(terms) else None
        return replace(self.sometimes, given=given)


class _Reader:
    """Reads one function, without those inside it."""

    def __init__(self, found: FileChoices, scope: Names) -> None:
        self.found = found
        self.scope = scope
        if scope.owner:
            found.defined.append((scope.owner, scope.parameters))

    def block(self, body: Sequence[ast.stmt], flow: _Flow) -> None:
        """Reads statements."""
        chain: list[Branch] = []  # branches of the conditions right before a statement, all of which leave
        before = flow.sure
        for statement in body:
            if isinstance(statement, _NESTED):
                chain = []
                continue
            if not chain:
                before = flow.sure
            if isinstance(statement, ast.If):
                chain = self._condition(statement, chain, flow, before=before)
            else:
                if chain and stops([statement]) and not flow.caught:
                    self._close(chain, before)
                chain = []
                self._statement(statement, flow)
            if _may_leave(statement):
                given = terms_after(statement, flow.given, self.scope) if flow.given is not None else None
                flow = replace(flow, sure=False, given=given)

    def _condition(self, node: ast.If, chain: list[Branch], flow: _Flow, *, before: bool) -> list[Branch]:
        """Reads a condition; returns the branches so far if the code behind it runs only when none is taken."""
        branches, rest = branches_of(node)
        others: list[Term | None] = []
        for branch in branches:
            self._expressions([branch.test], flow if branch is branches[0] else flow.sometimes)
            term = test_of(branch.test, self.scope) if flow.given is not None else None
            self._stop(branch.body, flow.where(*others, term), branch.test.lineno)
            others.append(negated(term) if term is not None else None)
        self._stop(rest, flow.where(*others), rest[0].lineno if rest else 0)
        if stops(rest) and not flow.caught:
            self._close([*chain, *branches], before)
        elif not rest and len(branches) == 1 and stops(node.body) and not flow.caught:
            refused = refused_unless(node.test, self.scope)
            if refused is not None:
                self._add(refused[0], refused[1], node.lineno, flow.sure)
        return [*chain, *branches] if not rest and all(leaves(branch.body) for branch in branches) else []

    def _stop(self, body: list[ast.stmt], flow: _Flow, line: int) -> None:
        """Reads the statements of a branch; notes the conditions around them if they are an error."""
        self.block(body, flow)
        if stops(body) and flow.given and not flow.caught and not any(map(_may_leave, body)):
            self._guard(flow.given, line)

    def _guard(self, terms: tuple[Term, ...], line: int) -> None:
        """Notes an error under conditions on several values; that on one value is a closed choice, or a limit."""
        condition = Term("and", terms)
        if len(set(condition.subjects())) > 1:
            self.found.guards.append(Guard(condition, line, self._name))

    def _close(self, branches: Sequence[Branch], sure: bool) -> None:
        """Adds the closed choice of some branches, if the last ones compare one value with literals."""
        self.scope.here = branches[0].test.lineno
        tests = [taken_by(branch.test, self.scope) for branch in branches]
        self.scope.here = 0
        last = tests[-1]
        if last is None:
            return
        start = len(tests)
        while start and (test := tests[start - 1]) is not None and test[0] == last[0]:
            start -= 1
        for branch in branches[:start]:
            if any(_alike(asked, last[0]) for asked in mentions(branch.test, self.scope)):
                return
        choices: list[Literal] = []
        modules: dict[str, tuple[str, ...]] = {}
        for branch, test in zip(branches[start:], tests[start:], strict=True):
            assert test is not None
            choices += test[1]
            modules |= {str(value): modules_in(branch.body) for value in test[1]}
        self._add(last[0], tuple(choices), branches[start].test.lineno, sure and start == 0, modules)

    def _add(
        self,
        subject: Subject,
        choices: tuple[Literal, ...],
        line: int,
        sure: bool,
        modules: dict[str, tuple[str, ...]] | None = None,
    ) -> None:
        if choices and (subject.tail or subject.owner):
            self.found.closed.append(ClosedChoice(subject, choices, line, self._name, sure, modules or {}))

    def _statement(self, node: ast.stmt, flow: _Flow) -> None:
        """Reads a statement that is no condition, function or class."""
        if isinstance(node, ast.Try):
            self.block(node.body, replace(flow, caught=flow.caught or bool(node.handlers)))
            for body in (*(handler.body for handler in node.handlers), node.orelse):
                self.block(body, flow.sometimes)
            self.block(node.finalbody, flow)
        elif isinstance(node, ast.With | ast.AsyncWith):
            self._expressions([item.context_expr for item in node.items], flow)
            self.block(node.body, flow)
        elif isinstance(node, ast.For | ast.AsyncFor | ast.While):
            loops = isinstance(node, ast.While)
            self._expressions([node.test if isinstance(node, ast.While) else node.iter], flow)
            self.block(node.body, replace(flow, sure=False, given=None) if loops else flow)
            self.block(node.orelse, flow.sometimes)
        elif isinstance(node, ast.Match):
            self._match(node, flow)
        else:
            taken = taken_by(node.test, self.scope) if isinstance(node, ast.Assert) and not flow.caught else None
            if taken is not None:
                self._add(taken[0], taken[1], node.lineno, flow.sure)
            term = test_of(node.test, self.scope) if isinstance(node, ast.Assert) and not flow.caught else None
            if term is not None and flow.given is not None:
                self._guard((*flow.given, negated(term)), node.lineno)
            self._expressions([node], flow)

    def _match(self, node: ast.Match, flow: _Flow) -> None:
        self._expressions([node.subject], flow)
        for case in node.cases:
            self.block(case.body, flow.sometimes)
        subject, cases = self.scope.subject(node.subject), patterns_of(node)
        if subject is None or cases is None:
            return
        known, rest = cases
        choices = tuple(value for literals, _ in known for value in literals)
        if not subject.rest:
            self.found.compared.append(Compared(subject, choices, node.lineno, self._name))
        if stops(rest) and not flow.caught:
            modules = {str(value): modules_in(body) for literals, body in known for value in literals}
            self._add(subject, choices, node.lineno, flow.sure, modules)

    def _expressions(self, nodes: Sequence[ast.AST], flow: _Flow) -> None:
        """Reads the expressions of a statement."""
        for root in nodes:
            sometimes: set[int] = set()
            for node in walk(root):
                if id(node) in sometimes or isinstance(node, _SOMETIMES):
                    sometimes |= set(map(id, ast.iter_child_nodes(node)))
                here = flow.sometimes if id(node) in sometimes else flow
                if isinstance(node, ast.Compare):
                    self._compare(node)
                elif isinstance(node, ast.Subscript):
                    self._look_up(node, here)
                elif isinstance(node, ast.Call):
                    self._call(node, here)

    def _compare(self, node: ast.Compare) -> None:
        self.scope.here = node.lineno
        texts = [
            item.value for item in ast.walk(node) if isinstance(item, ast.Constant) and isinstance(item.value, str)
        ]
        for side in (node.left, *node.comparators):
            subject = self.scope.subject(side)
            values = (*texts, *(self.scope.constants(side) or ()))
            named = [value for other in (node.left, *node.comparators) for value in self.scope.constants(other) or ()]
            if subject is not None and not subject.rest:
                self.found.compared.append(Compared(subject, (*values, *named), node.lineno, self._name))
        self.scope.here = 0

    def _look_up(self, node: ast.Subscript, flow: _Flow) -> None:
        """Reads ``{"a": A, "b": B}[config.x]``, also where the dictionary has a name."""
        keys = self.scope.constants(node.value) if isinstance(node.value, ast.Dict | ast.Call | ast.Name) else None
        subject = self.scope.subject(node.slice) if keys else None
        if keys is None or subject is None or subject.rest or not isinstance(node.ctx, ast.Load):
            return
        self.found.compared.append(Compared(subject, keys, node.slice.lineno, self._name))
        if not flow.caught:
            table = self.scope.value_of(node.value)
            named = zip(table.keys, table.values, strict=True) if isinstance(table, ast.Dict) else ()
            modules = {str(key.value): module_named(value) for key, value in named if isinstance(key, ast.Constant)}
            if isinstance(table, ast.Call):
                modules = {item.arg: module_named(item.value) for item in table.keywords if item.arg}
            self._add(subject, keys, node.slice.lineno, flow.sure, modules)

    def _call(self, node: ast.Call, flow: _Flow) -> None:
        name = last_name(node.func)
        if name in _SEARCHES and isinstance(node.func, ast.Attribute):
            subject = self.scope.subject(node.func.value)
            start = "" if name == "startswith" else "*"
            texts = tuple(f"{start}{literal_text(item)}*" for item in walk(node) if literal_text(item))
            if subject is not None and not subject.rest:
                self.found.compared.append(Compared(subject, texts, node.lineno, self._name))
        if flow.direct:
            self.found.plain.add(name)
        for place, argument in enumerate(node.args):
            if isinstance(argument, ast.Starred):
                break
            self._pass(name, place, argument, flow)
        for item in node.keywords:
            self._pass(name, item.arg or "**", item.value, flow)

    def _pass(self, called: str, place: int | str, argument: ast.expr, flow: _Flow) -> None:
        subject = self.scope.subject(argument)
        if called and subject is not None and not subject.rest and (subject.tail or subject.owner):
            self.found.passed.append(Passed(called, place, subject, flow.direct))

    @property
    def _name(self) -> str:
        return self.scope.owner


def _alike(one: Subject, other: Subject) -> bool:
    return (one.owner, one.parameter, one.tail) == (other.owner, other.parameter, other.tail)


def _may_leave(node: ast.stmt) -> bool:
    """Returns whether a statement may leave the function or the loop that it is in, so that the next one is skipped."""
    return any(isinstance(item, ast.Return | ast.Continue | ast.Break) for item in walk_own([node]))
