"""Results, allowances, the order of rules, and what a root cause may report."""

import subprocess
import sys
from pathlib import Path

import pytest

from dreamerguard import lint_command, lint_run
from dreamerguard.commands.shared.exit_codes import exit_code
from dreamerguard.core.finding import Severity
from dreamerguard.core.machine import Machine
from dreamerguard.core.result import Result
from dreamerguard.lint.engine import UnknownRule, check_command
from dreamerguard.programs.registry import UnknownProgram
from dreamerguard.schema.suites import suite_of
from dreamerguard.schema.tasks import load_suite, suite_names
from dreamerguard.sources.argv import read_command


def check(words: str, machine: Machine | None = None) -> Result:
    return lint_command(f"dreamerguard train {words}", machine=machine or Machine())


def names(words: str) -> list[str]:
    return [finding.name for finding in check(words).findings]


def test_the_founding_case_is_one_severe_finding() -> None:
    result = lint_run("dmc_walker_walk", overrides=["run.train_ratio=32"])
    (finding,) = result.findings
    assert finding.name == "low-train-ratio" and finding.severe
    assert finding.primary.span.text == "run.train_ratio=32"
    assert finding.harm is not None and finding.harm.expected is not None and finding.harm.reference is not None
    assert finding.harm.update_share == pytest.approx(1 / 16, rel=1e-3)
    assert finding.harm.expected.median < 0.25 * finding.harm.reference.median
    assert finding.fix is not None
    assert finding.fix.command == "dreamerguard train dmc_walker_walk run.train_ratio=512"
    assert any("danijar/dreamerv3/issues/140" in evidence.url for evidence in finding.evidence)
    assert result.refused == (finding,)
    assert exit_code(result) == 1


@pytest.mark.parametrize("suite", suite_names())
def test_every_task_of_every_suite_is_clean_as_published(suite: str) -> None:
    data = load_suite(suite)
    for task in list(data.tasks)[:3]:
        expected = [] if suite_of(task) is not None else ["unsupported-suite"]
        for edition in data.editions:
            assert names(f"{task} suite={suite} edition={edition}") == expected, (task, edition)


ONE_FINDING = [
    ("dmc_walker_walk run.train_ratio=256 run.frames=1e6", []),
    ("dmc_walker_walk run.train_ratio=16 run.frames=1e5", ["low-train-ratio"]),
    ("dmc_walker_walk run.train_ratio=0 run.frames=1e3", ["no-training"]),
    ("dmc_walker_walk run.train_ratio=0.5 run.frames=1e5", ["ratio-unit"]),
    ("dmc_walker_walk run.frames=2.5e5", ["frames-unit"]),
    ("dmc_walker_walk replay.batch_size=64", ["changed-batch-shape"]),
    ("dmc_walker_walk replay.batch_size=64 run.train_ratio=2048", []),
    ("dmc_walker_walk replay.batch_size=64 run.train_ratio=400", ["changed-batch-shape"]),
    ("dmc_walker_walk replay.batch_size=64 run.train_ratio=100", ["low-train-ratio"]),
    ("dmc_walker_walk replay.batch_size=2 replay.batch_length=8 run.train_ratio=512", ["changed-batch-shape"]),
    ("dmc_walker_walk replay.batch_size=4 run.train_ratio=128", []),
    ("dmc_walker_walk replay.batch_size=2 replay.batch_length=8 run.train_ratio=8", ["little-replay"]),
    ("dmc_walker_walk replay.batch_size=2 replay.batch_length=8 run.train_ratio=4", ["low-update-budget"]),
    ("dmc_walker_walk env.action_repeat=8", ["changed-action-repeat"]),
    ("dmc_walker_walk run.frames=1e4 purpose=short", []),
    ("dmc_walker_walk run.frames=1e4", ["low-update-budget"]),
    ("dmc_walker_walk run.train_ratio=64 run.frames=1e4 purpose=short", ["low-train-ratio"]),
    ("dmc_walker_walk run.train_ratio=1024", ["edition-mix"]),
    ("dmc_walker_walk edition=head run.train_ratio=512", ["low-update-budget"]),
    ("atari_pong run.train_ratio=32 run.frames=4e5", ["low-update-budget"]),
    ("dmc_walker_wlak run.train_ratio=32", ["unknown-task"]),
]


@pytest.mark.parametrize(("words", "expected"), ONE_FINDING)
def test_one_root_cause_is_one_finding(words: str, expected: list[str]) -> None:
    assert sorted(names(words)) == expected


