"""Values with which nothing can train, in every program; the defaults themselves are never beyond a limit."""

import json
import shlex
from pathlib import Path
from typing import Any

import pytest

from dreamerguard.core.finding import Severity
from dreamerguard.core.result import Result
from dreamerguard.lint.engine import check_command
from dreamerguard.programs.danijar.editions import EDITIONS
from dreamerguard.sources.argv import read_command

DANIJAR = "python dreamerv3/main.py --logdir x --configs dmc_proprio --task dmc_walker_walk"
EARLY = "python dreamerv3/train.py --logdir x --configs dmc_proprio --task dmc_walker_walk"
MIDDLE = "python dreamerv3/main.py --logdir x --configs dmc_proprio --task dmc_walker_walk --run.num_envs 4"
TORCH = "python3 dreamer.py --logdir x --configs dmc_vision --task dmc_walker_walk"
R2 = "python train.py env=dmc_vision env.task=dmc_walker_walk"
TORCHRL = "python sota-implementations/dreamer_v3/dreamer_v3.py"
SHEEPRL = "sheeprl exp=dreamer_v3_dmc_walker_walk"

BEYOND = [
    (DANIJAR, "--agent.opt.lr -1e-4"), (DANIJAR, "--agent.opt.lr nan"), (DANIJAR, "--batch_length 0"),
    (DANIJAR, "--run.envs 0"), (DANIJAR, "--run.steps 0"), (DANIJAR, "--run.steps -5"), (DANIJAR, "--env.dmc.repeat 0"),
    (DANIJAR, "--agent.horizon 1"), (DANIJAR, "--agent.imag_length 0"), (DANIJAR, "--run.train_ratio nan"),
    (DANIJAR, "--replay.size 0"), (DANIJAR, "--agent.imag_loss.lam 1.5"),
    (EARLY, "--model_opt.lr 0"), (EARLY, "--envs.amount 0"), (EARLY, "--horizon 1"), (EARLY, "--imag_horizon 0"),
    (MIDDLE, "--opt.lr 0"), (MIDDLE, "--imag_length 0"), (MIDDLE, "--batch_size -1"),
    (TORCH, "--model_lr 0"), (TORCH, "--batch_size 0"), (TORCH, "--action_repeat 0"),
    (TORCH, "--steps -1"), (TORCH, "--discount 1.01"), (TORCH, "--imag_horizon 0"),
    (R2, "model.lr=0"), (R2, "env.env_num=0"), (R2, "batch_size=0"), (R2, "env.steps=0"), (R2, "model.horizon=1"),
    (R2, "env.action_repeat=0"), (R2, "trainer.steps=-1"), (R2, "env.train_ratio=nan"), (R2, "batch_length=-4"),
    (SHEEPRL, "algo.actor.optimizer.lr=0"), (SHEEPRL, "algo.gamma=1.5"), (SHEEPRL, "algo.total_steps=0"),
    (SHEEPRL, "algo.per_rank_batch_size=0"), (SHEEPRL, "env.action_repeat=0"), (SHEEPRL, "algo.horizon=0"),
    (SHEEPRL, "algo.per_rank_sequence_length=-1"),
    (SHEEPRL, "env.screen_size=0"), (SHEEPRL, "algo.world_model.discrete_size=0"), (TORCH, "--dyn_deter 0"),
    (DANIJAR, "--agent.dyn.rssm.deter 0"), (EARLY, "--rssm.deter 0"), (MIDDLE, "--dyn.rssm.stoch 0"),
    (R2, "model.deter=0"),
    (TORCHRL, "optimization.lr=0"), (TORCHRL, "optimization.gamma=1.5"), (TORCHRL, "optimization.lmbda=-1"),
    (TORCHRL, "optimization.imagination_horizon=0"), (TORCHRL, "networks.rnn_hidden_dim=0"),
]  # fmt: skip

TEXTS = [
    (R2, "env.train_ratio=abc", ""), (R2, "\"env.train_ratio='32'\"", ""), (R2, "model.lr=1/2", ""),
    (R2, "batch_size=true", ""), (SHEEPRL, "algo.replay_ratio=1/2", ""),
    (SHEEPRL, "'algo.replay_ratio=\"0.5\"'", "0.5"),
    (SHEEPRL, "algo.total_steps=many", ""),
]  # fmt: skip


