"""A training program behind a script with another name: it is recognised, and only what is proven is judged."""

import shlex
from pathlib import Path

import pytest

from dreamerguard.commands.shared.exit_codes import NOTHING_CHECKED, exit_code
from dreamerguard.core.result import Result
from dreamerguard.lint.engine import check_command
from dreamerguard.programs.registry import UnknownProgram
from dreamerguard.rules.helpers.example_files import with_preset
from dreamerguard.sources.argv import read_command

AGENT = "import embodied, ninjax as nj\nclass Agent(nj.Module):\n  def __init__(self, config): self.config = config\n"
TRAIN = "from dreamerv3.agent import Agent\ndef main(argv=None):\n  Agent(load(argv))\n"
DISPATCH = """
import importlib, sys
SCRIPTS = {"dreamer": {"train": "scripts.dreamer"}, "vae": {"train": "scripts.vae"}}
importlib.import_module(SCRIPTS[sys.argv[1]]["train"]).main(sys.argv[2:])
"""
TORCH = {
    "models.py": "class WorldModel: pass\nclass ImagBehavior:\n  ema = 'RewardEMA'\n",
    "agent.py": "import models\nclass Dreamer:\n  def __init__(self): models.WorldModel(); models.ImagBehavior()\n",
}
COMPOSES = """
import argparse
from hydra import compose
parser = argparse.ArgumentParser()
parser.add_argument("--root", required=True)
parser.add_argument("overrides", nargs=argparse.REMAINDER)
compose(config_name="configs", overrides=parser.parse_args().overrides)
"""


def write(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)


def check(command: str, folder: Path) -> Result:
    return check_command(read_command(shlex.split(command)), folder=folder)


@pytest.mark.parametrize(
    ("files", "command", "dialect"),
    [
        ({"run.py": TRAIN}, "python run.py --size 5", "danijar"),
        ({"pkg/__init__.py": "", "pkg/run.py": TRAIN}, "python -m pkg.run", "danijar"),
        ({"main.py": DISPATCH, "scripts/dreamer.py": TRAIN}, "python main.py dreamer --seed 1", "danijar"),
        ({"play.py": "import lib\nlib.go()\n", "lib.py": TRAIN.replace("main", "go")}, "python play.py", "danijar"),
        ({"x.py": "from agent import Dreamer\nDreamer()\n", **TORCH}, "python x.py --steps 5", "nm512_torch"),
        (
            {"fit.py": "import agent\nagent.Dreamer(1)\n", "agent.py": "class Dreamer:\n  rep_loss = 1\n"},
            "isaaclab.sh -p fit.py --x 1",
            "r2dreamer",
        ),
    ],
)
def test_an_agent_behind_a_script_is_recognised_and_not_judged(
    files: dict[str, str], command: str, dialect: str, tmp_path: Path
) -> None:
    write(tmp_path, {"dreamerv3/agent.py": AGENT, **files} if dialect == "danijar" else files)
    result = check(command, tmp_path)
    assert (result.dialect, result.active, result.judged.nothing) == (dialect, (), True)
    assert exit_code(result) == NOTHING_CHECKED
    assert "sets the configuration in its own code" in result.judged.text


def test_modules_on_an_added_path_are_followed(tmp_path: Path) -> None:
    write(tmp_path, {"scripts/go.py": "import sys\nsys.path.insert(0, VENDOR)\nimport agent\nagent.Dreamer()\n"})
    write(tmp_path, {f"lib/vendor/{name}": text for name, text in TORCH.items()})
    assert check("python scripts/go.py", tmp_path).dialect == "nm512_torch"
    write(tmp_path, {"lib/other/agent.py": ""})  # which of the two is not known
    with pytest.raises(UnknownProgram):
        check("python scripts/go.py", tmp_path)


def test_a_package_that_is_installed_counts(tmp_path: Path) -> None:
    write(tmp_path, {"own.py": "import dreamerv3\nagent = dreamerv3.Agent(1)\n"})
    assert check("python own.py", tmp_path).dialect == "danijar"


@pytest.mark.parametrize(
    ("files", "command"),
    [
        # another entry of the dispatcher, and one that only shares helpers
        ({"main.py": DISPATCH, "scripts/vae.py": "def main(argv): pass\n"}, "python main.py vae"),
        (
            {"main.py": DISPATCH, "scripts/vae.py": "import lib\n", "lib.py": TRAIN.replace("main", "make")},
            "python main.py vae",
        ),
        ({"run.py": TRAIN}, "python run.py --algo ppo"),
        ({"run.py": "import sys\nif sys.argv[1] == 'dreamer':\n  import lib\n", "lib.py": TRAIN}, "python run.py sac"),
        # custom implementations: no agent of the package, a world model alone, two agents
        ({"run.py": "class Agent: pass\nAgent()\n"}, "python run.py"),
        ({"run.py": "import models\nmodels.WorldModel()\n", "models.py": TORCH["models.py"]}, "python run.py"),
        ({"run.py": "import agent, other\n", **TORCH, "other.py": TORCH["agent.py"]}, "python run.py"),
        (
            {"run.py": "import agent\n", **TORCH, "models.py": TORCH["models.py"].replace("RewardEMA", "")},
            "python run.py",
        ),
    ],
)
def test_other_programs_stay_unknown(files: dict[str, str], command: str, tmp_path: Path) -> None:
    write(tmp_path, {"dreamerv3/agent.py": AGENT, **files})
    with pytest.raises(UnknownProgram):
        check(command, tmp_path)


