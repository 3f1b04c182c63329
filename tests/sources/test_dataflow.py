"""The trace of the configuration through a script: what it can read, and what it cannot."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dreamerguard.sources.python.dataflow.trace import Trace
from dreamerguard.sources.python.index import index_checkout

HEAD = """
import yaml
from functools import partial
configs = yaml.safe_load(open("configs.yaml"))
config = Config(configs["defaults"])
for name in names:
  config = config.update(configs[name])
config = Flags(config).parse(rest)
"""


def trace(folder: Path, keys: str, main: str, script: str = "", **files: str) -> Trace | None:
    for name, text in {"main": HEAD + main, **files}.items():
        (folder / f"{name}.py").write_text(text, encoding="utf-8")
    fixed = {"script": script} if script else {}
    return index_checkout(folder).trace(("main.py",), lambda: frozenset(keys.split()), fixed)


def dead(folder: Path, keys: str, main: str, script: str = "", **files: str) -> str:
    found = trace(folder, keys, main, script, **files)
    assert found is not None
    return " ".join(key for key in keys.split() if not found.may_read(key))


@pytest.mark.parametrize(
    ("main", "unread"),
    [
        ("print(config.agent.lr, config.other.report)", "agent.report"),
        ("print(config['agent']['lr'], config.agent.get('report', 1), config.other.report)", ""),
        ("print(getattr(config.agent, 'lr'), getattr(config.agent, name), config.other.report)", ""),
        ("args = Config(lr=config.agent.lr)\nprint(args.lr, args.report, config.other.report)", "agent.report"),
        ("args = Config(**config.agent, x=1)\nprint(args.lr, args.report)", "other.report"),
        ("for key, value in config.agent.items(): print(value)", "other.report"),
        ("args = Config(agent=config.agent)\nprint(args['agent.report'], x['agent.lr'])", ""),
        ("library.train(config.agent)", "other.report"),
        ("import library\nlibrary.train(config)", ""),
        ("import wandb\nwandb.init(config=dict(config))\nprint(config.agent.lr)", "agent.report other.report"),
        ("box.config = config\nprint(box.config.agent.lr, x.report)", ""),
        ("boxes = []\nboxes.append(config)\nprint(boxes[0].agent.lr, boxes[0].agent.report)", "other.report"),
    ],
)
def test_reads_have_a_path(main: str, unread: str, tmp_path: Path) -> None:
    assert dead(tmp_path, "agent.lr agent.report other.report", main) == unread


AGENT = """
class Base:
  def __init__(self, config):
    self.config = config
class Agent(Base):
  rate: int = 3
  def __init__(self, spaces, config):
    super().__init__(config)
    self.net = Net(**config.net, name="x")
  def train(self):
    return self.config.lr
class Net:
  def __init__(self, units, act, name, **kw):
    self.act = act
    self.kw = kw
  def __call__(self, x):
    return Linear(**self.kw)
class Linear:
  size: int = 1
  def __call__(self): return self.size
"""


def test_objects_and_parameters_are_followed(tmp_path: Path) -> None:
    main = "from agent import Agent\nagent = partial(Agent, 3)(config.agent)\nagent.train()\n"
    keys = "agent.lr agent.net.units agent.net.act agent.net.size agent.net.bias agent.rate"
    assert dead(tmp_path, keys, main, agent=AGENT) == "agent.net.units agent.net.act agent.net.bias agent.rate"


def test_only_the_selected_script_counts(tmp_path: Path) -> None:
    main = """
args = Config(**config.run)
if config.script == "train":
  import train
  train.train(args)
elif config.script == "eval":
  import evaluate
  evaluate.run(args)
"""
    files = {"train": "def train(args): return args.steps", "evaluate": "def run(args): return args.eps"}
    keys = "script run.steps run.eps run.save"
    assert dead(tmp_path, keys, main, "train", **files) == "run.eps run.save"
    assert dead(tmp_path, keys, main, **files) == "run.save"


def test_constructors_of_a_table_get_the_group_of_their_name(tmp_path: Path) -> None:
    main = """