def check(command: str, folder: Path) -> Result:
    return check_command(read_command(shlex.split(command)), folder=folder)


@pytest.mark.parametrize(("command", "word"), BEYOND)
def test_each_is_named_once(command: str, word: str, tmp_path: Path) -> None:
    result = check(f"{command} {word}", tmp_path)
    key = word.lstrip("-").split("=")[0].split()[0]
    named = [finding for finding in result.findings if finding.name == "out-of-range"]
    assert [key in finding.message or finding.key.split(".")[-1] == key for finding in named] == [True]
    assert not any(
        "-" in finding.message.partition("%")[0][-6:] for finding in result.findings if "%" in finding.message
    )


@pytest.mark.parametrize(("command", "word", "meant"), TEXTS)
def test_text_where_a_number_is_needed(command: str, word: str, meant: str, tmp_path: Path) -> None:
    findings = [finding for finding in check(f"{command} {word}", tmp_path).findings if finding.name == "wrong-type"]
    assert len(findings) == 1
    fix = findings[0].fix
    assert (fix.edits[0].text if fix is not None else "") == meant


@pytest.mark.parametrize("command", [DANIJAR, EARLY, MIDDLE, TORCH, R2, SHEEPRL])
def test_published_runs_are_within_all_limits(command: str, tmp_path: Path) -> None:
    names = {finding.name for finding in check(command, tmp_path).findings}
    assert not names & {"out-of-range", "wrong-type"}


@pytest.mark.parametrize(
    "word", ["--run.steps inf", "--agent.opt.lr $LR", "--seed 0", "--agent.opt.wd 0", "--run.duration 0"]
)
def test_other_zeros_and_endless_runs_are_allowed(word: str, tmp_path: Path) -> None:
    names = {finding.name for finding in check(f"{DANIJAR} {word}", tmp_path).findings}
    assert not names & {"out-of-range", "wrong-type"}


FROZEN = [(EARLY, "--model_opt.lr 0"), (TORCH, "--model_lr 0"), (SHEEPRL, "algo.world_model.optimizer.lr=0")]


@pytest.mark.parametrize(("command", "word"), FROZEN)
def test_one_frozen_optimizer_is_a_warning_and_all_frozen_an_error(command: str, word: str, tmp_path: Path) -> None:
    (finding,) = [item for item in check(f"{command} {word}", tmp_path).findings if item.name == "out-of-range"]
    assert (finding.severity, "keep their random weights" in finding.message) == (Severity.WARNING, True)
    frozen = check(f"{EARLY} --model_opt.lr 0 --actor_opt.lr 0 --critic_opt.lr 0", tmp_path)
    found = [item.severity for item in frozen.findings if item.name == "out-of-range"]
    assert found == [Severity.ERROR] * 3


@pytest.mark.parametrize("word", ["--run.from_checkpoint old/checkpoint.ckpt", "--reload_model True"])
def test_an_optimizer_may_be_frozen_if_its_weights_are_loaded(word: str, tmp_path: Path) -> None:
    values: dict[str, Any] = {"reload_model": False}
    for key, value in EDITIONS["2023"].load().defaults.items():
        *groups, leaf = key.split(".")
        place = values
        for group in groups:
            place = place.setdefault(group, {})
        place[leaf] = value
    presets = tmp_path / "dreamerv3" / "configs.yaml"
    presets.parent.mkdir()
    presets.write_text(json.dumps({"defaults": values, "tiny": {"batch_size": 8}}), encoding="utf-8")
    command = f"python dreamerv3/train.py --logdir x --configs tiny --model_opt.lr=0.0 {word}"
    assert "out-of-range" not in {finding.name for finding in check(command, tmp_path).findings}
    assert "out-of-range" in {finding.name for finding in check(command.removesuffix(word), tmp_path).findings}


def test_pretraining_ends_with_the_first_call_of_the_ratio(tmp_path: Path) -> None:
    plain = check(f"{SHEEPRL} algo.replay_ratio=0.03", tmp_path)
    pretrained = check(f"{SHEEPRL} algo.replay_ratio=0.03 algo.per_rank_pretrain_steps=8000000", tmp_path)
    assert {finding.name for finding in pretrained.findings} == {finding.name for finding in plain.findings} | {
        "dead-key"
    }
