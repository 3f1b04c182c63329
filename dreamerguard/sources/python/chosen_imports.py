"""Which modules a start script runs: those that it imports, and those that its arguments choose by name.

SCRIPTS = {"dreamer": {"train": "scripts.dreamer.train"}, "ppo": {"train": "scripts.ppo.train"}}
importlib.import_module(SCRIPTS[sys.argv[1]]["train"]).main(sys.argv[2:])
"""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Iterator

from dreamerguard.util.fast_dataclass import dataclass

from .names import last_name, literal_text
from .tree_walk import walk

_MODULE = re.compile(r"[A-Za-z_]\w*(?:[./][A-Za-z_]\w*)+(?:\.py)?(?::\w+)?", re.ASCII)
#: A value that the interpreter itself gives.
_MAIN = "__main__"


@dataclass(frozen=True, slots=True)
class ChosenImports:
    """What the arguments of a script decide about its imports.

    Attributes:
      named: modules that the script names in texts, and runs with these arguments.
      skipped: modules that are only imported with other arguments.
    """

    named: tuple[str, ...]
    skipped: frozenset[str]


def chosen_imports(tree: ast.Module, words: Collection[str]) -> ChosenImports:
    """Returns the modules that a script runs by name, and those that it leaves out.

    Args:
      tree: the script.
      words: values and options of its command line, without dashes.
    """
    named: dict[str, None] = {}
    skipped: set[str] = set()
    for node in walk(tree):
        if isinstance(node, ast.Dict):
            named |= dict.fromkeys(_of_table(node, words))
        elif isinstance(node, ast.Call) and last_name(node.func) in ("import_module", "run_module", "run_path"):
            text = literal_text(node.args[0]) if node.args else ""
            named |= dict.fromkeys(filter(None, [_module(text)]))
        elif isinstance(node, ast.If) and _asks_for_another(node.test, words):
            skipped |= set(_imported(node.body))
    return ChosenImports(tuple(named), frozenset(skipped))


def _of_table(node: ast.Dict, words: Collection[str]) -> Iterator[str]:
    """Yields the modules of the entries that the words choose."""
    for key, value in zip(node.keys, node.values, strict=True):
        if key is not None and literal_text(key) in words:
            texts = (literal_text(item) for item in walk(value) if isinstance(item, ast.Constant))
            yield from filter(None, map(_module, texts))


def _module(text: str) -> str:
    """Returns the dotted name of a module in a text; empty if the text is none."""
    if not _MODULE.fullmatch(text):
        return ""
    return text.partition(":")[0].removesuffix(".py").replace("/", ".")


def _asks_for_another(test: ast.expr, words: Collection[str]) -> bool:
    """Returns whether a branch is only taken with a text that is not among the words."""
    if not isinstance(test, ast.Compare) or len(test.ops) != 1 or not isinstance(test.ops[0], ast.Eq | ast.In):
        return False
    other = test.comparators[0]
    items = other.elts if isinstance(other, ast.List | ast.Tuple | ast.Set) else [other]
    texts = [literal_text(item) for item in items]
    return all(texts) and _MAIN not in texts and not set(texts) & set(words)


def _imported(body: list[ast.stmt]) -> Iterator[str]:
    for node in (item for statement in body for item in walk(statement)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