import importlib
def make_env(config):
  suite, task = config.task.split("_")
  ctor = {"dmc": "envs:DMC", "gym": "envs:Gym"}[suite]
  module, cls = ctor.split(":")
  ctor = getattr(importlib.import_module(module), cls)
  return ctor(task, **config.env.get(suite, {}))
make_env(config)
"""
    envs = "import gym\nclass DMC:\n  def __init__(self, task, size): print(size)\n"
    envs += "class Gym:\n  def __init__(self, task, **kw): self.env = gym.make(task, **kw)\n"
    keys = "task env.dmc.size env.dmc.speed env.gym.speed env.indoors.size"
    assert dead(tmp_path, keys, main, envs=envs) == "env.dmc.speed env.indoors.size"


def test_code_that_nothing_runs_reads_nothing(tmp_path: Path) -> None:
    main = "def unused(): return config.other.report\nprint(config.agent.lr)"
    assert dead(tmp_path, "agent.lr other.report", main, stray="def f(report): return report") == "other.report"


def test_a_file_that_cannot_be_read_leaves_no_trace(tmp_path: Path) -> None:
    assert trace(tmp_path, "a.b", "import broken", broken="def f(:") is None


@pytest.mark.parametrize(
    "main",
    [
        "f" + "(config)" * 200,
        "config" + ".copy()" * 5000,
        "def f(c): return f([c, f])\nf(config)",
        "a = {}\na['a'] = a\na.update(a)\nprint(a['a'].b, **a)",
        "class A(A): pass\nA(**config)",
        "x = config\n" + "".join(f"a{n} = x.a\nx = {{**a{n}, 'b': a{n}}}\n" for n in range(500)),
        "".join(f"def f{n}(x, *y, **z): f{n + 1}(x, *y, **z); f{n - 1}(y, z)\n" for n in range(500)) + "f0(config)",
        "from main import *\nimport main\nmain.config.main.x = main",
        "def g(): yield config\nfor x in g(): print(*x, **x)",
    ],
)
def test_hostile_code_ends(main: str, tmp_path: Path) -> None:
    trace(tmp_path, "a.b a.c d", main)


@settings(deadline=None, max_examples=100)
@given(st.text(alphabet="abc.config(){}[]*=:,\n 'if", max_size=60))
def test_any_code_ends(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    trace(tmp_path_factory.mktemp("code"), "a.b c", text)


def test_the_interpreters_hashes_decide_nothing(tmp_path: Path) -> None:
    """Of more methods than a variable keeps, those are followed that stand first in the source."""
    names = "abcdefghijklmnop"
    lines = ["class Tools:", *(f"  def run_{name}(self, c):\n    print(c.key_{name})" for name in names), "box = {}"]
    lines += [f"def set_{name}():\n  keep(box['tools'].run_{name})\nset_{name}()" for name in names]
    lines += ["def keep(f):\n  f(config)", "def fill():\n  box['tools'] = Tools()", "fill()"]
    (tmp_path / "main.py").write_text(HEAD + "\n".join(lines), encoding="utf-8")
    keys = [f"key_{name}" for name in names]
    code = (
        "import sys; from pathlib import Path; from dreamerguard.sources.python.index import index_checkout;"
        f"found = index_checkout(Path(sys.argv[1])).trace(('main.py',), lambda: frozenset({keys!r}));"
        "print(''.join(sorted(path[0].removeprefix('key_') for path in found.touched if path)))"
    )
    for seed in range(3):
        env = os.environ | {"PYTHONHASHSEED": str(seed), "PYTHONPATH": os.pathsep.join(sys.path)}
        done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], env=env, capture_output=True, text=True)
        assert (done.stdout.strip(), done.stderr) == (names[:10], "")
