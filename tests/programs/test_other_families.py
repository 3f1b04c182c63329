"""DreamerV1, DreamerV2 and their ports are never read as DreamerV3."""

import shlex
from pathlib import Path

import pytest

from dreamerguard.programs.registry import UnknownProgram, recognise
from dreamerguard.rules.helpers.example_files import with_preset, with_torch_preset
from dreamerguard.sources.argv import read_command

V2 = "defaults:\n  task: dmc_walker_walk\n  logdir: x\n  rssm: {deter: 200}\ndmc:\n  task: dmc_walker_walk\n"


def program(command: str, folder: Path) -> str | None:
    try:
        return recognise(read_command(shlex.split(command)), folder)[0].name
    except UnknownProgram:
        return None


@pytest.mark.parametrize(
    "command",
    [
        "python3 dreamer.py --logdir logs --task dmc_walker_walk",
        "python dreamer.py --configs defaults dmc --task dmc_walker_walk --logdir logs",
        "python dreamer.py --configs atari --task atari_pong --logdir logs",
        "python dreamerv2/dreamer.py --configs dmc_vision --logdir logs",
        "python dreamerv2/train.py --configs atari --task atari_pong --logdir logs",
        "python dayv2/train.py --configs a1 --task a1_sim --logdir logs",
        "python dreamer-v1/train.py --configs atari --logdir logs",
        "python embodied/agents/director/train.py --configs dmc_vision --task dmc_walker_walk",
        "python train.py --configs a1 --task a1_real --run train_with_viz --logdir logs",
        "python train.py --configs a1 --tf.platform gpu --logdir logs",
    ],
)
def test_the_family_is_not_checked(command: str, tmp_path: Path) -> None:
    assert program(command, tmp_path) is None


@pytest.mark.parametrize(
    ("command", "found"),
    [
        ("python dreamerv3/train.py --configs atari --task atari_pong", "danijar"),
        ("python train.py --configs atari --task atari_pong --run.train_ratio 64", "danijar"),
        ("python dreamerv3_2/main.py --configs crafter", "danijar"),
        ("python dreamerv3-torch/dreamer.py --configs dmc_vision --logdir logs", "nm512_torch"),
        ("python dreamerv3/main.py --logdir logs --task dmc_walker_walk --steps 1e6 --train_ratio 64", "danijar"),
        ("python dreamerv3/main.py --logdir logs --sede 1 --tsak dmc_walker_walk", "danijar"),
    ],
)
def test_dreamerv3_is_still_recognised(command: str, found: str, tmp_path: Path) -> None:
    assert program(command, tmp_path) == found


@pytest.mark.parametrize("command", ["python train.py --configs dmc", "python dreamer.py --configs dmc_vision"])
def test_presets_of_another_program_beside_the_script_decide(command: str, tmp_path: Path) -> None:
    (tmp_path / "configs.yaml").write_text(V2, encoding="utf-8")
    assert program(command, tmp_path) is None


@pytest.mark.parametrize(
    ("own", "agent", "found"),
    [(60, "Hierarchy", None), (60, "Dreamer", "nm512_torch"), (3, "Hierarchy", "nm512_torch"), (60, "", "nm512_torch")],
)
def test_presets_with_mostly_other_settings_need_a_script_that_trains_dreamer(
    own: int, agent: str, found: str | None, tmp_path: Path
) -> None:
    more = "".join(f"  subgoal_{index}: 1\n" for index in range(own))
    text = with_torch_preset("seed: 1")["configs.yaml"].replace("defaults:\n", f"defaults:\n{more}")
    (tmp_path / "configs.yaml").write_text(text, encoding="utf-8")
    script = f"class {agent}:\n  pass\nif __name__ == '__main__':\n  print('--configs')\n" if agent else ""
    (tmp_path / "train.py").write_text(script, encoding="utf-8")
    (tmp_path / "dreamer.py").write_text("class Dreamer:\n  pass\n", encoding="utf-8")
    assert program("python train.py --configs mine --logdir x", tmp_path) == found


def test_a_checkout_of_dreamerv3_decides_over_the_name_of_its_folder(tmp_path: Path) -> None:
    (tmp_path / "dreamer2").mkdir()
    path = tmp_path / "dreamer2/configs.yaml"
    path.write_text(with_preset("seed: 1")["dreamerv3/configs.yaml"], encoding="utf-8")
    assert program("python dreamer2/train.py --configs mine", tmp_path) == "danijar"
    path.write_text(with_torch_preset("seed: 1")["configs.yaml"], encoding="utf-8")
    assert program("python dreamer2/dreamer.py --logdir x --task a_b", tmp_path) == "nm512_torch"


OWN_OPTIONS = """import argparse
parser = argparse.ArgumentParser()
parser.add_argument("--total_steps", type=int)
parser.add_argument("--logdir")
print(parser.parse_args())
"""


def test_flags_that_no_edition_has_are_another_program(tmp_path: Path) -> None:
    command = "python -m src.dreamerv3.train --logdir x --obs_size 64 --max_episodes 9 --warmup 5 --total_steps 9"
    assert program(command, tmp_path) is None
    assert program(f"{command} --configs crafter", tmp_path) == "danijar"


def test_a_script_that_moved_is_read_where_it_is(tmp_path: Path) -> None:
    command = "python -m src.dreamerv3.train --logdir x --total_steps 9"
    assert program(command, tmp_path) == "danijar"
    (tmp_path / "modules/dreamerv3").mkdir(parents=True)
    (tmp_path / "modules/dreamerv3/train.py").write_text(OWN_OPTIONS, encoding="utf-8")
    assert program(command, tmp_path) is None
