"""The hook and the action: their files are valid, and the commands in them do what they promise."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from dreamerguard.reports.rule_page import rule_pages
from dreamerguard.rules import all_rules
from dreamerguard.sources.commands import readers

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


def run_as_is(words: list[str], folder: Path, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        words, cwd=folder, capture_output=True, text=True, timeout=600, env={**os.environ, **environment}
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
    output = tools / "output"
    environment = {
        "RUNNER_TEMP": str(tools),
        "GITHUB_STEP_SUMMARY": str(summary),
        "GITHUB_OUTPUT": str(output),
        "EVENT": "push",
        "PATHS": "good.yaml\nbad.yaml\n",
        "ARGS": '--min-severity "warning"',
        "SUMMARY": "true",
    }
    done = run(["bash", "-e", "-o", "pipefail", "-c", step["run"]], project, **environment)
    assert done.returncode == 1, done.stdout + done.stderr
    assert done.stdout.startswith("::warning file=bad.yaml,line=2,")
    assert "low\\-train\\-ratio (DG101)" in summary.read_text(encoding="utf-8")
    assert '"ruleId": "DG101"' in (project / "dreamerguard.sarif").read_text(encoding="utf-8")
    assert output.read_text() == "sarif-file=dreamerguard.sarif\n"
    clean = run(["bash", "-e", "-c", step["run"]], project, **environment | {"PATHS": "good.yaml", "ARGS": ""})
    assert (clean.returncode, clean.stdout) == (0, "")
    spaced = project / "a b.yaml"
    spaced.write_text(BAD, encoding="utf-8")
    done = run(["bash", "-e", "-c", step["run"]], project, **environment | {"PATHS": "good.yaml\n'a b.yaml'"})
    assert done.returncode == 1 and "file=a b.yaml" in done.stdout


def test_the_check_step_says_what_is_wrong_with_its_inputs(project: Path, runner: dict[str, str]) -> None:
    step = _step("check")
    done = run(["bash", "-e", "-o", "pipefail", "-c", step], project, **runner | {"ARGS": "--ignore 'x"})
    assert (done.returncode, "a quote is not closed" in done.stdout) == (2, True)
    done = run(["bash", "-e", "-o", "pipefail", "-c", step], project, **runner | {"PATHS": "nosuch"})
    assert done.returncode == 2 and "nosuch" in done.stderr
    assert Path(runner["GITHUB_OUTPUT"]).read_text() == "", "without a SARIF file the upload must not run"


def test_local_rules_of_a_pull_request_do_not_run(project: Path, runner: dict[str, str]) -> None:
    (project / "lint").mkdir()
    (project / "lint" / "mine.py").write_text("import pathlib\npathlib.Path('ran').touch()\n")
    (project / "dreamerguard.toml").write_text('local-rules = ["lint/"]\n')
    words = ["bash", "-e", "-o", "pipefail", "-c", _step("check")]
    given = runner | {"PATHS": "good.yaml", "ARGS": "--allow-local-rules"}
    done = run(words, project, **given | {"EVENT": "pull_request"})
    assert done.returncode == 0 and "local rules do not run on pull requests" in done.stdout, done.stderr
    assert not (project / "ran").exists()
    run(words, project, **given | {"EVENT": "push"})
    assert (project / "ran").exists()


def _step(name: str) -> str:
    (step,) = [item for item in load("action.yml")["runs"]["steps"] if name in (item.get("id"), item.get("name"))]
    text: str = step["run"]
    return text


@pytest.fixture
def runner(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The variables and programs of a runner's step; a stand-in for gh writes what it is asked."""
    tools = tmp_path_factory.mktemp("runner")
    (tools / "dreamerguard" / "bin").mkdir(parents=True)
    (tools / "dreamerguard" / "bin" / "dreamerguard").symlink_to(BIN / "dreamerguard")
    gh = tools / "bin" / "gh"
    gh.parent.mkdir()
    gh.write_text(
        '#!/bin/sh\necho "$@" >> "$RUNNER_TEMP/calls"\ncase "$*" in *--paginate*) echo $OLD;; esac\nexit $FAIL\n'
    )
    gh.chmod(0o755)
    (tools / "output").touch()
    return {
        "RUNNER_TEMP": str(tools), "GITHUB_OUTPUT": str(tools / "output"), "EVENT": "push",
        "GITHUB_STEP_SUMMARY": str(tools / "summary"), "PATHS": ".", "ARGS": "", "SUMMARY": "false", "OLD": "",
        "FAIL": "0",
    }  # fmt: skip


@pytest.fixture
def pull_request(project: Path) -> tuple[Path, str]:
    """A repository with a change that lowers the train ratio, and the commit before it."""
    run(["git", "init", "-q"], project)
    (project / "bad.yaml").write_text(GOOD, encoding="utf-8")
    (project / "train.sh").unlink()
    run(["git", "add", "."], project)
    run(["git", "-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", "base"], project)
    base = run(["git", "rev-parse", "HEAD"], project).stdout.strip()
    (project / "bad.yaml").write_text(BAD, encoding="utf-8")
    return project, base


