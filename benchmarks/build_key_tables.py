"""Builds the key tables of supported training programs from their checkouts: keys, defaults, presets, place of use.

    python -m benchmarks.build_key_tables danijar_2025 path/to/repository e3f0224 dreamerv3/configs.yaml

The repository may be bare. The tables store facts (names, types, values) in this project's format. Both programs are
under the MIT licence, which the tables name together with the commit.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
from pathlib import Path

from dreamerguard.core.source import Source
from dreamerguard.programs.shared.key_tables import table_path
from dreamerguard.programs.shared.preset_values import flatten
from dreamerguard.sources.values.nodes import Mapping
from dreamerguard.sources.values.yaml import read_yaml

HOMES = {"danijar": "danijar/dreamerv3", "nm512": "NM512/dreamerv3-torch"}
#: Keys that a library of the program reads, danijar/elements at b781f90.
ELEMENTS = {f"run.usage.{name}": "elements/usage.py:9" for name in ("psutil", "nvsmi", "gputil", "malloc", "gc")}


def git(repository: Path, *arguments: str) -> str:
    """Returns the output of a git command."""
    folder = repository / ".git" if (repository / ".git").exists() else repository
    return subprocess.run(["git", f"--git-dir={folder}", *arguments], check=True, capture_output=True, text=True).stdout


def read_places(repository: Path, commit: str) -> dict[str, str]:
    """Returns identifier -> ``file:line`` of its first use in Python code."""
    places: dict[str, str] = {}
    for name in git(repository, "ls-tree", "-r", "--name-only", commit).split("\n"):
        if not name.endswith(".py") or "test" in name:
            continue
        for number, line in enumerate(git(repository, "show", f"{commit}:{name}").split("\n"), 1):
            for word in re.findall(r"[A-Za-z_]\w*", line.split("#")[0]):
                places.setdefault(word, f"{name}:{number}")
    return places


def build(name: str, repository: Path, commit: str, path: str) -> dict[str, object]:
    """Builds the table of one edition."""
    document = read_yaml(Source(path, git(repository, "show", f"{commit}:{path}")))
    assert document.root is not None
    blocks = {entry.name: entry.value for entry in document.root.entries}
    places = read_places(repository, commit)
    flat = {block: flatten(node) for block, node in blocks.items() if isinstance(node, Mapping)}
    defaults = {key: item.value for key, item in flat.pop("defaults").items()}
    owner = re.search(r"Copyright.*", git(repository, "show", f"{commit}:LICENSE"))
    return {
        "repository": HOMES[name.split("_")[0]],
        "commit": git(repository, "rev-parse", commit).strip(),
        "file": path,
        "licence": f"MIT License, {owner.group() if owner else ''}",
        "defaults": defaults,
        "read": {key: ELEMENTS.get(key) or places.get(key.rpartition(".")[2], "") for key in defaults},
        "presets": {block: {key: item.value for key, item in items.items()} for block, items in flat.items()},
    }


def main() -> None:
    """Writes one table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name")
    parser.add_argument("repository", type=Path)
    parser.add_argument("commit")
    parser.add_argument("path")
    arguments = parser.parse_args()
    table = build(arguments.name, arguments.repository, arguments.commit, arguments.path)
    target = table_path(arguments.name)
    target.write_text(json.dumps(table, indent=1) + "\n", encoding="utf-8")
    print(f"{target}: {len(table['defaults'])} keys, {len(table['presets'])} presets")  # type: ignore[arg-type]


if __name__ == "__main__":
    main()
