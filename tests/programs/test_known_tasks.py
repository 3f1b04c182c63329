"""Misspelt tasks and suites that a program cannot make, in every program; forks' own tasks stay unreported."""

import shlex
from pathlib import Path

import pytest

from dreamerguard.core.finding import Severity
from dreamerguard.core.result import Result
from dreamerguard.lint.engine import check_command
from dreamerguard.programs.shared.atari_roms import rom_names
from dreamerguard.programs.shared.known_tasks import _message, _tasks
from dreamerguard.rules.helpers.example_files import with_preset, with_torch_preset
from dreamerguard.sources.argv import read_command

DANIJAR = "python dreamerv3/main.py --logdir x"
TORCH = "python3 dreamer.py --logdir x"


def check(command: str, folder: Path) -> Result:
    return check_command(read_command(shlex.split(command)), folder=folder)


def named(command: str, folder: Path) -> list[str]:
    return [finding.message for finding in check(command, folder).findings if finding.name == "unknown-task"]


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (f"{DANIJAR} --configs dmc_vision --task dmc_walker_wlk", "did you mean dmc_walker_walk"),
        (f"{DANIJAR} --configs dmc_vision --task dcm_walker_walk", "did you mean dmc_walker_walk"),
        (f"{DANIJAR} --configs dmc_vision --task dmc_vision_walker_walk", "did you mean dmc_walker_walk"),
        (f"{DANIJAR} --configs dmc_vision --task dmc_vision", "is a suite"),
        (f"{DANIJAR} --configs atari --task atari_pongg", "did you mean atari_pong"),
        (f"{DANIJAR} --configs crafter --task crafter_rewrd", "did you mean crafter_reward"),
        (f"{DANIJAR} --configs dmc_vision --task metaworld_hammer", "no metaworld"),
        (f"{TORCH} --configs dmc_vision --task metaworld_hammer", "no metaworld"),
        (f"{TORCH} --configs dmc_vision --task dmc_cheeta_run", "did you mean dmc_cheetah_run"),
        ("python train.py env=dmc_vision env.task=dmc_walker_wlk", "did you mean dmc_walker_walk"),
        ("sheeprl exp=dreamer_v3_dmc_walker_walk env.wrapper.task_name=wlk", "did you mean walk"),
    ],
)
def test_what_cannot_be_made_is_named(command: str, said: str, tmp_path: Path) -> None:
    messages = named(command, tmp_path)
    assert len(messages) == 1 and said in messages[0]


@pytest.mark.parametrize(
    "command",
    [
        f"{DANIJAR} --configs dmc_vision --task dmc_cup_catch",
        f"{DANIJAR} --configs dmc_vision --task dmc_walker_walk_backward",
        f"{DANIJAR} --configs dmc_vision --task dmc_crl_cartpole_balance",
        f"{DANIJAR} --configs dmc_vision --task robot_reach",
        f"{DANIJAR} --configs ours --task metaworld_hammer",
        f"{DANIJAR} --configs atari --task atari_pacman",
        f"{DANIJAR} --configs dmc_vision --task dmc_$TASK",
        f"{TORCH} --configs dmc_vision --task robosuite_lift",
        "python train.py env=dmc_vision env.task=dmc_$TASK",
    ],
)
def test_other_tasks_are_not_judged(command: str, tmp_path: Path) -> None:
    assert named(command, tmp_path) == []


@pytest.mark.parametrize(
    ("command", "files"),
    [
        (f"{DANIJAR} --configs mine --task metaworld_hammer", with_preset("task: metaworld_hammer")),
        (f"{TORCH} --configs metaworld --task metaworld_hammer", with_torch_preset("seed: 1")),
    ],
)
def test_a_fork_that_mentions_the_suite_makes_it(command: str, files: dict[str, str], tmp_path: Path) -> None:
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        own = text.replace("mine:", "metaworld:") if "metaworld --" in command else text
        (tmp_path / name).write_text(own.replace("    dmc: {", "    metaworld: {size: [64, 64]}\n    dmc: {"))
    assert named(command, tmp_path) == []