@pytest.mark.parametrize(("old", "call"), [("", "--method POST repos/a/b/issues/7/comments"), ("9", "comments/9")])
def test_the_comment_states_what_the_change_costs(
    pull_request: tuple[Path, str], runner: dict[str, str], old: str, call: str
) -> None:
    project, base = pull_request
    tools = Path(runner["RUNNER_TEMP"])
    given = runner | {"BASE": base, "REPOSITORY": "a/b", "NUMBER": "7", "OLD": old}
    given["PATH"] = f"{tools / 'bin'}{os.pathsep}{os.environ['PATH']}"
    done = run_as_is(["bash", "-e", "-o", "pipefail", "-c", _step("Comment")], project, given)
    assert done.returncode == 0, done.stdout + done.stderr
    body = (tools / "dreamerguard-comment.md").read_text()
    assert body.startswith("<!-- dreamerguard: cost of the change -->\n## DreamerGuard\n")
    assert "**This change costs dmc\\_walker\\_walk about 785 points**" in body
    assert call in (tools / "calls").read_text().splitlines()[-1]


@pytest.mark.parametrize("broken", [{"FAIL": "1"}, {"BASE": "0" * 40}])
def test_a_comment_that_cannot_be_written_fails_nothing(
    pull_request: tuple[Path, str], runner: dict[str, str], broken: dict[str, str]
) -> None:
    project, base = pull_request
    given = runner | {"BASE": base, "REPOSITORY": "a/b", "NUMBER": "7"} | broken
    given["PATH"] = f"{Path(runner['RUNNER_TEMP']) / 'bin'}{os.pathsep}{os.environ['PATH']}"
    done = run_as_is(["bash", "-e", "-o", "pipefail", "-c", _step("Comment")], project, given)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "::notice title=DreamerGuard::no comment" in done.stdout


def test_the_steps_after_a_failed_one_end_cleanly() -> None:
    steps = {item["name"]: item for item in load("action.yml")["runs"]["steps"]}
    assert "steps.check.outputs.sarif-file != ''" in steps["Upload"]["if"]
    assert "steps.install.outcome == 'success'" in steps["Comment"]["if"]
    used = [item["uses"] for item in steps.values() if "uses" in item]
    assert used == ["actions/setup-python@v7", "github/codeql-action/upload-sarif@v4"]
    assert steps["Set up Python"]["with"]["update-environment"] is False, "the job keeps its own Python"


@pytest.mark.parametrize(("files", "code"), [("good.yaml", 0), ("bad.yaml", 1), ("nosuch.yaml", 1)])
def test_the_job_of_the_gitlab_component(project: Path, tmp_path: Path, files: str, code: int) -> None:
    spec, job = yaml.safe_load_all((ROOT / "templates" / "check.yml").read_text(encoding="utf-8"))
    assert set(spec["spec"]["inputs"]) == {"stage", "image", "version", "paths", "args"}
    script = job["dreamerguard"]["script"][1]
    given = {"DREAMERGUARD_PATHS": files, "DREAMERGUARD_ARGS": "--min-severity 'warning' --allow-local-rules"}
    done = run(["bash", "-e", "-o", "pipefail", "-c", script], project, CI_MERGE_REQUEST_IID="1", **given)
    assert done.returncode == code or (files == "nosuch.yaml" and done.returncode != 0), done.stderr
    if files == "bad.yaml":
        assert "low-train-ratio" in (project / "gl-code-quality.json").read_text()
    if files != "nosuch.yaml":
        assert not (project / "dreamerguard-words.txt").exists()


def test_the_linter_declares_the_pythons_that_it_supports() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["requires-python"] == ">=3.11"
    for minor in range(11, 15):
        assert f"Programming Language :: Python :: 3.{minor}" in project["classifiers"]


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


@pytest.mark.parametrize(
    "name", ["job.sbatch", "a/job.slurm", "Makefile", "train", "x.yml", "Dockerfile.gpu", "README.md"]
)
def test_the_hook_selects_files_with_commands(name: str) -> None:
    (hook,) = load(".pre-commit-hooks.yaml")
    assert re.search(hook["files"], name)


@pytest.mark.parametrize("suffix", sorted({*readers._SCRIPTS, *readers._BY_SUFFIX} - {".py"}))
def test_the_hook_selects_every_kind_of_file_that_check_reads(suffix: str) -> None:
    (hook,) = load(".pre-commit-hooks.yaml")
    assert re.search(hook["files"], f"jobs/x{suffix}")


@pytest.mark.parametrize("name", ["main.py", "data.csv", "a/b.json", "x.yaml.txt", "a.d/train.c"])
def test_the_hook_leaves_other_files_out(name: str) -> None:
    (hook,) = load(".pre-commit-hooks.yaml")
    assert not re.search(hook["files"], name)
