"""Findings in files and documents, which run nothing by themselves."""

import shlex
from pathlib import Path

import pytest

from dreamerguard.core.finding import Severity
from dreamerguard.lint.engine import check_command
from dreamerguard.lint.repository import check_tree
from dreamerguard.rules.helpers.example_files import with_preset
from dreamerguard.sources.argv import read_command

FILES = {
    "config.yaml": "defaults:\n  - algo: default\n  - env: default\n  - exp: ???\n  - _self_\n",
    "algo/default.yaml": "name: ???\ncls: sheeprl.own\n",
    "algo/dreamer_v3.yaml": "defaults:\n  - default\n  - _self_\nname: dreamer_v3\n",
    "env/default.yaml": "id: ???\n",
    "env/maze.yaml": "defaults:\n  - default\n  - _self_\nid: maze\nwrapper:\n  map: ???\n",
}
HEAD = "# @package _global_\ndefaults:\n"


def fork(folder: Path, **experiments: str) -> None:
    for name, text in {**FILES, **{f"exp/{key}.yaml": value for key, value in experiments.items()}}.items():
        path = folder / "sheeprl" / "configs" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def in_tree(folder: Path) -> dict[str, Severity]:
    items = [item for result in check_tree([folder], folder=folder).results for item in result.findings]
    return {Path(item.primary.span.source.name).stem: item.severity for item in items if item.name == "missing-value"}


def in_command(folder: Path, text: str) -> list[tuple[str, Severity]]:
    found = check_command(read_command(shlex.split(text)), folder=folder).findings
    return [(item.name, item.severity) for item in found if item.severity is not Severity.INFO]


def test_a_template_is_completed_by_its_commands(tmp_path: Path) -> None:
    fork(
        tmp_path,
        dreamer_v3_map=f"{HEAD}  - override /algo: dreamer_v3\n  - override /env: maze\n  - _self_\n",
        dreamer_v3_any=f"{HEAD}  - override /algo: dreamer_v3\n  - _self_\n",
        dreamer_v3_none="# @package _global_\nenv:\n  id: maze_1\n",
    )
    assert in_tree(tmp_path) == {
        "dreamer_v3_map": Severity.INFO, "dreamer_v3_any": Severity.INFO, "dreamer_v3_none": Severity.ERROR
    }  # fmt: skip


def test_a_command_has_to_complete_a_template(tmp_path: Path) -> None:
    fork(tmp_path, mine=f"{HEAD}  - override /algo: dreamer_v3\n  - override /env: maze\n  - _self_\n")
    assert in_command(tmp_path, "python sheeprl.py exp=mine") == [("missing-value", Severity.ERROR)]
    assert in_command(tmp_path, "python sheeprl.py exp=mine env.wrapper.map=a") == []


HOWTO = "python sheeprl.py exp=dreamer_v3 env=dmc env.wrapper.domain_name=walker env.wrapper.task_name=walk"


@pytest.mark.parametrize("more, expected", [(" algo.cnn_keys.encoder=[rgb]", Severity.INFO), ("", Severity.WARNING)])
def test_a_line_of_upstreams_instructions(more: str, expected: Severity, tmp_path: Path) -> None:
    (tmp_path / "howto").mkdir()
    (tmp_path / "howto" / "dmc.md").write_text(f"# Learn\n```bash\n{HOWTO}{more}\n```\n")
    results = check_tree([tmp_path], folder=tmp_path).results
    found = [item.severity for result in results for item in result.findings if item.name == "untuned-action-repeat"]
    assert found == [expected]


def test_a_loss_in_upstreams_instructions_is_reported(tmp_path: Path) -> None:
    line = "python dreamerv3/main.py --logdir ~/logdir/{timestamp} --configs crafter --run.train_ratio 32"
    (tmp_path / "README.md").write_text(f"# Train\n```sh\n{line}\n```\n")
    results = check_tree([tmp_path], folder=tmp_path).results
    loud = [(item.name, item.severity) for result in results for item in result.findings if item.severity.rank < 2]
    assert loud == [("low-train-ratio", Severity.WARNING)]


@pytest.mark.parametrize("text", ["sheeprl exp=ppo env=gym", "sheeprl exp=dreamer_v3", "sheeprl exp=mine env=crafter"])
def test_the_installed_package_may_have_what_the_checkout_removed(text: str, tmp_path: Path) -> None:
    fork(tmp_path, mine=f"{HEAD}  - override /algo: dreamer_v3\n  - _self_\n")
    assert "unknown-option" not in dict(in_command(tmp_path, text))


@pytest.mark.parametrize("text", ["python sheeprl.py exp=dreamer_v3", "sheeprl exp=min", "python -m sheeprl exp=ppo"])
def test_the_checkout_lacks_an_option(text: str, tmp_path: Path) -> None:
    fork(tmp_path, mine=f"{HEAD}  - override /algo: dreamer_v3\n  - _self_\n")
    assert "unknown-option" in dict(in_command(tmp_path, text))


@pytest.mark.parametrize("value", ["/content", "{here}/best.ckpt", "~/best.ckpt"])
def test_a_committed_absolute_path_is_on_another_machine(
    value: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    path = value.format(here=tmp_path)
    for name, text in with_preset("script: eval_only", f"run.from_checkpoint: {path}").items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text.replace("train_ratio: 32.0", "train_ratio: 32.0, from_checkpoint: ''"))
    folder = tmp_path / "dreamerv3"
    words = "python main.py --configs mine --logdir x"
    assert in_command(folder, words) == []
    typed = in_command(folder, f"{words} --run.from_checkpoint {path}")
    assert typed == ([] if value == "/content" else [("missing-checkpoint", Severity.ERROR)])