@pytest.mark.parametrize("suite", ["dmc", "atari", "crafter", "procgen", "metaworld", "minecraft"])
def test_no_known_task_counts_as_a_misspelt_one(suite: str) -> None:
    assert not [task for task in _tasks(suite) if _message(task, (), ()) is not None]


@pytest.mark.parametrize(
    ("command", "judged"),
    [
        (f"{DANIJAR} --configs dmc_proprio --task $TASK --run.train_ratio 16", True),
        (f"{DANIJAR} --configs dmc_proprio --task dmc_$TASK --run.train_ratio 16", True),
        (f"{DANIJAR} --configs dmc_proprio --task $TASK", False),
        (f"{DANIJAR} --task $TASK --run.train_ratio 16", False),
        (f"{TORCH} --configs dmc_vision --task $TASK --train_ratio 16", True),
        ("python train.py env=dmc_vision env.task=$TASK env.train_ratio=8", True),
        ("sheeprl exp=dreamer_v3_dmc_walker_walk env.id=$TASK algo.replay_ratio=0.01", True),
    ],
)
def test_the_preset_judges_a_task_that_only_the_shell_knows(command: str, judged: bool, tmp_path: Path) -> None:
    findings = check(command, tmp_path).findings
    assert ("low-train-ratio" in {finding.name for finding in findings}) == judged
    assert not any("None" in finding.message or "$" in finding.message for finding in findings)


def test_a_task_with_another_word_is_another_task(tmp_path: Path) -> None:
    """``subtle`` tasks of NM512/r2dreamer 546e4fa (``envs/dmc_subtle.py``) are no misspelt ``sparse`` ones."""
    assert named(f"{DANIJAR} --configs dmc_vision --task dmc_cartpole_swingup_subtle", tmp_path) == []


ATARI = "embodied/envs/atari.py"
HANDS_ON = """import ale_py.roms as roms
class Atari:
    def __init__(self, name):
        if name == "james_bond":
            name = "jamesbond"
        self.ale.loadROM(roms.get_rom_path(name))
"""


def test_the_names_of_games_are_those_of_the_package() -> None:
    roms = pytest.importorskip("ale_py.roms")
    assert set(roms.get_all_rom_ids()) <= rom_names()


@pytest.mark.parametrize(
    ("command", "meant"),
    [
        (f"{DANIJAR} --configs atari100k --task atari100k_roadrunner", "atari100k_road_runner"),
        (f"{DANIJAR} --configs atari --task atari_NameThisGame", "atari_name_this_game"),
        (f"{TORCH} --configs atari100k --task atari_demonattack", "atari_demon_attack"),
        ("python train.py env=atari100k env.task=atari_upndown", "atari_up_n_down"),
        (f"{DANIJAR} --configs atari --task atari_james_bond", ""),
        (f"{DANIJAR} --configs atari --task atari_road_runner", ""),
        (f"ALE_ROM_PATH=roms {DANIJAR} --configs atari --task atari_roadrunner", ""),
    ],
)
def test_a_game_is_spelt_as_the_emulator_spells_it(command: str, meant: str, tmp_path: Path) -> None:
    found = [finding for finding in check(command, tmp_path).findings if finding.name == "unknown-task"]
    assert [f"did you mean {meant}" in finding.message for finding in found] == ([True] if meant else [])
    assert all(finding.severity is Severity.ERROR for finding in found)


@pytest.mark.parametrize(
    ("code", "named_once"),
    [
        (HANDS_ON, True),
        (HANDS_ON.replace("        self.ale", "        name = ROMS[name]\n        self.ale"), False),
        (HANDS_ON.replace("get_rom_path(name)", "get_rom_path(snake(name))"), False),
        ("import gym\nclass Atari:\n    def __init__(self, name):\n        self.env = gym.make(name)\n", False),
    ],
)
def test_the_code_of_a_fork_decides_how_it_finds_a_game(code: str, named_once: bool, tmp_path: Path) -> None:
    files = with_preset("task: atari_pong") | {ATARI: code, "dreamerv3/main.py": "import embodied\n"}
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    (tmp_path / "setup.py").write_text("", encoding="utf-8")
    command = f"{DANIJAR} --configs mine --task atari_roadrunner"
    assert len(named(command, tmp_path)) == int(named_once)