def test_a_script_that_hands_its_words_to_a_trainer_is_judged_as_the_trainer(tmp_path: Path) -> None:
    trainer = "import elements\ndef main(argv=None):\n  elements.Flags(configs=['defaults']).parse_known(argv)\n"
    write(tmp_path, {**with_preset("run.steps: 1e6"), "dreamerv3/main.py": trainer, "go.py": "from dreamerv3.main"
                     " import main\nmain()\n"})  # fmt: skip
    result = check("python go.py --configs defaults --logdir x --run.stepz 5", tmp_path)
    assert [item.key for item in result.active if item.name == "unknown-key"] == ["run.stepz"]


def test_words_behind_two_dashes_are_overrides_of_hydra(tmp_path: Path) -> None:
    write(tmp_path, {"chain.py": COMPOSES})
    result = check("python chain.py --root r -- env=dmc_vision model.rep_loss=r2dreamer env.stepz=5", tmp_path)
    assert result.dialect == "r2dreamer" and "env.stepz" in {item.key for item in result.active}


def test_a_script_that_starts_sheeprl(tmp_path: Path) -> None:
    write(tmp_path, {"wrap.py": "from sheeprl.cli import run\nif __name__ == '__main__':\n  run()\n"})
    result = check("python wrap.py exp=dreamer_v3 algo.stepz=5", tmp_path)
    assert result.dialect == "sheeprl" and "algo.stepz" in {item.key for item in result.active}


def test_a_trial_of_the_program_is_no_fault(tmp_path: Path) -> None:
    small = "env.steps=320 env.train_ratio=4 batch_size=2 batch_length=8 model.deter=128"
    base = "python train.py env=isaaclab_proprio model.rep_loss=r2dreamer"
    assert all(item.severity.value == "info" for item in check(f"{base} {small}", tmp_path).active)
    assert any(item.severity.value != "info" for item in check(f"{base} env.train_ratio=4", tmp_path).active)


@pytest.mark.parametrize(
    ("words", "severity"),
    [
        ("env.steps=1000 batch_size=4 batch_length=16", "info"),
        ("env.steps=1000 batch_length=512", "warning"),
        ("batch_size=4 batch_length=16", "warning"),
    ],
)
def test_a_tiny_run_with_a_smaller_batch_is_a_trial(words: str, severity: str, tmp_path: Path) -> None:
    result = check(f"python train.py env=dmc_proprio env.task=dmc_walker_walk {words}", tmp_path)
    assert severity in {item.severity.value for item in result.active if item.name == "changed-batch-shape"}


@pytest.mark.parametrize(
    ("words", "severity"),
    [
        ("--run.steps 512 --run.save_every 999999", "info"),
        ("--run.steps 512 --run.save_every 1e8", "info"),
        ("--run.steps 512", "warning"),
        ("--run.steps 512 --run.save_every 600", "warning"),
        ("--run.steps 1e6 --run.save_every 999999", "warning"),
    ],
)
def test_a_tiny_run_that_keeps_no_checkpoint_is_a_trial(words: str, severity: str, tmp_path: Path) -> None:
    for name, text in with_preset("task: custom_a").items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    small = "--run.train_ratio 1 --batch_size 2"
    result = check(f"python dreamerv3/main.py --configs mine --logdir x {small} {words}", tmp_path)
    assert [item.severity.value for item in result.active if item.name == "online-replay"] == [severity]


LOADS = "import models\nwm = models.WorldModel(1)\nmodels.ImagBehavior(wm)\nwm.load_state_dict(load('a.pt'))\n"


@pytest.mark.parametrize(
    ("name", "code", "recognised"),
    [
        ("record_context.py", LOADS, False),
        ("eval_dreamer.py", f"{LOADS}def main(cfg):\n    draw(wm)\nmain(wm)\n", False),
        ("run.py", LOADS, True),  # its name does not say that it only uses the agent
        ("eval_dreamer.py", f"{LOADS}wm._train(next(data))\n", True),
        ("eval_dreamer.py", f"{LOADS}import loops\nloops.main(wm)\n", True),
        ("run_ddpg.py", f"{LOADS}from tianshou.trainer import offpolicy_trainer\noffpolicy_trainer(policy)\n", False),
        ("run_ddpg.py", f"{LOADS}offpolicy_trainer(policy)\nagent._train(next(data))\n", True),
    ],
)
def test_a_script_that_trains_no_agent_of_dreamer_is_not_checked(
    name: str, code: str, recognised: bool, tmp_path: Path
) -> None:
    write(tmp_path, {name: code, **TORCH})
    if recognised:
        assert check(f"python {name}", tmp_path).dialect == "nm512_torch"
    else:
        with pytest.raises(UnknownProgram):
            check(f"python {name}", tmp_path)


def test_a_script_beside_training_that_its_parser_stops(tmp_path: Path) -> None:
    parser = "import argparse\np = argparse.ArgumentParser()\np.add_argument('--checkpoint', required=True)\n"
    parser += "p.parse_args()\n"
    write(tmp_path, {"eval_dreamer.py": parser + LOADS, **TORCH})
    assert [item.name for item in check("python eval_dreamer.py", tmp_path).active] == ["missing-option"]


def test_a_launcher_that_starts_one_command_stands_for_it(tmp_path: Path) -> None:
    run = "subprocess.run([sys.executable, 'dreamerv3/main.py', '--configs', 'mine', '--seed', 'x'])\n"
    starts = f"import subprocess, sys\n{run}"
    write(tmp_path, {**with_preset("seed: 1"), "dreamerv3/main.py": "", "go.py": starts})
    assert [item.name for item in check("python go.py", tmp_path).active if item.severity.value == "error"] == [
        "wrong-type"
    ]
    more = starts + run.replace("mine", "other")
    write(tmp_path, {"go.py": more})
    with pytest.raises(UnknownProgram):
        check("python go.py", tmp_path)
