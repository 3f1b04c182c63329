"""Finds, by syntax tree, code that runs what it reads: pickle, eval, exec, unsafe YAML, shells, files as code.

`python -m benchmarks.unsafe_calls` prints every place in the product with the reason why it is allowed.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
TREES = (ROOT / "dreamerguard", ROOT / "agent")
#: Modules that execute what they load.
MODULES = frozenset(
    {"pickle", "_pickle", "cPickle", "pickletools", "cloudpickle", "dill", "marshal", "shelve", "joblib", "jsonpickle"}
)
#: Functions of Python itself that execute text.
BUILTINS = frozenset({"eval", "exec", "compile", "__import__"})
#: Module -> its functions that execute what they read.
FUNCTIONS = {
    "os": {"system", "popen"},
    "subprocess": {"getoutput", "getstatusoutput"},
    "yaml": {"unsafe_load", "unsafe_load_all", "full_load", "full_load_all"},
    "torch": {"load"},
    "pandas": {"read_pickle"},
    "runpy": {"run_path", "run_module"},
    "importlib.util": {"spec_from_file_location", "spec_from_loader"},
    "importlib.machinery": {"SourceFileLoader", "ExtensionFileLoader"},
    "importlib": {"import_module"},
    "code": {"interact", "InteractiveInterpreter"},
}
#: The loaders of yaml that only make plain values.
SAFE_LOADERS = frozenset({"SafeLoader", "CSafeLoader", "BaseLoader", "CBaseLoader"})
#: File and name of each place that is allowed -> the reason.
ALLOWED = {
    ("agent/dreamerguard_agent/envs/adapters/custom.py", "importlib.import_module"): (
        "imports the module that env.make names, as asked"
    ),
    ("agent/dreamerguard_agent/envs/adapters/gym_env.py", "importlib.import_module"): "imports ale_py, a fixed name",
    (
        "agent/dreamerguard_agent/checkpoints/plain_pickle.py",
        "pickletools",
    ): "decodes opcodes without running them",
    (
        "agent/dreamerguard_agent/envs/dmc/library.py",
        "importlib.import_module",
    ): "imports dm_control.suite, a fixed name",
    (
        "agent/dreamerguard_agent/envs/registry.py",
        "importlib.import_module",
    ): "imports an adapter of this package by a fixed table",
    ("agent/dreamerguard_agent/runtime/program_cache.py", "importlib.import_module"): "imports zstandard, if installed",
    ("dreamerguard/__init__.py", "importlib.import_module"): "imports modules of this package by a fixed table",
    ("dreamerguard/commands/app.py", "importlib.import_module"): "imports commands by a fixed table",
    ("dreamerguard/doctor/probes/devices.py", "importlib.import_module"): "imports fixed names, in a child process",
    (
        "dreamerguard/lint/environment_probe/script.py",
        "importlib.import_module",
    ): "lint --probe runs the program, as asked",
    ("dreamerguard/lint/environment_probe/script.py", "importlib.util.spec_from_file_location"): (
        "lint --probe runs the program, as asked"
    ),
    (
        "dreamerguard/lint/plugins.py",
        "importlib.util.spec_from_file_location",
    ): "local rules that the user has approved",
    ("dreamerguard/programs/danijar/make_env.py", "importlib.import_module"): "lint --probe runs the program, as asked",
    ("dreamerguard/programs/native/make_env.py", "importlib.import_module"): "imports fixed names, in a child process",
    (
        "dreamerguard/programs/r2dreamer/make_env.py",
        "importlib.import_module",
    ): "lint --probe runs the program, as asked",
    ("dreamerguard/programs/registry.py", "importlib.import_module"): "imports programs by a fixed table",
    ("dreamerguard/reports/__init__.py", "importlib.import_module"): "imports reports by a fixed table",
    ("dreamerguard/rules/__init__.py", "importlib.import_module"): "imports rules that the index of this package lists",
    ("dreamerguard/schema/tasks.py", "yaml.load"): "reads bundled files; the loader is a safe one by either name",
    ("dreamerguard/util/fast_dataclass.py", "exec"): "compiles __init__ from field names of classes of this package",
}


@dataclass(frozen=True)
class Unsafe:
    """A place that may run what it reads.

    Attributes:
      file: file below the root.
      line: its line.
      what: the function or module, for example ``yaml.load``.
    """

    file: str
    line: int
    what: str


def scan(trees: Iterable[Path] = TREES, root: Path = ROOT) -> list[Unsafe]:
    """Returns every such place of all Python files, and of Python programs that stand in a text of several lines."""
    found = []
    for folder in trees:
        for path in sorted(folder.rglob("*.py")):
            name = path.relative_to(root).as_posix()
            found += [Unsafe(name, line, what) for line, what in scan_text(path.read_text(encoding="utf-8"))]
    return found


def scan_text(text: str) -> list[tuple[int, str]]:
    """Returns line and name of each such place in a Python program."""
    tree = ast.parse(text)
    names = _imported(tree)
    found = [(getattr(node, "lineno", 0), what) for node in ast.walk(tree) for what in _judge(node, names)]
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and "\n" in node.value:
            found += [(node.lineno + line, what) for line, what in _embedded(node.value)]
    return sorted(set(found))


def _embedded(text: str) -> list[tuple[int, str]]:
    """Scans a text that is a Python program with imports, for example one for a child process."""
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError):
        return []
    return scan_text(text) if any(isinstance(node, ast.Import | ast.ImportFrom) for node in tree.body) else []


def _imported(tree: ast.Module) -> dict[str, str]:
    """Returns local name -> full name of everything that is imported, at any depth."""
    names = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                first = alias.name.partition(".")[0]
                names[alias.asname or first] = alias.name if alias.asname else first
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names |= {alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names}
    return names


def _judge(node: ast.AST, names: dict[str, str]) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names if alias.name.partition(".")[0] in MODULES)
    elif isinstance(node, ast.ImportFrom) and node.module and node.module.partition(".")[0] in MODULES:
        yield node.module
    elif isinstance(node, ast.Name) and node.id in BUILTINS and node.id not in names and isinstance(node.ctx, ast.Load):
        yield node.id
    elif isinstance(node, ast.Name | ast.Attribute):
        full = _full_name(node, names)
        module, _, function = full.rpartition(".")
        if function in FUNCTIONS.get(module, ()) or (module == "builtins" and function in BUILTINS):
            yield full
    elif isinstance(node, ast.Call):
        yield from _judge_call(node, names)


def _judge_call(node: ast.Call, names: dict[str, str]) -> Iterator[str]:
    full = _full_name(node.func, names)
    keywords = {item.arg: item.value for item in node.keywords if item.arg}
    if full in ("yaml.load", "yaml.load_all"):
        loader = keywords.get("Loader") or (node.args[1] if len(node.args) > 1 else None)
        if loader is None or _full_name(loader, names).rpartition(".")[2] not in SAFE_LOADERS:
            yield full
    if full.startswith("ruamel.") and not _is(keywords.get("typ"), "safe", "rt"):
        yield full
    if "allow_pickle" in keywords and not _is(keywords["allow_pickle"], False):
        yield "allow_pickle"
    if "shell" in keywords and not _is(keywords["shell"], False):
        yield "shell=True"
    texts = {item.value for item in node.args if isinstance(item, ast.Constant) and isinstance(item.value, str)}
    if full.rpartition(".")[2] in ("import_module", "__import__", "getattr"):
        yield from (text for text in texts if text.partition(".")[0] in MODULES or text in BUILTINS)


def _is(node: ast.expr | None, *values: object) -> bool:
    return isinstance(node, ast.Constant) and any(node.value is value or node.value == value for value in values)


def _full_name(node: ast.expr, names: dict[str, str]) -> str:
    """Returns the full name of an expression such as ``np.load``; empty if it is no plain name."""
    parts = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name):
        return ""
    return ".".join([names.get(node.id, node.id), *reversed(parts)])


def main() -> int:
    """Prints every place; returns 1 if one is not allowed."""
    found = scan()
    for item in found:
        print(f"{item.file}:{item.line}: {item.what}: {ALLOWED.get((item.file, item.what), 'NOT ALLOWED')}")
    return int(any((item.file, item.what) not in ALLOWED for item in found))


if __name__ == "__main__":
    sys.exit(main())
