"""The code that a started script runs: the script and the files of its checkout that it imports, itself or by name."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from pathlib import Path

from dreamerguard.sources.python.chosen_imports import chosen_imports
from dreamerguard.sources.python.index import PythonIndex
from dreamerguard.sources.python.python_files import parse
from dreamerguard.util.fast_dataclass import dataclass
from dreamerguard.util.paths import is_file

from .find_checkout import checkout_root, indexed

#: Text without which a file is no part of a known program.
_SIGNS = re.compile(
    rb"\bImagBehavior\(|\brep_loss\b|^class Agent\(|(?:from|import) +[\w.]*dreamerv3|\bsheeprl\.cli\b|\boverrides *=",
    re.MULTILINE,
)
_IMPORTS = re.compile(rb"^[ \t]*(?:from[ \t]+([\w.]+)[ \t]+import[ \t]+([^\n#]*)|import[ \t]+([^\n#]*))", re.MULTILINE)
_MOST_LOOKED = 200
#: The last index and its files with such text.
_SIGNED: list[tuple[PythonIndex, frozenset[str]]] = []
#: An installed command starts this function.
_ENTRY = b"main"
#: Begins a statement of the module: a function, a class, or other code.
_OUTER = re.compile(rb"^(?:(async def|def|class) (\w+)|[^\s#)\]}@])", re.MULTILINE)

#: Libraries that a module of the same name inside a package of the checkout does not replace: ``embodied/jax``.
_LIBRARIES = frozenset({"jax", "torch", "tensorflow", "numpy", "flax", "optax", "gym", "gymnasium", "ray", "wandb"})


@dataclass(frozen=True, slots=True)
class ReachedCode:
    """The files that a script runs.

    Attributes:
      index: the Python of the checkout.
      script: name of the script in it.
      files: names of the files, the script first.
    """

    index: PythonIndex
    script: str
    files: tuple[str, ...]

    def text(self, name: str) -> bytes:
        """Returns the content of a file; empty if it was not read."""
        file = self.index.files.get(name)
        return file.data or b"" if file is not None else b""

    def holding(self, pattern: re.Pattern[bytes]) -> Iterator[str]:
        """Yields the files in which a pattern is found."""
        return (name for name in self.files if pattern.search(self.text(name)))

    def calls(self, pattern: re.Pattern[bytes]) -> Iterator[str]:
        """Yields the files with a call that runs: outside functions, or in a function that other code names."""
        for name in self.holding(pattern):
            text = self.text(name)
            if any(self._runs(text, found.start(), name) for found in pattern.finditer(text)):
                yield name

    def _runs(self, text: bytes, at: int, name: str) -> bool:
        outer = _OUTER.findall(text, 0, at)
        if not outer or outer[-1][0] in (b"", b"class") or outer[-1][1] == _ENTRY:
            return True
        word = re.compile(rb"(?<!def )\b" + outer[-1][1] + rb"\b")
        named = sum(len(word.findall(self.text(other))) for other in self.files if other == name or _is_code(other))
        return named > 0

    def modules(self) -> frozenset[str]:
        """Returns the imported modules, dotted, and what is imported from them."""
        near = (self.index.facts(name) for name in self.files)
        return frozenset(module for facts in near if facts is not None for module in facts.imports.values())

    @property
    def options(self) -> frozenset[str]:
        """Options that the script itself declares."""
        facts = self.index.facts(self.script)
        return frozenset(facts.parsers.flags) if facts is not None else frozenset()


def reached_code(
    program: str, words: Sequence[str], folder: Path, *, module: bool, loaded: Sequence[str] = ()
) -> ReachedCode | None:
    """Returns the code that a script runs with some arguments; None if the script is not there.

    Args:
      program: path of the script, or name of the module.
      words: its arguments.
      folder: folder in which it starts.
      module: whether it is a module.
      loaded: dotted modules that it loads by name, as its configuration says.
    """
    path = _file(program, folder, module=module)
    if path is None:
        return None
    index = indexed(checkout_root(folder), folder)  # one index for all commands of a checkout
    script = index.script(path)
    if script is None or index.files[script].data is None:
        index = indexed(checkout_root(path.parent), path.parent)
        script = index.script(path)
    named = [file for name in loaded for file in index.files_of(script, name)] if script is not None else []
    if script is None or not _may_lead(index, script, named):
        return None
    facts, tree = index.facts(script), parse(index.files[script].data or b"")
    if facts is None or tree is None:
        return None
    chosen = chosen_imports(tree, _spoken(words))
    modules = [*(name for name in facts.imports.values() if name.strip(".") not in chosen.skipped), *chosen.named]
    starts = dict.fromkeys([*(file for name in modules for file in index.files_of(script, name)), *named])
    reached = dict.fromkeys([script, *(file for start in starts for file in index.reached(start))])
    reached |= _on_added_paths(index, reached)
    return ReachedCode(index, script, tuple(reached))


def _may_lead(index: PythonIndex, script: str, more: Sequence[str]) -> bool:
    """Returns whether a look at the import lines leaves it possible that a script runs a known program.

    Parsing all files that a script of a large checkout imports takes seconds, and most scripts lead nowhere.
    """
    signs = _signed(index)
    queue = [script, *more]
    seen = dict.fromkeys(queue)
    while signs and queue and len(seen) < _MOST_LOOKED:
        name = queue.pop(0)
        data = index.files[name].data or b""
        if name in signs or (b"sys.path" in data) or b"import_module" in data:
            return True
        near = (file for module in _import_lines(data) for file in index.files_of(name, module))
        for file in near:
            if file not in seen:
                seen[file] = None
                queue.append(file)
    return False


def _signed(index: PythonIndex) -> frozenset[str]:
    """Returns the files with a sign of a known program, once for each index."""
    if not _SIGNED or _SIGNED[0][0] is not index:
        found = (name for name, file in index.files.items() if file.data is not None and _SIGNS.search(file.data))
        _SIGNED[:] = [(index, frozenset(found))]
    return _SIGNED[0][1]


@lru_cache(maxsize=1000)
def _import_lines(data: bytes) -> tuple[str, ...]:
    found: dict[str, None] = {}
    for module, names, plain in _IMPORTS.findall(data):
        text = module.decode("utf-8", "replace")
        parts = (plain or names).decode("utf-8", "replace").replace("(", " ").split(",")
        words = [part.split()[0] for part in parts if part.split()]
        found |= dict.fromkeys([text, *(f"{text.rstrip('.')}.{word}" for word in words)] if text else words)
    return tuple(found)


def _on_added_paths(index: PythonIndex, reached: Iterable[str]) -> dict[str, None]:
    """Returns the files of modules that code finds after it added a folder to ``sys.path``: the only ones of a name."""
    near = [(name, index.facts(name)) for name in reached]
    if not any(b"sys.path" in (index.files[name].data or b"") for name, _ in near):
        return {}
    modules = {module: name for name, facts in near if facts is not None for module in facts.imports.values()}
    found: dict[str, None] = {}
    for module, importer in modules.items():
        top = module.partition(".")[0]
        if not top or top in sys.stdlib_module_names or top in _LIBRARIES or index.files_of(importer, top):
            continue
        ends = (f"/{top}.py", f"/{top}/__init__.py")
        only = [name for name in index.files if name.endswith(ends)]
        beside = f"{only[0].rpartition(f'/{top}')[0]}/_.py" if len(only) == 1 else ""
        starts = index.files_of(beside, module) if beside else ()
        found |= dict.fromkeys(file for start in starts for file in index.reached(start))
    return found


def _file(program: str, folder: Path, *, module: bool) -> Path | None:
    if not module:
        return folder / program if program.endswith(".py") and is_file(folder / program) else None
    path = program.replace(".", "/")
    names = (f"{top}{path}{end}" for top in ("", "src/") for end in (".py", "/__main__.py"))
    return next((folder / name for name in names if is_file(folder / name)), None)


def _spoken(words: Sequence[str]) -> frozenset[str]:
    """Returns the values of arguments, and the options without dashes."""
    parts = [part for word in words for part in word.lstrip("-").split("=", 1)]
    return frozenset(parts)


def names_another(words: Sequence[str], algorithms: re.Pattern[str]) -> bool:
    """Returns whether an argument is the name of another algorithm."""
    return any(algorithms.fullmatch(word.lower()) for word in _spoken(words))


def _is_code(name: str) -> bool:
    """Returns whether a file is the checkout's own code; the library's scripts take functions of the same names."""
    return "embodied" not in name.split("/")[:-1]
