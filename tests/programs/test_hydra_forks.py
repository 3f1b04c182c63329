"""Forks of the hydra programs are judged by their own Python."""

import re
import shlex
from pathlib import Path

import pytest

from dreamerguard.core.finding import Severity
from dreamerguard.lint.engine import check_command
from dreamerguard.lint.repository import check_tree
from dreamerguard.rules.helpers.example_files import R2_COMMAND, with_r2_env
from dreamerguard.sources.argv import read_command

TRAINER = """
import hydra
from parts import Buffer, make
@hydra.main(config_path="configs", config_name="configs")
def main(cfg):
    print(cfg.seed, cfg.device, cfg.logdir, cfg.env.task, cfg.trainer.steps, cfg.model.deter, cfg.buffer.max_size)
    {more}
"""
PARTS = """
class Buffer:
    def __init__(self, size): pass
def make(config): return config.env_num
"""


def fork(folder: Path, more: str, parts: str = "", extra: str = "my_speed: 1", env: str = "") -> None:
    files = with_r2_env(*env.splitlines())
    files |= {"configs/model/size12M.yaml": "deter: 2048\n", "configs/extra/mine.yaml": "own: 1\n"}
    files["configs/configs.yaml"] = f"{files['configs/configs.yaml']}{extra}\n"
    files |= {"train.py": TRAINER.format(more=more), "parts.py": PARTS + parts}
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")


def found(folder: Path, words: str) -> dict[str, tuple[str, Severity]]:
    result = check_command(read_command(shlex.split(f"{R2_COMMAND} {words}")), folder=folder)
    return {item.key: (item.name, item.severity) for item in result.findings if "my_" in item.key}


DEAD = ("dead-key", Severity.WARNING)


def test_a_key_that_nothing_reads_is_dead(tmp_path: Path) -> None:
    fork(tmp_path, "print(cfg.seed)")
    assert found(tmp_path, "my_speed=3") == {"my_speed": DEAD}
    assert found(tmp_path, "my_speed=1") == found(tmp_path, "") == {}


@pytest.mark.parametrize(
    "more",
    [
        "print(cfg.my_speed)",
        "print(cfg['my_speed'])",
        "print(cfg.get('my_speed', 2))",
        "print(OmegaConf.select(cfg, 'my_speed'))",
        "print(getattr(cfg, 'my_speed'))",
        "f(**cfg)",
        "hydra.utils.instantiate(cfg)",
        "for key in cfg: use(key)",
        "for key, value in OmegaConf.to_container(cfg).items(): use(key, value)",
        "import lib; lib.train(cfg)",
        "c = cfg; use(c[name])",
        "cfg[name]",
        "OmegaConf.select(cfg, name)",
        "OmegaConf.select(cfg, f'my_{x}')",
    ],
)
def test_a_key_that_may_be_read_is_not_dead(more: str, tmp_path: Path) -> None:
    fork(tmp_path, more)
    assert found(tmp_path, "my_speed=3") == {}


@pytest.mark.parametrize(
    "more", ["print(OmegaConf.to_yaml(cfg))", "wandb.init(config=OmegaConf.to_container(cfg))", "make(cfg.env)"]
)
def test_what_only_shows_the_configuration_reads_nothing(more: str, tmp_path: Path) -> None:
    fork(tmp_path, more)
    assert found(tmp_path, "my_speed=3") == {"my_speed": DEAD}


def test_an_interpolation_reads(tmp_path: Path) -> None:
    fork(tmp_path, "", extra="my_speed: 1\nrun: {name: 'x-${my_speed}'}")
    assert found(tmp_path, "my_speed=3") == {}


@pytest.mark.parametrize(
    "more", ["make(cfg.env)", "Buffer(**cfg.env)", "hydra.utils.instantiate(cfg.env)", "make(config=cfg.env)"]
)
def test_a_group_that_is_handed_on_may_be_read(more: str, tmp_path: Path) -> None:
    fork(tmp_path, more, env="my_speed: 1")
    assert found(tmp_path, "env.my_speed=3") == {}


def test_a_target_gets_its_keys(tmp_path: Path) -> None:
    fork(tmp_path, "", extra="net: {_target_: parts.Buffer, my_size: 3}")
    assert found(tmp_path, "net.my_size=4") == {}


def test_a_key_of_a_group_that_is_read_name_by_name_is_dead(tmp_path: Path) -> None:
    fork(tmp_path, "print(cfg.env.env_num)", env="my_speed: 1")
    assert found(tmp_path, "env.my_speed=3") == {"env.my_speed": DEAD}


def test_an_added_key_that_the_code_reads_is_no_finding(tmp_path: Path) -> None:
    fork(tmp_path, "print(cfg.get('my_gain', 1))")
    assert found(tmp_path, "+my_gain=3") == {}
    assert found(tmp_path, "+my_other=3")["my_other"][0] == "added-key"
    assert found(tmp_path, "my_gain=3")["my_gain"] == ("unknown-key", Severity.ERROR)  # hydra refuses it without +


