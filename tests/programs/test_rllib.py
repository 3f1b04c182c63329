"""RLlib's DreamerV3: configurations in Python are linted with their lines; what is not literal is named."""

from pathlib import Path

import pytest

from dreamerguard.core.finding import Severity
from dreamerguard.core.result import RepositoryResult
from dreamerguard.core.source import Source
from dreamerguard.lint.engine import check_command
from dreamerguard.lint.repository import check_tree
from dreamerguard.sources.argv import UNKNOWN, read_command
from dreamerguard.sources.commands.python import read_python, unread_launches

IMPORTS = "from ray import tune\nfrom ray.rllib.algorithms.dreamerv3 import DreamerV3Config\n"
RUN = 'tune.RunConfig(stop={"num_env_steps_sampled_lifetime": %s})'
STOP = f'tune.Tuner("DreamerV3", param_space=config, run_config={RUN})\n'


def config(training: str, env: str = '"DMC/walker/walk"', stop: str = "int(5e5)") -> str:
    chain = f"config = (\n    DreamerV3Config()\n    .environment({env})\n    .training({training})\n)\n"
    return IMPORTS + chain + (STOP % stop if stop else "")


def check(tmp_path: Path, code: str, name: str = "train.py") -> RepositoryResult:
    (tmp_path / name).write_text(code, encoding="utf-8")
    return check_tree([tmp_path])


def names(outcome: RepositoryResult, least: Severity = Severity.WARNING) -> list[tuple[str, int]]:
    found = [item for result in outcome.results for item in result.findings]
    return [(item.name, item.primary.span.line) for item in found if item.severity.rank <= least.rank]


def words(code: str) -> list[list[str]]:
    return [[word.text for word in command.words[3:]] for command in read_python(Source("a.py", code))]


@pytest.mark.parametrize(
    ("training", "expected"),
    [
        ("training_ratio=512, model_size='S'", []),
        ("training_ratio=1024", []),  # the default, and more than the published ratio
        ("training_ratio=32", [("low-train-ratio", 6)]),
        ("training_ratio=128, batch_size_B=4", []),  # as many updates as published
        ("training_ratio=32, batch_size_B=1", [("little-replay", 6)]),
        ("training_ratio=512, model_size='Large'", [("unknown-choice", 6)]),
        ("train_ratio=512", [("unknown-key", 6)]),
        ("training_ratoi=512", [("unknown-key", 6)]),
        ("training_ratio=512, train_batch_size=1024", [("unknown-key", 6)]),
        ("training_ratio=512, train_batch_size=None", []),
        ("training_ratio=512, grad_clip=40.0, learner_config_dict={'a': 1}", []),  # of every algorithm in RLlib
        ("training_ratio=512, train_critic=False", [("inconsistent-settings", 6)]),
        ("training_ratio=512, train_critic=False, train_actor=False", []),
        ("training_ratio=512, world_model_lr=0", [("out-of-range", 6)]),
        ("training_ratio=512, gamma=1.5", [("out-of-range", 6)]),
        ("training_ratio=512, world_model_lr=[[0, 1e-4], [1000, 1e-5]]", []),
        ("training_ratio=512, replay_buffer_config={'type': 'PrioritizedReplayBuffer'}", [("unknown-choice", 6)]),
        ("training_ratio=512, replay_buffer_config={'capacity': int(1e6)}", []),
    ],
)
def test_values_of_training(tmp_path: Path, training: str, expected: list[tuple[str, int]]) -> None:
    assert names(check(tmp_path, config(training))) == expected


def test_vectors_have_another_published_ratio(tmp_path: Path) -> None:
    vectors = '"DMC/walker/walk", env_config={"from_pixels": False}'
    assert names(check(tmp_path, config("training_ratio=512", vectors))) == []
    assert names(check(tmp_path, config("training_ratio=64", vectors))) == [("low-train-ratio", 6)]


def test_a_misspelt_task_is_named(tmp_path: Path) -> None:
    assert names(check(tmp_path, config("training_ratio=512", '"DMC/walker/wakl"'))) == [("unknown-task", 5)]


