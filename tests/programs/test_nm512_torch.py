"""Recognition, layers and places of dreamerv3-torch's runs."""

import shlex
from pathlib import Path

import pytest

from dreamerguard.core.finding import Severity
from dreamerguard.core.machine import UNKNOWN
from dreamerguard.core.result import Result
from dreamerguard.core.run import ResolvedRun
from dreamerguard.lint.engine import check_command
from dreamerguard.programs.nm512_torch.keys import DEAD, RENAMES, ROLES
from dreamerguard.programs.nm512_torch.program import Nm512Torch
from dreamerguard.programs.shared.key_tables import load_table
from dreamerguard.rules.helpers.example_files import with_torch_preset
from dreamerguard.sources.argv import read_command


def resolve(command: str, folder: Path) -> ResolvedRun:
    return Nm512Torch().resolve(read_command(shlex.split(command)), UNKNOWN, folder)


def check(command: str, folder: Path) -> Result:
    return check_command(read_command(shlex.split(command)), folder=folder)


def loud(result: Result) -> list[str]:
    return [item.name for item in result.findings if item.severity is not Severity.INFO]


@pytest.mark.parametrize(
    ("command", "known"),
    [
        ("python3 dreamer.py --configs dmc_vision --task dmc_walker_walk --logdir x", True),
        ("nohup env CUDA_VISIBLE_DEVICES=0 python dreamer.py --config dmc_vision --logdir x", True),
        ("python -m dreamer --configs crafter --logdir x", True),
        ("python dreamer.py env.name=walker env.task=walk", False),
        ("python dreamer.py", False),
        ("python dreamerv3/main.py --configs crafter", False),
    ],
)
def test_detection(command: str, known: bool, tmp_path: Path) -> None:
    assert (Nm512Torch().detect(read_command(shlex.split(command)), tmp_path) is not None) is known


def test_presets_beside_another_script_are_recognised(tmp_path: Path) -> None:
    (tmp_path / "configs.yaml").write_text(with_torch_preset("seed: 1")["configs.yaml"], encoding="utf-8")
    result = check("python run_it.py --configs mine --logdir x", tmp_path)
    assert result.dialect == "nm512_torch" and result.run.seen


def test_the_founding_mistake_is_found_here_too(tmp_path: Path) -> None:
    result = check(
        "python dreamer.py --configs dmc_vision --task dmc_walker_walk --train_ratio 32 --logdir x", tmp_path
    )
    (finding,) = result.findings
    assert finding.name == "low-train-ratio" and finding.severe
    assert finding.fix is not None and finding.fix.command is not None
    assert "--train_ratio 512" in finding.fix.command


def test_values_of_a_later_preset_win_and_keep_their_places(tmp_path: Path) -> None:
    text = with_torch_preset("steps: 2e6", "encoder: {mlp_keys: '.*'}")["configs.yaml"]
    (tmp_path / "configs.yaml").write_text(text + "more:\n  steps: 3e6\n", encoding="utf-8")
    run = resolve("python dreamer.py --configs mine more --steps 4e6 --logdir x", tmp_path)
    assert [layer.value for layer in run.settings["steps"].chain] == [1e6, 2e6, 3e6, 4e6]
    assert run.settings["encoder.mlp_keys"].value == ".*"
    assert run.settings["encoder.cnn_keys"].value == "image"


def test_a_frame_is_not_an_agent_step(tmp_path: Path) -> None:
    run = resolve("python dreamer.py --configs dmc_vision --logdir x", tmp_path)
    assert run.budget is not None and run.reference is not None
    assert run.budget.action_repeat == 2 and run.budget.frames == pytest.approx(1e6, rel=0.02)
    assert run.budget.updates == run.reference.budget.updates


def test_a_forks_own_tasks_have_no_reference(tmp_path: Path) -> None:
    run = resolve("python dreamer.py --configs dmc_vision --task dmc_crl_walker_walk --logdir x", tmp_path)
    assert run.reference is None
    assert resolve("python dreamer.py --configs dmc_vision --task robot_reach --logdir x", tmp_path).reference is None


def test_options_that_a_preset_adds_exist(tmp_path: Path) -> None:
    result = check("python dreamer.py --configs atari100k --task atari_pong --noops 30 --logdir x", tmp_path)
    assert result.findings == ()


@pytest.mark.parametrize(
    ("words", "names"),
    [
        ("--train_ration 512", ["unknown-key"]),
        ("--dyn_ 512", ["malformed-override"]),
        ("--compile false", ["wrong-type"]),
        ("--steps", ["malformed-override"]),
        ("--size 64,64,64", ["image-shape"]),
        ("--train_ratio 0", ["no-training"]),
    ],
)
def test_what_stops_the_program(words: str, names: list[str], tmp_path: Path) -> None:
    result = check(f"python dreamer.py --configs dmc_vision --logdir x {words}", tmp_path)
    assert loud(result) == names and result.findings[0].severity is Severity.ERROR


def test_an_empty_folder_of_logs_is_an_error_only_where_the_defaults_leave_it_empty(tmp_path: Path) -> None:
    text = with_torch_preset("seed: 1")["configs.yaml"]
    (tmp_path / "configs.yaml").write_text(text, encoding="utf-8")
    assert loud(check("python dreamer.py --configs mine", tmp_path)) == ["missing-logdir"]
    (tmp_path / "configs.yaml").write_text(text.replace("logdir: null", "logdir: logs"), encoding="utf-8")
    assert loud(check("python dreamer.py --configs mine", tmp_path)) == []


def test_tables_name_real_keys() -> None:
    defaults = load_table("nm512_torch").defaults
    added = {"stickey", "units"}
    assert defaults.keys() >= DEAD.keys() and defaults.keys() >= set(ROLES.values())
    assert not RENAMES.keys() & defaults.keys()
    assert {renamed.path for renamed in RENAMES.values()} <= defaults.keys() | added


@pytest.mark.parametrize(
    ("lines", "severity"),
    [
        (["decoder: {mlp_keys: 'speed|load'}"], Severity.WARNING),
        (["encoder: {cnn_depth: 16}", "seed: 1", "seed: 2", "decoder: {mlp_keys: 'speed|load'}"], Severity.INFO),
    ],
)
def test_a_preset_that_sets_both_networks_means_their_difference(
    lines: list[str], severity: Severity, tmp_path: Path
) -> None:
    text = with_torch_preset(*lines)["configs.yaml"].replace("cnn_keys: image}", "cnn_keys: image, cnn_depth: 32}")
    (tmp_path / "configs.yaml").write_text(text.replace("  seed: 1\n  seed: 2\n", "  seed: 1\n"), encoding="utf-8")
    result = check("python dreamer.py --configs mine --logdir x", tmp_path)
    assert [item.severity for item in result.findings if item.name == "decoder-mismatch"] == [severity]


def test_an_unknown_preset_leaves_the_actions_unknown(tmp_path: Path) -> None:
    (tmp_path / "configs.yaml").write_text(with_torch_preset("seed: 1")["configs.yaml"], encoding="utf-8")
    command = "python dreamer.py --configs {} --task atari_pong --logdir x"
    known, unknown = (loud(check(command.format(name), tmp_path)) for name in ("mine", "atari"))
    assert "action-distribution" in known
    assert "unknown-preset" in unknown and "action-distribution" not in unknown