def test_a_group_of_the_fork_exists(tmp_path: Path) -> None:
    fork(tmp_path, "print(cfg.extra.own)")
    result = check_command(read_command(shlex.split(f"{R2_COMMAND} +extra=mine extra.own=2")), folder=tmp_path)
    assert not result.findings


def test_without_the_python_nothing_is_dead(tmp_path: Path) -> None:
    fork(tmp_path, "")
    (tmp_path / "train.py").unlink()
    (tmp_path / "parts.py").unlink()
    assert found(tmp_path, "my_speed=3") == {}


def wrong_fork(folder: Path) -> None:
    """A fork without any environment in its file of a task."""
    fork(folder, "print(cfg.seed)")
    path = folder / "configs/env/mine.yaml"
    path.write_text(re.sub(r"(?m)^env_num: .*", "env_num: 0", path.read_text()))


def move(folder: Path, place: str, name: str) -> None:
    """Moves the configuration of a fork and lets its script name the new place."""
    script = folder / "train.py"
    text = script.read_text().replace('"configs", config_name="configs"', f'"{place}", config_name="{name}"')
    script.write_text(text)
    (folder / "configs" / "configs.yaml").rename(folder / "configs" / f"{name.removesuffix('.yaml')}.yaml")
    (folder / "configs").rename(folder / place)


@pytest.mark.parametrize(("place", "name"), [("conf", "train"), ("settings/hydra", "main.yaml"), ("configs", "train")])
def test_the_script_names_its_configuration(tmp_path: Path, place: str, name: str) -> None:
    wrong_fork(tmp_path)
    (tmp_path / "settings").mkdir()
    move(tmp_path, place, name)
    result = check_command(read_command(R2_COMMAND.split()), folder=tmp_path)
    (finding,) = [item for item in result.findings if item.name == "out-of-range"]
    assert finding.primary.span.source.name.startswith(f"{place}/env/")


def test_an_option_replaces_the_folder_of_the_script(tmp_path: Path) -> None:
    wrong_fork(tmp_path)
    (tmp_path / "configs").rename(tmp_path / "mine")
    result = check_command(read_command([*R2_COMMAND.split(), "--config-path", "mine"]), folder=tmp_path)
    assert "out-of-range" in {item.name for item in result.findings}


def test_a_decorator_in_a_comment_or_far_away_is_ignored(tmp_path: Path) -> None:
    wrong_fork(tmp_path)
    script = tmp_path / "train.py"
    for place in ("../../../etc", "/etc", "missing"):
        text = TRAINER.replace('config_path="configs"', f'config_path="{place}"').format(more="")
        script.write_text(f'# @hydra.main(config_path="other", config_name="x")\n{text}')
        result = check_command(read_command(R2_COMMAND.split()), folder=tmp_path)
        assert "out-of-range" in {item.name for item in result.findings}, place


OTHER = "head: {my_rate: 0.9}\nmodel_part: {my_rate: 0.8}"


@pytest.mark.parametrize(
    ("more", "dead"),
    [
        ("print(cfg.head.my_rate)", True),
        ("part = cfg.head\n    print(part.my_rate)", True),
        ("part = cfg.head\n    part = cfg.model_part\n    print(part.my_rate)", False),
        ("print(cfg.head.my_rate, cfg.model_part.my_rate)", False),
        ("print(cfg.head.my_rate, cfg.model_part['my_rate'])", False),
        ("print(cfg.head.my_rate, make_part(**cfg.model_part))", False),
        ("print(cfg.head.my_rate, make_part(**cfg))", False),
        ("print(cfg.head.my_rate)\n    my_rate = 3", False),
        ("for part in (cfg.head, cfg.model_part):\n        print(part.my_rate)", False),
    ],
)
def test_a_key_with_the_name_of_the_key_that_is_read(more: str, dead: bool, tmp_path: Path) -> None:
    fork(tmp_path, more, extra=OTHER)
    assert found(tmp_path, "model_part.my_rate=3") == ({"model_part.my_rate": DEAD} if dead else {})
    assert found(tmp_path, "head.my_rate=3") == {}


ROOT = "  - model: size12M\n  - tracker\n"


@pytest.mark.parametrize(
    ("more", "header", "reported"),
    [
        ("if cfg.tracker.url: use(cfg.tracker.name)", "", True),
        ("if cfg.tracker.url: use(cfg.tracker.name)", "# @package tracker\n", False),
        ("print(cfg.url)", "", False),
        ("print(cfg.tracker)", "", False),
    ],
)
def test_a_file_of_the_root_that_the_code_reads_as_a_group(
    tmp_path: Path, more: str, header: str, reported: bool
) -> None:
    fork(tmp_path, more)
    main = tmp_path / "configs/configs.yaml"
    main.write_text(main.read_text().replace("  - model: size12M\n", ROOT))
    (tmp_path / "configs/tracker.yaml").write_text(f"{header}url: here\nname: mine\n")
    results = check_tree([tmp_path], folder=tmp_path).results
    found = [item.primary.span for result in results for item in result.active if item.name == "void-header"]
    assert [place.source.name for place in found] == (["configs/tracker.yaml"] if reported else [])
