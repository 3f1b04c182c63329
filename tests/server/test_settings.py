"""The folder that a document is checked from."""

from pathlib import Path

import pytest

from dreamerguard.lint.settings.model import Settings
from dreamerguard.server.settings import excluded, root_of


def test_the_innermost_workspace_folder_is_taken(tmp_path: Path) -> None:
    inner = tmp_path / "inner"
    assert root_of(inner / "a/run.yaml", [tmp_path, inner]) == inner
    assert root_of(tmp_path / "b/run.yaml", [tmp_path, inner]) == tmp_path


@pytest.mark.parametrize("mark", [".git", "dreamerguard.toml", "pyproject.toml", "setup.py"])
def test_without_a_workspace_the_marked_folder_is_taken(tmp_path: Path, mark: str) -> None:
    (tmp_path / "a/b").mkdir(parents=True)
    (tmp_path / "a" / mark).write_text("")
    assert root_of(tmp_path / "a/b/run.yaml", [tmp_path / "elsewhere"]) == tmp_path / "a"


def test_a_new_file_may_lie_in_a_folder_that_is_not_there(tmp_path: Path) -> None:
    root = root_of(tmp_path / "new/deep/run.yaml", [])
    assert root.is_dir()
    assert (tmp_path / "new").is_relative_to(root)


def test_excluded_files() -> None:
    settings = Settings(exclude=("old/*", "build"))
    assert excluded("old/run.yaml", settings)
    assert excluded("build/x/run.yaml", settings)
    assert not excluded("run.yaml", settings)
