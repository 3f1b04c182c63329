"""The dialects r2dreamer and sheeprl: recognition, common units, references, provenance, and what stays unknown."""

import shlex
from pathlib import Path

import pytest

from dreamerguard import lint_command
from dreamerguard.commands.shared.exit_codes import NOTHING_CHECKED, exit_code
from dreamerguard.core.finding import Severity
from dreamerguard.core.result import Result
from dreamerguard.core.source import Source, SourceError
from dreamerguard.programs.hydra import exact
from dreamerguard.programs.hydra.exact import NeedsHydra
from dreamerguard.programs.registry import UnknownProgram
from dreamerguard.reports.full import summary
from dreamerguard.rules.helpers.example_files import R2_COMMAND, with_r2_env


def check(command: str, folder: Path) -> Result:
    return lint_command(command, folder=folder)


def write(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")


@pytest.mark.parametrize(
    ("command", "dialect"),
    [
        ("python train.py env=dmc_vision", "r2dreamer"),
        ("CUDA_VISIBLE_DEVICES=0 python3 train.py model.rep_loss=dreamer", "r2dreamer"),
        ("sheeprl exp=dreamer_v3", "sheeprl"),
        ("uv run sheeprl.py exp=dreamer_v3", "sheeprl"),
        ("diambra run -s=4 python sheeprl.py exp=dreamer_v3", "sheeprl"),
    ],
)
def test_recognised(command: str, dialect: str, tmp_path: Path) -> None:
    assert check(command, tmp_path).dialect == dialect


@pytest.mark.parametrize(
    "command",
    [
        "python train.py",
        "python train.py env=cartpole",
        "python train.py model=resnet50 lr=0.1",
        "python dreamer.py env.name=walker env.task=walk",
        "python train.py --lr 3",
    ],
)
def test_other_programs_with_hydra_syntax(command: str, tmp_path: Path) -> None:
    with pytest.raises(UnknownProgram):
        check(command, tmp_path)


def test_a_checkout_beside_the_command_is_the_truth(tmp_path: Path) -> None:
    write(tmp_path, with_r2_env("own_key: 3") | {"configs/model/size12M.yaml": "deter: 2048\n"})
    result = check(f"{R2_COMMAND} env.own_key=4 env.nope=5", tmp_path)
    assert [finding.message for finding in result.findings] == ["there is no key env.nope"]


def test_a_key_that_a_fork_lacks_is_not_proposed(tmp_path: Path) -> None:
    files = with_r2_env()
    files["configs/configs.yaml"] = files["configs/configs.yaml"].replace("  train_ratio: ${env.train_ratio}\n", "")
    write(tmp_path, files | {"configs/model/size12M.yaml": "deter: 2048\n"})
    (finding,) = check(f"{R2_COMMAND} run.train_ratio=32", tmp_path).findings
    assert finding.message.startswith("there is no key run.train_ratio") and "trainer.train_ratio" not in str(finding)


def test_files_may_change_between_two_checks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    command = shlex.split(f"{R2_COMMAND} env.own_key=4")
    write(tmp_path, with_r2_env() | {"configs/model/size12M.yaml": "deter: 2048\n"})
    assert [finding.key for finding in lint_command(command).findings] == ["env.own_key"]
    write(tmp_path, with_r2_env("own_key: 3"))
    assert not lint_command(command).findings


def test_values_remember_file_and_line_and_the_word(tmp_path: Path) -> None:
    write(tmp_path, with_r2_env())
    run = check(f"{R2_COMMAND} env.train_ratio=64", tmp_path).run
    setting = run.setting("train_ratio")
    assert setting is not None
    assert setting.key == "env.train_ratio"
    assert [str(layer.span) for layer in setting.chain] == ["configs/env/mine.yaml:4:1", "command line:1:26"]


def test_common_units_of_r2dreamer(tmp_path: Path) -> None:
    run = check("python train.py env=dmc_proprio", tmp_path).run
    assert run.budget is not None and run.reference is not None
    assert run.budget.updates == pytest.approx(126_969, rel=0.001)
    assert run.budget.updates_per_frame == 0.25
    assert run.update_share == 1


def test_common_units_of_sheeprl(tmp_path: Path) -> None:
    run = check("sheeprl exp=dreamer_v3_dmc_walker_walk", tmp_path).run
    assert run.budget is not None
    assert run.budget.train_ratio == 512
    assert run.budget.updates == pytest.approx(249_352, rel=0.001)
    two = check("sheeprl exp=dreamer_v3_dmc_walker_walk fabric.devices=2", tmp_path).run
    assert two.budget is not None
    assert two.budget.updates == pytest.approx(124_678, rel=0.001)


def test_unknown_values_are_not_judged(tmp_path: Path) -> None:
    result = check("python train.py env=dmc_vision 'env.train_ratio=$RATIO'", tmp_path)
    assert result.run.budget is None
    assert result.findings == ()


def test_the_founding_mistake_in_this_program(tmp_path: Path) -> None:
    (finding,) = check("python train.py env=dmc_proprio env.train_ratio=32", tmp_path).findings
    assert finding.name == "low-train-ratio"
    assert finding.severe
    assert finding.fix is not None
    assert finding.fix.command == "python train.py env=dmc_proprio env.train_ratio=512"


@pytest.mark.parametrize(
    ("command", "rules"),
    [
        ("sheeprl exp=dreamer_v3_100k_boxing algo.train_every=4", ["unknown-key"]),
        ("sheeprl exp=dreamer_v3_100k_boxing algo.total_steps=10000", ["low-update-budget"]),
        ("python train.py env=dmc_vision trainer.train_ration=3", ["unknown-key"]),
        ("python train.py env=dmc_vision seed=1,2,3", ["malformed-override"]),
        ("python train.py env=dmc_vision model.size50M", ["malformed-override"]),
        ("sheeprl exp=dreamer_v3_100k_boxing env/dmc", ["malformed-override"]),
        ("python train.py env=dmc_vision train.log", []),
        ("python train.py env=dmc_vision seed=1,2,3 -m", []),
        ("python train.py env=dmc_vision env.action_repeat=1", ["changed-action-repeat"]),
        ("python train.py env=dmc_visoin", ["unknown-option"]),
        ("sheeprl", ["unknown-option"]),
        ("python train.py env=atari100k env.task=atari_pong batch_size=1", ["changed-batch-shape"]),
    ],
)
def test_one_mistake_gives_one_finding(command: str, rules: list[str], tmp_path: Path) -> None:
    if "visoin" in command:
        command += " model=size12M"
    assert [finding.name for finding in check(command, tmp_path).findings] == rules


@pytest.mark.parametrize(
    ("words", "severities"),
    [
        ("trainer.batch_size=32", ["warning"]),
        ("buffer.batch_length=32", ["warning"]),
        ("trainer.batch_length=16", ["error"]),
        ("trainer.batch_length=63", ["warning"]),
        ("batch_size=32", []),
        ("batch_length=16", []),
        ("trainer.batch_size=16", []),
    ],
)
def test_both_copies_of_the_batch_shape_must_agree(words: str, severities: list[str], tmp_path: Path) -> None:
    found = check(f"python train.py env=dmc_proprio env.task=dmc_walker_walk {words}", tmp_path).findings
    assert [item.severity.value for item in found if item.name == "inconsistent-settings"] == severities


INTERPOLATED = {
    "configs/configs.yaml": "defaults:\n  - env: dmc\n  - model: ${env}_model\n  - _self_\n"
    "trainer: {steps: 1e5, train_ratio: '${env.train_ratio}'}\n",
    "configs/env/dmc.yaml": "task: a_b\ntrain_ratio: 512\n",
    "configs/model/dmc_model.yaml": "rep_loss: dreamer\n",
}


def test_hydra_is_asked_where_the_own_composer_gives_up(tmp_path: Path) -> None:
    pytest.importorskip("hydra")
    write(tmp_path, INTERPOLATED)
    run = check("python train.py env.train_ratio=64", tmp_path).run
    assert run.settings["model.rep_loss"].value == "dreamer"
    assert run.settings["env.train_ratio"].chosen
    assert [item.name for item in check("python train.py nope=5", tmp_path).findings] == ["unknown-option"]


def test_without_hydra_the_message_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, INTERPOLATED)
    monkeypatch.setattr(exact, "installed", lambda: False)
    with pytest.raises(NeedsHydra, match=r"pip install 'dreamerguard\[hydra\]'"):
        check("python train.py env.train_ratio=64", tmp_path)