@pytest.mark.parametrize(
    ("ratio", "name", "part"),
    [(64, "low-update-budget", "1/2"), (16, "low-train-ratio", "1/8"), (32, "low-train-ratio", "1/4")],
)
def test_another_batch_shape_scales_the_expected_ratio(ratio: float, name: str, part: str) -> None:
    words = f"dmc_walker_walk replay.batch_size=4 run.train_ratio={ratio}"
    (finding,) = check(words).findings
    assert finding.name == name
    assert part in finding.message
    assert "1/32" not in finding.message and "1/16" not in finding.message
    assert finding.primary.message == "expected 128 (512 at 16 x 64)"
    assert finding.primary.span.text == f"run.train_ratio={ratio}"
    assert finding.fix is not None and finding.fix.command is not None
    assert finding.fix.command.endswith("run.train_ratio=128")
    assert names(finding.fix.command.split(" train ")[1]) == []


def test_a_ratio_of_zero_is_mended_for_the_batch_shape() -> None:
    (finding,) = check("dmc_walker_walk replay.batch_size=2 replay.batch_length=8 run.train_ratio=0").findings
    assert finding.primary.message == "expected 8 (512 at 16 x 64)"
    assert finding.fix is not None and finding.fix.edits[0].text == "8"


def test_allowed_findings_stay_with_their_reason_and_count_for_nothing() -> None:
    for name in ("low-train-ratio", "DG101", "dg101"):
        result = lint_run("dmc_walker_walk", overrides=["run.train_ratio=32"], allow={name: "wall-clock test"})
        assert [finding.allowed for finding in result.findings] == ["wall-clock test"]
        assert result.active == result.refused == ()
        assert exit_code(result) == 0


def test_allowing_an_unknown_rule_is_an_error_with_a_hint() -> None:
    with pytest.raises(UnknownRule, match="did you mean low-train-ratio"):
        lint_run("dmc_walker_walk", allow={"low-train-rato": "x"})


def test_information_alone_is_clean() -> None:
    result = check("dmc_walker_walk env.image_size=96")
    assert [finding.severity for finding in result.findings] == [Severity.INFO]
    assert exit_code(result) == 0 and result.refused == ()


def test_a_moderate_warning_does_not_refuse() -> None:
    result = check("dmc_walker_walk run.frames=2e5")
    assert exit_code(result) == 1 and result.refused == ()


def test_thresholds_are_the_users() -> None:
    assert names("dmc_walker_walk run.frames=2e5 guard.warn_update_budget=0.3") == []
    (finding,) = check("dmc_walker_walk run.frames=2e5 guard.refuse_update_budget=0.5").findings
    assert finding.severe


def test_the_gravest_come_first() -> None:
    result = check("dmc_walker_walk eval.episodes=3 seed=1 seed=2 run.foo=1 run.train_ratio=32")
    assert [finding.severity for finding in result.findings] == [
        Severity.ERROR,
        Severity.WARNING,
        Severity.WARNING,
        Severity.INFO,
    ]
    assert result.findings[1].severe and not result.findings[2].severe


def test_checked_says_what_was_looked_at() -> None:
    result = check("dmc_walker_walk seed=1")
    assert (result.checked.settings, result.checked.overrides, result.checked.files) == (2, 1, 0)
    assert result.dialect == "native"


def test_other_programs_are_unknown() -> None:
    with pytest.raises(UnknownProgram, match=r"python rllib/train\.py"):
        check_command(read_command(["python", "rllib/train.py", "--run", "DreamerV3"]))


def test_the_machine_is_not_guessed() -> None:
    assert names("dmc_walker_walk runtime.platform=cuda") == []
    assert [item.name for item in check("dmc_walker_walk", Machine(gpus=0)).findings] == ["slow-on-cpu"]


def test_a_file_of_another_program_is_one_finding(tmp_path: Path) -> None:
    text = "defaults:\n" + "".join(f"  key{number}: {number}\n" for number in range(40))
    (tmp_path / "configs.yaml").write_text(text, encoding="utf-8")
    result = lint_run("dmc_walker_walk", "configs.yaml", folder=tmp_path)
    (finding,) = result.findings
    assert finding.message == "40 keys of configs.yaml do not exist: the file looks like one of another program"


def test_checking_loads_no_heavy_library() -> None:
    program = (
        "import sys; from dreamerguard import lint_run;"
        "lint_run('dmc_walker_walk', overrides=['run.train_ratio=32']);"
        "print([name for name in ('jax', 'numpy', 'mujoco', 'rich', 'typer') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=600, check=True)
    assert done.stdout == "[]\n"


def test_a_merged_value_names_the_place_of_the_merge(tmp_path: Path) -> None:
    text = "task: dmc_walker_walk\nrun:\n  <<: {train_ratio: 32}\n"
    (tmp_path / "run.yaml").write_text(text, encoding="utf-8")
    (finding,) = lint_run(file="run.yaml", folder=tmp_path).findings
    assert finding.primary.span.text == "train_ratio: 32"
    assert [(label.span.text, label.message) for label in finding.secondary] == [("<<", "merged here")]
