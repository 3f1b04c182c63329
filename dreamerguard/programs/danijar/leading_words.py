"""Words in front of the flags that the script itself takes before it reads its flags: ``main.py walk --seed 1``."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from dreamerguard.core.finding import Problem, Severity
from dreamerguard.programs.shared.python_call import PythonCall
from dreamerguard.sources.python.python_files import parse
from dreamerguard.util.check_cache import cached_per_check
from dreamerguard.util.fast_dataclass import dataclass
from dreamerguard.util.paths import is_file
from dreamerguard.util.regular_files import read_regular

_MOST_BYTES = 1 << 18


@dataclass(frozen=True, slots=True)
class LeadingWords:
    """What a script does with the words in front of its flags.

    Attributes:
      taken: number of words that it certainly removes.
      open: whether it may remove words, and how many is not known.
    """

    taken: int = 0
    open: bool = False


def without_taken_words(call: PythonCall, folder: Path) -> PythonCall:
    """Returns the call with the words that the flags reader gets."""
    taken = _leading(folder / call.script).taken
    loose = next((at for at, word in enumerate(call.words) if word.text.startswith("--")), len(call.words))
    return replace(call, words=call.words[min(taken, loose) :]) if taken else call


def as_far_as_known(problems: tuple[Problem, ...], call: PythonCall, folder: Path) -> tuple[Problem, ...]:
    """Returns the problems of the flags, where those of words that the script may take stop nothing for sure."""
    if not _leading(folder / call.script).open:
        return problems
    first = next((word.span.start for word in call.words if word.text.startswith("--")), None)
    return tuple(
        replace(item, message=f"{item.message.partition(';')[0]}; {call.script} may take it", severity=Severity.INFO)
        if item.rule == "malformed-override" and (first is None or item.label.span.start < first)
        else item
        for item in problems
    )


@cached_per_check
def _leading(script: Path) -> LeadingWords:
    """Reads how a script uses ``sys.argv``."""
    try:
        tree = parse(read_regular(script, _MOST_BYTES)) if is_file(script) else None
    except OSError:
        return LeadingWords()
    if tree is None:
        return LeadingWords()
    nodes = list(ast.walk(tree))
    rests = {number for node in nodes for number in _rest(node)}
    if len(rests) == 1 and min(rests) > 1 and not any(_takes(node) for node in nodes if isinstance(node, ast.Call)):
        return LeadingWords(taken=min(rests) - 1)
    return LeadingWords(open=any(map(_takes, nodes)))


def _rest(node: ast.AST) -> Iterator[int]:
    """Yields N of ``sys.argv[N:]``."""
    if isinstance(node, ast.Subscript) and _is_argv(node.value) and isinstance(node.slice, ast.Slice):
        lower = node.slice.lower
        yield lower.value if isinstance(lower, ast.Constant) and isinstance(lower.value, int) else 0


def _takes(node: ast.AST) -> bool:
    """Returns whether code may look at a single argument, or declare one without dashes."""
    if isinstance(node, ast.Subscript):
        first = isinstance(node.slice, ast.Constant) and node.slice.value == 0
        named = isinstance(node.value, ast.Name) and node.value.id == "argv"
        rest = isinstance(node.slice, ast.Slice)
        return named or (_is_argv(node.value) and not first and not rest) or any(number > 1 for number in _rest(node))
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
        return False
    if node.func.attr == "pop":
        return _is_argv(node.func.value) or (isinstance(node.func.value, ast.Name) and node.func.value.id == "argv")
    if node.func.attr == "add_argument" and node.args and isinstance(node.args[0], ast.Constant):
        return not str(node.args[0].value).startswith("-")
    return node.func.attr == "add_subparsers"


def _is_argv(node: ast.expr) -> bool:
    return isinstance(node, ast.Attribute) and node.attr == "argv"
