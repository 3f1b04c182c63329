"""The hook and the action: their files are valid, and the commands in them do what they promise."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from dreamerguard.reports.rule_page import rule_pages
from dreamerguard.rules import all_rules

pytestmark = pytest.mark.integration

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
BAD = "task: dmc_walker_walk\nrun.train_ratio: 32\n"
GOOD = "task: dmc_walker_walk\n"


def load(name: str) -> Any:
    return yaml.safe_load((ROOT / name).read_text(encoding="utf-8"))


def run(words: list[str], folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    path = f"{BIN}{os.pathsep}{os.environ['PATH']}"
    return subprocess.run(
        words, cwd=folder, capture_output=True, text=True, timeout=600, env={**os.environ, "PATH": path, **environment}
    )


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "bad.yaml").write_text(BAD, encoding="utf-8")
    (tmp_path / "good.yaml").write_text(GOOD, encoding="utf-8")
    (tmp_path / "other.yaml").write_text("on: [push]\njobs: {}\n", encoding="utf-8")
    (tmp_path / "train.sh").write_text(
        "#!/bin/sh\ndreamerguard train dmc_walker_walk run.train_ratio=32\n", encoding="utf-8"
    )
    return tmp_path


@pytest.mark.parametrize(
    ("files", "code", "places"),
    [
        (["bad.yaml", "good.yaml"], 1, ["bad.yaml:2"]),
        (["train.sh"], 1, ["train.sh:2"]),
        (["good.yaml"], 0, []),
        (["other.yaml"], 0, []),
        (["bad.yaml", "train.sh", "other.yaml"], 1, ["bad.yaml:2", "train.sh:2"]),
    ],
)
def test_the_hook_checks_every_file_on_its_own(project: Path, files: list[str], code: int, places: list[str]) -> None:
    (hook,) = load(".pre-commit-hooks.yaml")
    done = run([*hook["entry"].split(), *files], project)
    assert done.returncode == code, done.stdout + done.stderr
    assert "internal error" not in done.stderr
    for place in places:
        assert place in done.stdout


@pytest.mark.skipif(shutil.which("pre-commit", path=str(BIN)) is None, reason="pre-commit is not installed")
def test_the_hook_under_pre_commit(project: Path) -> None:
    for words in (["git", "init", "-q"], ["git", "add", "."]):
        run(words, project)
    done = run(["pre-commit", "try-repo", str(ROOT), "dreamerguard", "--files", "bad.yaml"], project)
    assert done.returncode == 1 and "low-train-ratio" in done.stdout


def test_the_check_step_of_the_action(project: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    action = load("action.yml")
    (step,) = [step for step in action["runs"]["steps"] if step.get("id") == "check"]
    tools = tmp_path_factory.mktemp("runner")
    (tools / "dreamerguard" / "bin").mkdir(parents=True)
    (tools / "dreamerguard" / "bin" / "dreamerguard").symlink_to(BIN / "dreamerguard")
    summary = tools / "summary.md"
    environment = {
        "RUNNER_TEMP": str(tools),
        "GITHUB_STEP_SUMMARY": str(summary),
        "PATHS": "good.yaml\nbad.yaml\n",
        "ARGS": '--min-severity "warning"',
        "SUMMARY": "true",
    }
    done = run(["bash", "-e", "-o", "pipefail", "-c", step["run"]], project, **environment)
    assert done.returncode == 1, done.stdout + done.stderr
    assert done.stdout.startswith("::warning file=bad.yaml,line=2,")
    assert "low\\-train\\-ratio (DG101)" in summary.read_text(encoding="utf-8")
    assert '"ruleId": "DG101"' in (project / "dreamerguard.sarif").read_text(encoding="utf-8")
    clean = run(["bash", "-e", "-c", step["run"]], project, **environment | {"PATHS": "good.yaml", "ARGS": ""})
    assert (clean.returncode, clean.stdout) == (0, "")


def test_the_action_declares_what_it_uses() -> None:
    action = load("action.yml")
    text = (ROOT / "action.yml").read_text(encoding="utf-8")
    for name in action["inputs"]:
        assert f"inputs.{name}" in text
    for step in action["runs"]["steps"]:
        assert "${{" not in step.get("run", ""), "inputs reach the shell through the environment only"


def test_the_pages_of_rules_are_up_to_date() -> None:
    folder = ROOT / "docs" / "rules"
    written = {path.name: path.read_text(encoding="utf-8") for path in folder.glob("*.md")}
    assert written == rule_pages(all_rules()), "run: dreamerguard explain --all --markdown docs/rules"


def test_links_between_documents_lead_somewhere() -> None:
    for page in [*(ROOT / "docs").glob("*.md"), ROOT / "docs" / "rules" / "index.md"]:
        for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page.name}: {target}"


@pytest.mark.parametrize(
    "name", ["job.sbatch", "a/job.slurm", "Makefile", "train", "x.yml", "Dockerfile.gpu", "README.md"]
)
def test_the_hook_selects_files_with_commands(name: str) -> None:
    (hook,) = load(".pre-commit-hooks.yaml")
    assert re.search(hook["files"], name)


@pytest.mark.parametrize("name", ["main.py", "data.csv", "a/b.json", "x.yaml.txt", "a.d/train.c"])
def test_the_hook_leaves_other_files_out(name: str) -> None:
    (hook,) = load(".pre-commit-hooks.yaml")
    assert not re.search(hook["files"], name)
