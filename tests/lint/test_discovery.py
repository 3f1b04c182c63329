"""Which files are looked into: git's ignore rules, folders without source, links in circles, what cannot be read."""

import os
import subprocess
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from dreamerguard.lint.discovery import discover
from dreamerguard.lint.file_kinds import MAX_BYTES
from dreamerguard.lint.gitignore import ignored, read_patterns


def names(root: Path, *exclude: str) -> list[str]:
    return sorted(found.name for found in discover([root], root, exclude).found)


def put(root: Path, *paths: str, text: str = "python train.py a=1\n") -> None:
    for path in paths:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)


def test_files_with_commands_and_settings(tmp_path: Path) -> None:
    put(tmp_path, "run.sh", "a/b.md", "c/Makefile", "configs.yaml", "x.py", "data.json", "notes.txt")
    assert names(tmp_path) == ["a/b.md", "c/Makefile", "configs.yaml", "notes.txt", "run.sh"]


def test_scripts_without_a_suffix(tmp_path: Path) -> None:
    put(tmp_path, "bin/train", text="#!/bin/bash\npython train.py\n")
    put(tmp_path, "bin/tool", text="#!/usr/bin/env python\n")
    assert names(tmp_path) == ["bin/train"]


def test_notes_with_commands(tmp_path: Path) -> None:
    put(tmp_path, "launch_all", "runs.txt", text="best:\npython dreamerv3/main.py --configs crafter\n")
    put(tmp_path, "log.txt", text="python dreamerv3/main.py --configs crafter\n" * 2000)
    put(tmp_path, "readme", "requirements.txt", text="python 3.11\n")
    assert names(tmp_path) == ["launch_all", "runs.txt"]


def test_folders_without_source_are_left_out(tmp_path: Path) -> None:
    put(tmp_path, ".git/a.sh", "node_modules/a.sh", "venv/a.sh", "build/a.sh", "x.egg-info/a.sh", "kept/a.sh")
    put(tmp_path, "myenv/pyvenv.cfg", "myenv/a.sh")
    assert names(tmp_path) == ["kept/a.sh"]


def test_ignore_files_and_own_globs(tmp_path: Path) -> None:
    put(tmp_path, "a.sh", "out/a.sh", "deep/out/b.sh", "deep/keep.sh", "old/x.sh")
    put(tmp_path, ".gitignore", text="out/\n/old\n*.md\n!keep.md\n")
    put(tmp_path, "x.md", "keep.md")
    put(tmp_path, "deep/.gitignore", text="keep.sh\n")
    assert names(tmp_path) == ["a.sh", "keep.md"]
    assert names(tmp_path, "a.*") == ["keep.md"]


def test_circles_of_links_end(tmp_path: Path) -> None:
    put(tmp_path, "a/run.sh")
    (tmp_path / "a/loop").symlink_to(tmp_path, target_is_directory=True)
    (tmp_path / "self.sh").symlink_to(tmp_path / "self.sh")
    assert names(tmp_path) == ["a/run.sh"]


def test_big_files_are_left_out(tmp_path: Path) -> None:
    put(tmp_path, "big.sh", text="#" * (MAX_BYTES + 1))
    assert names(tmp_path) == []


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_unreadable_files_are_named(tmp_path: Path) -> None:
    put(tmp_path, "a.sh")
    (tmp_path / "a.sh").chmod(0)
    assert discover([tmp_path], tmp_path).unreadable == ["a.sh"]


def test_a_named_file_is_always_looked_into(tmp_path: Path) -> None:
    put(tmp_path, ".gitignore", text="*.sh\n")
    put(tmp_path, "a.sh", "commands.txt")
    found = discover([tmp_path / "a.sh", tmp_path / "commands.txt"], tmp_path).found
    assert [(item.name, item.kind) for item in found] == [("a.sh", "commands"), ("commands.txt", "commands")]


LINES = st.lists(
    st.builds(
        lambda negated, anchored, body, folder: f"{negated}{anchored}{body}{folder}",
        st.sampled_from(["", "", "!"]),
        st.sampled_from(["", "/", "**/"]),
        st.sampled_from(["a", "b", "a*", "*.x", "?", "a/b", "a/**", "a/*", "[ab]", "**/b", "b.x", "a/**/b", "[!a]"]),
        st.sampled_from(["", "", "/"]),
    ),
    min_size=1,
    max_size=4,
)
PATHS = ["a", "b", "b.x", "a/b", "a/b.x", "a/b/a", "b/a", "b/a/b.x", "c/a/b", "c/d/a"]


@settings(max_examples=25)
@given(LINES)
def test_patterns_as_git_reads_them(tmp_path_factory: pytest.TempPathFactory, lines: list[str]) -> None:
    root = tmp_path_factory.mktemp("git")
    (root / ".gitignore").write_text("\n".join(lines) + "\n")
    subprocess.run(["git", "init", "-q", str(root)], check=True, capture_output=True)
    asked = "\n".join(PATHS)
    done = subprocess.run(
        ["git", "-C", str(root), "check-ignore", "--stdin", "--no-index"], input=asked, capture_output=True, text=True
    )
    patterns = [read_patterns("\n".join(lines))]

    def left_out(path: str) -> bool:
        parts = path.split("/")
        above = ["/".join(parts[:depth]) for depth in range(1, len(parts))]
        return any(ignored(folder, True, patterns) for folder in above) or ignored(path, False, patterns)

    assert [path for path in PATHS if left_out(path)] == done.stdout.split()


@settings(max_examples=200)
@example("[a--b]", "a")
@example("[---b]", "a")
@given(st.text("ab*?[]!/\\#. ^-", max_size=30), st.text("ab/.", min_size=1, max_size=20))
def test_any_pattern_is_read_without_a_crash(line: str, path: str) -> None:
    assert ignored(path, False, [read_patterns(line)]) in (True, False)