def test_code_of_a_checkout_never_runs(tmp_path: Path) -> None:
    pytest.importorskip("hydra")
    trap = tmp_path / "trap"
    body = f"open({str(trap)!r}, 'w').write('ran')\n"
    write(
        tmp_path, INTERPOLATED | {"train.py": body, "hydra.py": body, "omegaconf.py": body, "configs/__init__.py": body}
    )
    check("python train.py", tmp_path)
    assert not trap.exists()


@pytest.mark.skipif(not exact.installed(), reason="needs the extra hydra")
def test_a_bomb_that_only_hydra_could_compose_is_given_up(tmp_path: Path) -> None:
    files = with_r2_env()
    files["configs/configs.yaml"] = files["configs/configs.yaml"].replace("size12M", "${oc.env:HOME}size12M")
    aliases = [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 9)]
    files["configs/env/mine.yaml"] += "\n".join(["a0: &a0 [x]", *aliases]) + "\n"
    write(tmp_path, files)
    with pytest.raises(SourceError, match="too much time or memory"):
        check(R2_COMMAND, tmp_path)


@pytest.mark.parametrize(
    ("words", "algorithm"),
    [
        ("exp=ppo env=gym", "ppo"),
        ("exp=dreamer_v1 env=dmc", "dreamer_v1"),
        ("exp=dreamer_v2", "dreamer_v2"),
        ("algo=sac", "sac"),
        ("exp=dreamer_v3 algo=sac", "sac"),
        ("exp=p2e_dv2_exploration", "p2e_dv2_exploration"),
        ("exp=p2e_dv3_exploration", "p2e_dv3_exploration"),
    ],
)
def test_other_algorithms_of_sheeprl_are_not_checked(words: str, algorithm: str) -> None:
    result = lint_command(["sheeprl", *words.split()])
    assert result.run.other == algorithm and result.judged.nothing and not result.active
    assert exit_code(result) == NOTHING_CHECKED
    assert summary(result).startswith(f"not checked; sheeprl trains {algorithm} here, which is not DreamerV3:")


