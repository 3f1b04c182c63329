"""Names that programs use for their configuration object, and the names in an expression."""

from __future__ import annotations

import ast
import re
from functools import lru_cache

_CONFIG = re.compile(r"(^|_)(config|cfg|conf|args|hparams?|hp|flags?|opts?|params|options|settings)$|[a-z]Config$")
_RUN = re.compile(r"(^|_)(config|cfg|conf|args|arguments|hparams?|hp|flags?)$|[a-z]Config$")
_MAPPING = re.compile(r"(^|_)(config|cfg|conf|hparams?)$")
#: Quick test for a file: a name of settings, or code that is made from text.
_ANY = re.compile(
    rb"[cC]onfigs?(?![A-Za-z0-9_])|(?<![A-Za-z0-9])(?:cfg|conf|args|arguments|hparams?|hp|flags?|eval|exec)(?![A-Za-z0-9_])"
)
_PARTS = (b"onfig", b"cfg", b"conf", b"args", b"arguments", b"hp", b"flag", b"eval", b"exec")
#: Calls that keep an object together: whoever reads its values later reads them by name.
_WRAPPERS = frozenset(
    {"Config", "dict", "Dict", "Namespace", "SimpleNamespace", "Box", "EasyDict", "Munch", "AttrDict"}
)
#: Calls that show or store a configuration and change nothing in the run.
_SHOWS = frozenset({
    "print", "pprint", "dump", "dumps", "safe_dump", "log", "info", "debug", "warning", "repr", "str", "save", "write",
    "add_text", "log_hyperparams", "write_text", "hparams", "deepcopy", "copy", "isinstance", "type", "len", "id",
    "hash", "append",
})  # fmt: skip
_SHOWING_MODULES = frozenset({"wandb", "json", "yaml", "logging", "logger", "pprint", "rich", "mlflow", "writer"})


def last_name(node: ast.AST) -> str:
    """The name or attribute that an expression ends with, without underscores in front; empty for other ones."""
    if isinstance(node, ast.Name):
        return node.id.lstrip("_")
    if isinstance(node, ast.Attribute):
        return node.attr.lstrip("_")
    if isinstance(node, ast.Subscript):
        return literal_text(node.slice)
    return ""


def root_name(node: ast.AST) -> str:
    """The name that an expression of attributes, indices and calls begins with."""
    while isinstance(node, ast.Attribute | ast.Subscript | ast.Call):
        node = node.func if isinstance(node, ast.Call) else node.value
    return node.id if isinstance(node, ast.Name) else ""


def literal_text(node: ast.AST | None) -> str:
    """The text of a literal; empty for anything else."""
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def code_of(node: ast.AST) -> str:
    """The code of a node; empty where it is nested too deeply or has a number that is too long to be written."""
    try:
        return ast.unparse(node)
    except (RecursionError, ValueError):
        return ""


def speaks_of_settings(data: bytes) -> bool:
    """Returns whether a file has a name of settings anywhere. Only such a file can read settings by computed names."""
    return any(part in data for part in _PARTS) and _ANY.search(data) is not None


@lru_cache(4096)
def is_config(name: str) -> bool:
    """Returns whether an object of this name holds settings."""
    return _CONFIG.search(name) is not None


@lru_cache(4096)
def is_run_config(name: str) -> bool:
    """Returns whether an object of this name probably holds all settings of a run, not those of a network."""
    return _RUN.search(name) is not None


@lru_cache(4096)
def is_mapping(name: str) -> bool:
    """Returns whether an object of this name holds settings, and is no list of arguments."""
    return _MAPPING.search(name) is not None


def wraps(call: ast.Call) -> bool:
    """Returns whether a call only makes another object that holds the same settings."""
    return last_name(call.func) in _WRAPPERS


def shows(call: ast.Call) -> bool:
    """Returns whether a call prints or stores its arguments."""
    return _fills_setting(call) or last_name(call.func) in _SHOWS or root_name(call.func) in _SHOWING_MODULES


def _fills_setting(call: ast.Call) -> bool:
    """Returns whether a call fills in a setting that is a template: ``config.traindir.format(**vars(config))``."""
    owner = call.func.value if isinstance(call.func, ast.Attribute) and call.func.attr == "format" else None
    return isinstance(owner, ast.Attribute) and is_run_config(last_name(owner.value))