def test_an_environment_of_the_user_is_not_compared(tmp_path: Path) -> None:
    outcome = check(tmp_path, config("training_ratio=2", '"CartPole-v1"'))
    assert names(outcome) == [] and outcome.commands == 1


def test_the_last_value_counts_in_every_way_to_write_it(tmp_path: Path) -> None:
    base = IMPORTS + "config = DreamerV3Config().environment('DMC/walker/walk')\n"
    assert names(check(tmp_path, base + "config.training(training_ratio=512)\nconfig.training_ratio = 16\n")) == [
        ("low-train-ratio", 5)
    ]
    assert (
        names(check(tmp_path, base + "config = config.training(training_ratio=16).training(training_ratio=512)")) == []
    )
    assert names(check(tmp_path, base + "RATIO = 4 * 4\nconfig.training(training_ratio=RATIO)\n")) == [
        ("low-train-ratio", 5)
    ]


def test_dictionaries_of_tuned_examples() -> None:
    run = (
        'tune.run("DreamerV3", config={"env": "DMC/walker/walk", "training_ratio": 32}, stop={"timesteps_total": 100})'
    )
    assert words(IMPORTS + run) == [
        ["--env", "DMC/walker/walk", "--training_ratio", "32", "--stop.num_env_steps_sampled_lifetime", "100"]
    ]
    update = 'c = DreamerV3Config()\nc.update_from_dict({"training_ratio": 32, "env_config": {"from_pixels": True}})'
    assert words(IMPORTS + update) == [["--training_ratio", "32", "--env_config.from_pixels", "True", "--env", UNKNOWN]]


def test_a_search_is_a_sweep(tmp_path: Path) -> None:
    outcome = check(tmp_path, config("training_ratio=tune.grid_search([32, 512])"))
    (finding,) = [item for result in outcome.results for item in result.findings]
    assert finding.name == "low-train-ratio" and "training_ratio=32; 1 of 2 runs" in finding.message


def test_what_is_not_literal_is_named(tmp_path: Path) -> None:
    outcome = check(tmp_path, config("training_ratio=args.ratio", "args.env"))
    assert names(outcome) == []
    assert any("train.py:6 --training_ratio is not literal" in item for item in outcome.unread)
    (result,) = outcome.results
    assert not result.judged.ratio and not result.judged.task
    branch = config("model_size='S'") + "if args.fast:\n    config.training(training_ratio=16)\n"
    assert names(check(tmp_path, branch)) == []


def test_without_a_length_only_the_rate_is_judged(tmp_path: Path) -> None:
    (result,) = check(tmp_path, config("training_ratio=512", stop="")).results
    assert result.judged.ratio and not result.judged.budget
    assert result.judged.reason == "the configuration sets no length"


def test_several_configurations_are_kept_apart() -> None:
    code = IMPORTS + "default = DreamerV3Config()\nconfig = DreamerV3Config().training(actor_lr=default.actor_lr)\n"
    assert words(code) == [["--actor_lr", UNKNOWN, "--env", UNKNOWN]]
    code = IMPORTS + "def a():\n  return DreamerV3Config().training(training_ratio=1)\n" * 2
    assert len(words(code)) == 2


def test_a_class_of_the_same_name_elsewhere_is_not_read() -> None:
    code = "from mine import DreamerV3Config\nc = DreamerV3Config().training(training_ratio=3)\n"
    assert words(code) == [] and list(unread_launches(Source("a.py", code))) == []


def test_the_command_that_starts_the_script(tmp_path: Path) -> None:
    (tmp_path / "train.py").write_text(config("training_ratio=32") + "parser.add_argument('--wandb-key')\n")
    result = check_command(read_command(["python", "train.py", "--wandb-key", "x"]), folder=tmp_path)
    assert [item.name for item in result.findings] == ["low-train-ratio"] and result.dialect == "rllib"


def test_batches_are_split_among_learners(tmp_path: Path) -> None:
    code = IMPORTS + "c = DreamerV3Config().training(batch_size_B=16).learners(num_learners=3)\n"
    assert names(check(tmp_path, code)) == [("inconsistent-settings", 3)]