def test_a_forks_own_algorithm_may_decode_nothing(tmp_path: Path) -> None:
    configs = tmp_path / "sheeprl" / "configs"
    for group in ("exp", "algo"):
        (configs / group).mkdir(parents=True)
    (configs / "config.yaml").write_text("defaults:\n  - algo: default\n  - exp: ???\n  - _self_\nseed: 1\n")
    (configs / "algo" / "default.yaml").write_text("name: ???\ncnn_keys: {encoder: [rgb], decoder: []}\n")
    (configs / "algo" / "dreamer_v3_own.yaml").write_text("defaults:\n  - default\n  - _self_\nname: dreamer_v3_own\n")
    (configs / "exp" / "own.yaml").write_text("# @package _global_\ndefaults:\n  - override /algo: dreamer_v3_own\n")
    result = check("sheeprl exp=own", tmp_path)
    assert result.run.other == "dreamer_v3_own" and not result.active and result.judged.nothing


def test_without_a_folder_the_message_says_that_a_checkout_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    anchor = Source("command line", "", "command line").span(0)
    monkeypatch.setattr(exact, "installed", lambda: True)
    with pytest.raises(NeedsHydra, match="run dreamerguard in a checkout") as found:
        exact.compose_exactly(None, "configs", [], anchor, "a reason")
    assert "pip install" not in found.value.message
    monkeypatch.setattr(exact, "installed", lambda: False)
    with pytest.raises(NeedsHydra, match=r"in a checkout .*, and install hydra: pip install"):
        exact.compose_exactly(None, "configs", [], anchor, "a reason")


def test_a_key_that_is_null_has_no_known_type() -> None:
    (finding,) = lint_command(["python", "dreamer_v3.py", "optimization.train_ration=512"]).findings
    assert "text" not in finding.help


def test_the_key_that_the_replay_ratio_replaced_has_no_effect(tmp_path: Path) -> None:
    configs = tmp_path / "sheeprl" / "configs"
    for group in ("exp", "algo"):
        (configs / group).mkdir(parents=True)
    (configs / "config.yaml").write_text("defaults:\n  - algo: default\n  - exp: ???\n  - _self_\nseed: 1\n")
    (configs / "algo" / "default.yaml").write_text("name: dreamer_v3\ncls: sheeprl.own\nreplay_ratio: 1\n")
    exp = configs / "exp" / "own.yaml"
    exp.write_text("# @package _global_\nalgo:\n  train_every: 6\n")
    (finding,) = check("sheeprl exp=own", tmp_path).active
    assert (finding.name, finding.severity, finding.primary.span.text) == (
        "misplaced-key", Severity.WARNING, "train_every: 6",
    )  # fmt: skip
    assert finding.help == "set algo.replay_ratio to 0.167"
    exp.write_text("# @package _global_\nalgo:\n  train_every: 1\n")
    assert [item.severity for item in check("sheeprl exp=own", tmp_path).active] == [Severity.INFO]
    (configs / "algo" / "default.yaml").write_text("name: dreamer_v3\ncls: sheeprl.own\n")
    assert not check("sheeprl exp=own", tmp_path).active
