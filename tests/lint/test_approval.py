"""Code of a tree that the user has not approved does not run: real commands in a folder whose rules leave a mark."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from dreamerguard.core.source import SourceError
from dreamerguard.lint.settings.finder import load_settings

ROOT = Path(__file__).resolve().parents[2]
RULE = '''"""Leaves a mark.

What it does:
  Reports an odd seed.
"""
from pathlib import Path

from dreamerguard import Example, Rule, Severity

Path(__file__).with_name("mark").touch()
rule = Rule("US001", "odd-seed", Severity.WARNING)
GOOD = [Example("dreamerguard train dmc_walker_walk seed=2")]
BAD = [Example("dreamerguard train dmc_walker_walk seed=3", mark="seed=3")]


@rule.check
def check(run):
    if run.settings["seed"].value % 2:
        yield rule.at(run.place(run.settings["seed"]), "seed is odd", key="seed")
'''
COMMANDS = [
    ["check", "."],
    ["check", "run.yaml"],
    ["lint", "run.yaml"],
    ["lint", "--", "python", "dreamerv3/main.py", "--configs", "crafter"],
    ["guard", "--", "python", "-c", "pass"],
    ["train", "dmc_walker_walk", "--dry-run"],
    ["test-rules"],
    ["config", "show"],
    ["explain", "low-train-ratio"],
]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    (folder / "lint").mkdir(parents=True)
    (folder / "lint" / "odd.py").write_text(RULE, encoding="utf-8")
    (folder / "run.yaml").write_text("task: dmc_walker_walk\nseed: 3\n", encoding="utf-8")
    (folder / "dreamerguard.toml").write_text('local-rules = ["lint"]\nignore = ["odd-seed"]\n', encoding="utf-8")
    return folder


def run(folder: Path, *words: str, home: Path | None = None) -> subprocess.CompletedProcess[str]:
    env = os.environ | {
        "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'agent'}",
        "XDG_CONFIG_HOME": str(home or folder.parent),
    }
    done = [sys.executable, "-m", "dreamerguard", *words]
    return subprocess.run(done, cwd=folder, env=env, capture_output=True, text=True, check=False)


def trust(home: Path, *folders: Path) -> None:
    file = home / "dreamerguard" / "config.toml"
    file.parent.mkdir(parents=True)
    file.write_text(f"trusted-folders = {[str(folder) for folder in folders]}\n", encoding="utf-8")
    file.chmod(0o600)


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_no_command_runs_code_of_the_tree_unasked(project: Path, words: list[str]) -> None:
    done = run(project, *words)
    assert not (project / "lint" / "mark").exists()
    assert "Traceback" not in done.stderr
    if words[0] != "explain":
        assert done.stderr.count("--allow-local-rules") == 1, done.stderr


@pytest.mark.parametrize(
    "words", [["check", "."], ["lint", "run.yaml"], ["test-rules"], ["guard"], ["train"]], ids=" ".join
)
def test_an_option_approves(project: Path, words: list[str]) -> None:
    more = {"guard": ["--", sys.executable, "-c", "pass"], "train": ["dmc_walker_walk", "--dry-run"]}
    done = run(project, *words, "--allow-local-rules", *more.get(words[0], []))
    assert (project / "lint" / "mark").exists(), done.stderr
    assert "not run: they are code" not in done.stderr


def test_a_folder_that_the_user_trusts_is_approved(project: Path, tmp_path: Path) -> None:
    trust(tmp_path / "home", tmp_path)
    done = run(project, "check", ".", home=tmp_path / "home")
    assert (project / "lint" / "mark").exists()
    assert "not run" not in done.stderr


def test_another_trusted_folder_approves_nothing(project: Path, tmp_path: Path) -> None:
    trust(tmp_path / "home", tmp_path / "proj")
    done = run(project, "check", ".", home=tmp_path / "home")
    assert not (project / "lint" / "mark").exists()
    assert "local-rules" in done.stderr


def test_a_trusted_folder_does_not_approve_files_outside_it(project: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (project / "lint" / "odd.py").rename(outside / "odd.py")
    for name in ("../outside", "link"):
        (project / "dreamerguard.toml").write_text(f'local-rules = ["{name}"]\n', encoding="utf-8")
        if name == "link":
            (project / name).symlink_to(outside)
            trust(tmp_path / "home2", project)
        else:
            trust(tmp_path / "home1", project)
        run(project, "check", ".", home=tmp_path / f"home{2 if name == 'link' else 1}")
        assert not (outside / "mark").exists()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("trusted-folder = []\n", "there is no setting 'trusted-folder'"),
        ("trusted-folders = 3\n", "must be a list of folders"),
        ('trusted-folders = ["here"]\n', "must be an absolute path"),
        ("trusted-folders = [\n", "is not TOML"),
    ],
)
def test_a_mistake_in_the_users_settings_is_one_message(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, message: str
) -> None:
    trust(tmp_path / "home")
    (tmp_path / "home" / "dreamerguard" / "config.toml").write_text(text, encoding="utf-8")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "home"))
    with pytest.raises(SourceError, match=message):
        load_settings(project)


def test_settings_that_others_can_change_approve_nothing(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trust(tmp_path / "home", project)
    (tmp_path / "home" / "dreamerguard" / "config.toml").chmod(0o666)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "home"))
    with pytest.raises(SourceError, match="can be changed by other users"):
        load_settings(project)


def test_a_baseline_outside_the_folder_is_not_written(project: Path, tmp_path: Path) -> None:
    target = tmp_path / "important"
    target.write_text("kept", encoding="utf-8")
    (project / "dreamerguard.toml").write_text('baseline = "../important"\n', encoding="utf-8")
    done = run(project, "check", ".", "--write-baseline")
    assert done.returncode == 2
    assert "outside its folder" in done.stderr
    assert target.read_text(encoding="utf-8") == "kept"
