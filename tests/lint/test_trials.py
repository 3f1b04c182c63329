"""Runs that the text beside them calls a trial of the program."""

from pathlib import Path

import pytest

from dreamerguard.core.finding import Severity
from dreamerguard.lint.repository import check_tree

RUN = "python dreamerv3/main.py --logdir x --configs dmc_proprio --task dmc_walker_walk --run.train_ratio 32"


def severity(folder: Path, name: str, text: str, rule: str = "low-train-ratio") -> Severity:
    """Returns the severity of the one finding of a rule on the last run of a file."""
    (folder / name).write_text(text)
    found = [finding for finding in check_tree([folder]).results[-1].findings if finding.name == rule]
    assert len(found) == 1
    return found[0].severity


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("run.sh", f"# smoke test on a laptop\n{RUN}\n"),
        ("run.sh", f"{RUN}  # only a quick check\n"),
        ("debug_walker.sh", f"{RUN}\n"),
        ("README.md", f"## Debugging\n\n```sh\n{RUN}\n```\n"),
        ("README.md", f"A quick test:\n\n```sh\n{RUN}\n```\n"),
        ("README.md", f"```sh\n# to check that the installation works\n{RUN}\n```\n"),
    ],
)
def test_a_run_that_is_called_a_trial_may_be_small(tmp_path: Path, name: str, text: str) -> None:
    assert severity(tmp_path, name, text) is Severity.INFO


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("run.sh", f"{RUN}\n"),
        ("run.sh", f"# smoke test\npython other.py\n{RUN}\n"),
        ("README.md", f"## Quick start\n\n```sh\n{RUN}\n```\n"),
        ("README.md", f"A quick test:\n\n```sh\npython other.py\n```\n\nThen train:\n\n```sh\n{RUN}\n```\n"),
        ("README.md", f"```sh\npython dreamerv3/main.py --configs debug --logdir y\n{RUN}\n```\n"),
        ("train.sh", f"echo debug\n{RUN}\n"),
    ],
)
def test_other_runs_may_not(tmp_path: Path, name: str, text: str) -> None:
    assert severity(tmp_path, name, text) is Severity.WARNING


def test_a_configuration_for_a_debugger_says_its_name(tmp_path: Path) -> None:
    words = ", ".join(f'"{word}"' for word in RUN.split()[2:])
    entry = '{{"name": "{}", "type": "debugpy", "request": "launch", "program": "dreamerv3/main.py", "args": [{}]}}'
    for name, expected in (("Smoke test", Severity.INFO), ("Train walker", Severity.WARNING)):
        text = f'{{"version": "0.2.0", "configurations": [{entry.format(name, words)}]}}'
        assert severity(tmp_path, "launch.json", text) is expected


def test_a_fault_of_a_trial_stays_a_fault(tmp_path: Path) -> None:
    text = f"# smoke test\n{RUN} --run.steps lots\n"
    assert severity(tmp_path, "run.sh", text, "wrong-type") is Severity.ERROR


def test_a_debug_run_that_the_text_calls_one(tmp_path: Path) -> None:
    run = "python dreamerv3/main.py --configs crafter debug --run.steps 2e6 --logdir logs"
    text = f"### Debug Mode\n\nRun with the debug configuration:\n\n```sh\n{run}\n```\n"
    assert severity(tmp_path, "README.md", text, "debug-left-on") is Severity.INFO
    assert severity(tmp_path, "README.md", f"## Results\n\n```sh\n{run}\n```\n", "debug-left-on") is Severity.WARNING


def test_a_command_below_many_blocks_has_its_own_text(tmp_path: Path) -> None:
    other = "Text.\n\n```sh\npython other.py\n```\n\n" * 50
    assert severity(tmp_path, "README.md", f"{other}A quick test:\n\n```sh\n{RUN}\n```\n") is Severity.INFO
    assert (
        severity(tmp_path, "README.md", f"A quick test:\n\n{other}Then train:\n\n```sh\n{RUN}\n```\n")
        is Severity.WARNING
    )
