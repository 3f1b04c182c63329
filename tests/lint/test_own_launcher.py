"""A launcher of a checkout that reads hydra files of its own: what its code never reads, and what hydra refuses."""

from pathlib import Path

import pytest

from dreamerguard.core.finding import Finding
from dreamerguard.lint.engine import check_command
from dreamerguard.lint.repository import check_tree
from dreamerguard.programs.registry import UnknownProgram
from dreamerguard.sources.argv import read_command

MODELS = """
class RewardEMA: pass
class WorldModel:
    def __init__(self, config):
        self.size = config.units + config.layers
class ImagBehavior:
    def __init__(self, config):
        print(config.units)
"""
AGENT = """
import models
class Dreamer:
    def __init__(self, space, log_every, net):
        self.log = log_every
        self._wm = models.WorldModel(net)
        self._behavior = models.ImagBehavior(net)
        print(self.log)
"""
TRAIN = """
import hydra
from env import make_env
class Workspace:
    def __init__(self, cfg):
        self.cfg = cfg
        self.steps = cfg.steps // cfg.action_repeat
        self.every_steps = cfg.every // cfg.action_repeat
    def train(self):
        env = make_env(self.cfg.env)
        agent = hydra.utils.instantiate(self.cfg.agent, space=env.space)
        for _ in range(self.steps):
            agent(env)
@hydra.main(config_path="conf", config_name="train", version_base=None)
def main(cfg):
    Workspace(cfg).train()
if __name__ == "__main__":
    main()
"""
ENV = "def make_env(cfg):\n    return Maze(cfg.name, cfg.size)\n"
FILES = {
    "models.py": MODELS,
    "agent.py": AGENT,
    "train.py": TRAIN,
    "env.py": ENV,
    "conf/train.yaml": "defaults:\n  - env: maze\n  - agent: small\n  - _self_\nsteps: 9\naction_repeat: 2\nevery: 1\n",
    "conf/env/maze.yaml": "name: maze\nsize: 3\nold:\n  name: x\n  depth: 3\n",
    "conf/agent/small.yaml": "_target_: agent.Dreamer\nlog_every: 9\nnet:\n  units: 3\n  layers: 2\n  spare: 1\n",
}


def write(folder: Path, **changed: str) -> None:
    for name, text in {**FILES, **{name.replace("__", "/"): text for name, text in changed.items()}}.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")


def dead(folder: Path) -> dict[str, str]:
    found: list[Finding] = [item for result in check_tree([folder], folder=folder).results for item in result.findings]
    return {item.key: str(item.primary.span) for item in found if item.name == "dead-key"}


def test_keys_that_the_launcher_never_reads(tmp_path: Path) -> None:
    write(tmp_path)
    assert dead(tmp_path) == {
        "every": "conf/train.yaml:7:1",  # kept in an attribute that nothing reads
        "env.old.name": "conf/env/maze.yaml:4:3",  # says so for its group
        "agent.net.spare": "conf/agent/small.yaml:6:3",
    }


@pytest.mark.parametrize(
    ("name", "code", "alive"),
    [
        ("train.py", TRAIN.replace("range(self.steps)", "range(self.steps + self.every_steps)"), "every"),
        ("env.py", ENV.replace("cfg.size", "cfg.size, **cfg.old"), "env.old.name"),
        ("env.py", ENV.replace("Maze(cfg.name", "Maze(**cfg, name=(cfg.name"), "env.old.name"),
        ("models.py", MODELS.replace("config.layers", "config.layers + config.spare"), "agent.net.spare"),
        ("models.py", MODELS.replace("config.layers", "getattr(config, name)"), "agent.net.spare"),
    ],
)
def test_keys_that_it_reads_are_not_reported(name: str, code: str, alive: str, tmp_path: Path) -> None:
    write(tmp_path)
    (tmp_path / name).write_text(code.replace("(cfg.name,", "cfg.name, x=("), encoding="utf-8")
    assert alive not in dead(tmp_path)


def test_a_key_that_another_value_refers_to_is_read(tmp_path: Path) -> None:
    write(tmp_path)
    agent = FILES["conf/agent/small.yaml"].replace("log_every: 9", "log_every: ${every}")
    (tmp_path / "conf/agent/small.yaml").write_text(agent, encoding="utf-8")
    assert "every" not in dead(tmp_path)


def test_an_override_that_hydra_refuses(tmp_path: Path) -> None:
    write(tmp_path)
    result = check_command(read_command(["python", "train.py", "stesp=3", "agent.net.units=4"]), folder=tmp_path)
    assert [(item.name, item.key) for item in result.findings if item.name != "dead-key"] == [("unknown-key", "stesp")]
    result = check_command(read_command(["python", "train.py", "steps=3", "env=forest"]), folder=tmp_path)
    assert [item.name for item in result.findings if item.name != "dead-key"] == ["unknown-option"]


def test_a_launcher_of_another_agent_is_no_run(tmp_path: Path) -> None:
    write(tmp_path)
    (tmp_path / "models.py").write_text(MODELS.replace("ImagBehavior", "Policy"), encoding="utf-8")
    (tmp_path / "agent.py").write_text(AGENT.replace("ImagBehavior", "Policy"), encoding="utf-8")
    assert dead(tmp_path) == {}
    with pytest.raises(UnknownProgram):
        check_command(read_command(["python", "train.py"]), folder=tmp_path)
