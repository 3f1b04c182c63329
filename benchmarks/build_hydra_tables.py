"""Builds the shipped tables of hydra programs from a checkout: only keys, values and their lines.

    python benchmarks/build_hydra_tables.py r2dreamer CHECKOUT
    python benchmarks/build_hydra_tables.py sheeprl CHECKOUT
    python benchmarks/build_hydra_tables.py torchrl CHECKOUT
    python benchmarks/build_hydra_tables.py torchrl-single CHECKOUT

NM512/r2dreamer and pytorch/rl are published under the MIT licence, Eclectic-Sheep/sheeprl under Apache-2.0. Values and
names are facts about those programs; comments and layout are not copied. ``torchrl-single`` is the edition of
pytorch/rl whose script is ``dreamer_v3.py``, ``torchrl`` the later one with ``train.py``.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from dreamerguard.programs.hydra.store import ConfigFile, Default, FolderStore
from dreamerguard.programs.hydra.tree import Leaf, Tree
from dreamerguard.programs.shared.key_tables import table_path

PROGRAMS = {
    "r2dreamer": ("NM512/r2dreamer", "MIT", "configs"),
    "sheeprl": ("Eclectic-Sheep/sheeprl", "Apache-2.0", "sheeprl/configs"),
    "torchrl": ("pytorch/rl", "MIT", "sota-implementations/dreamer_v3"),
    "torchrl-single": ("pytorch/rl", "MIT", "sota-implementations/dreamer_v3"),
}


class Nothing:
    """A store without files."""

    def load(self, path: str) -> ConfigFile | None:
        return None

    def options(self, group: str) -> tuple[str, ...]:
        return ()


def build(name: str, checkout: Path) -> dict[str, Any]:
    """Builds the table of one program."""
    repository, licence, folder = PROGRAMS[name]
    commit = subprocess.run(
        ["git", "-C", str(checkout), "rev-parse", "HEAD"], capture_output=True, text=True, check=True
    ).stdout.strip()
    root = checkout / folder
    store = FolderStore(root, folder, Nothing())
    files: dict[str, Any] = {}
    for path in sorted(root.rglob("*.yaml")):
        file = store.load(path.relative_to(root).with_suffix("").as_posix())
        if file is not None:
            files[file.name] = _file(file)
    return {"repository": repository, "commit": commit, "licence": licence, "folder": folder, "files": files}


def _file(file: ConfigFile) -> dict[str, Any]:
    data: dict[str, Any] = {"values": _tree(file.body)}
    if file.package is not None:
        data["package"] = file.package
    if file.defaults:
        data["defaults"] = [_default(item) for item in file.defaults]
    return data


def _default(item: Default) -> dict[str, Any]:
    data = {
        "group": item.group,
        "name": item.name,
        "package": item.package,
        "override": item.override,
        "optional": item.optional,
    }
    return {key: value for key, value in data.items() if value not in (None, False)}


def _tree(tree: Tree) -> dict[str, Any]:
    return {name: _branch(branch) for name, branch in tree.children.items()}


def _branch(branch: Tree | Leaf) -> Any:
    if isinstance(branch, Tree):
        return _tree(branch)
    layer = branch.chain[-1]
    assert layer.span is not None
    return [layer.value, layer.span.line, *([1] if branch.opaque else [])]


if __name__ == "__main__":
    program, checkout = sys.argv[1], Path(sys.argv[2])
    text = json.dumps(build(program, checkout), separators=(",", ":"), ensure_ascii=True)
    target = table_path(program)
    target.write_text(text + "\n", encoding="utf-8")
    print(f"{target.name}: {len(text)} characters")
