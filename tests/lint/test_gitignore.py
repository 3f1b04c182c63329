"""Patterns of .gitignore files, compared with git."""

from __future__ import annotations

import random
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from dreamerguard.lint.discovery import discover
from dreamerguard.lint.gitignore import ignored, read_patterns

_GIT = shutil.which("git")
_NAMES = ("a", "b", "ab", "a.sh", "b.sh", "a b", "#x", "!x", "a[b", "x-y", "]", "\\", "A", "3", "a ", "abab", "aab.sh")
_PIECES = (
    "a", "b", "*", "**", "?", "/", "**/", "/**", "[ab]", "[!a]", "[^b.]", "[a-c]", "[]a]", "[a-]", "[[:digit:]]",
    "[[:x:]]", "\\a", "\\*", "\\ ", " ", ".sh", "x", "-", "#", "!", "[", "[b-a]", "[\\]]", "\\", "[a/b]", "[:a]", "***",
    "[[:alpha:]-]",
)  # fmt: skip


def _draw_pattern(rng: random.Random) -> str:
    text = "".join(rng.choice(_PIECES) for _ in range(rng.randint(1, 5)))
    return rng.choice(("", "", "", "!", "/", "**/")) + text + rng.choice(("", "", "/", " ", "\\ ", "\r"))


def _put(root: Path, files: Mapping[str, str]) -> None:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(text.encode())


def _by_git(root: Path, names: list[str]) -> set[str]:
    assert _GIT is not None
    command = [_GIT, "-c", "core.excludesFile=/dev/null", "check-ignore", "--no-index", "-z", "--stdin"]
    data = "\0".join(names).encode()
    done = subprocess.run(command, cwd=root, input=data, capture_output=True, check=False)
    assert done.returncode in (0, 1), done.stderr
    return {item.decode() for item in done.stdout.split(b"\0") if item}


def _kept(root: Path) -> set[str]:
    """Files that our walk does not leave out."""
    found = discover([root], root)
    return {item.name for item in found.found}


def _trees(rng: random.Random, folder: str, depth: int) -> Iterator[str]:
    for name in rng.sample(_NAMES, 5):
        if depth and rng.random() < 0.4:
            yield from _trees(rng, f"{folder}{name}/", depth - 1)
        else:
            yield f"{folder}{name}"


@pytest.mark.skipif(_GIT is None, reason="git is not installed")
@pytest.mark.parametrize("seed", range(12))
def test_drawn_patterns_and_trees_agree_with_git(tmp_path: Path, seed: int) -> None:
    rng = random.Random(seed)
    assert _GIT is not None
    subprocess.run([_GIT, "init", "-q", "."], cwd=tmp_path, check=True)
    names = sorted(_trees(rng, "", 3))
    _put(tmp_path, dict.fromkeys(names, "#!/bin/sh\n"))
    folders = sorted({"", *(name.rpartition("/")[0] for name in names)})
    for _ in range(12):
        ignores = [f"{folder}/.gitignore".lstrip("/") for folder in {"", rng.choice(folders), rng.choice(folders)}]
        texts = {name: "\n".join(_draw_pattern(rng) for _ in range(rng.randint(1, 5))) for name in ignores}
        _put(tmp_path, texts)
        assert _kept(tmp_path) == set(names) - _by_git(tmp_path, names), texts
        for name in ignores:
            (tmp_path / name).unlink()


@pytest.mark.parametrize(
    ("pattern", "path", "excluded"),
    [
        ("*.sh", "a/b.sh", True),
        ("/b.sh", "a/b.sh", False),
        ("a/*.sh", "a/b.sh", True),
        ("a/*.sh", "x/a/b.sh", False),
        ("**/a/b.sh", "x/a/b.sh", True),
        ("x/**/b.sh", "x/b.sh", True),
        ("\\#a", "#a", True),
        ("a\\ ", "a ", True),
        ("a  ", "a", True),
        ("[!a].sh", "b.sh", True),
        ("[a", "[a", False),
        ("b.sh/", "b.sh", False),
        ("a*b*c", "aXbXbYc", True),
        ("a*b*c", "aXc", False),
    ],
)
def test_single_patterns(pattern: str, path: str, excluded: bool) -> None:
    assert ignored(path, False, [read_patterns(pattern)]) is excluded


def test_the_last_pattern_and_the_deepest_file_decide() -> None:
    files = [read_patterns("*.sh\n!keep.sh\n"), read_patterns("!other.sh\nkeep.sh", "a")]
    assert ignored("x.sh", False, files)
    assert not ignored("keep.sh", False, files)
    assert ignored("a/keep.sh", False, files)
    assert not ignored("a/other.sh", False, files)


def test_a_hostile_pattern_takes_bounded_time() -> None:
    name = "a" * 200
    for pattern in ("*a" * 190 + "b", "[a-z]*" * 60 + "!", "**/" * 100 + "*a*b", "*?" * 150 + "b"):
        assert not ignored("/".join([name] * 10), False, [read_patterns(pattern)])
