"""Ways in which forks read their settings: a key that is read in any of them is never called dead."""

import shlex
from pathlib import Path

import pytest

from dreamerguard.core.finding import Severity
from dreamerguard.lint.engine import check_command
from dreamerguard.rules.helpers.example_files import with_torch_preset
from dreamerguard.sources.argv import read_command

#: Reads most of the declared keys, so that the checkout counts as the program of its presets.
KNOWN = """
def known(config):
    print(config.train_ratio, config.dyn_deter, config.batch_size, config.batch_length, config.seed, config.steps)
    print(config.prefill, config.pretrain, config.eval_every, config.log_every, config.dataset_size, config.size)
    print(config.task, config.logdir, config.envs, config.action_repeat, config.critic["layers"], config.units)
"""
PARSE = """
import argparse, pathlib, sys, ruamel.yaml as yaml
from known import known
def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("--configs", nargs="+")
    args, remaining = parser.parse_known_args()
    configs = yaml.safe_load((pathlib.Path(sys.argv[0]).parent / "configs.yaml").read_text())
    defaults = {}
    for name in ["defaults", *args.configs]:
        defaults.update(configs[name])
    parser = argparse.ArgumentParser()
    for key, value in sorted(defaults.items(), key=lambda x: x[0]):
        parser.add_argument(f"--{key}", type=type(value), default=value)
    return parser.parse_args(remaining)
"""
MAIN = "\nif __name__ == '__main__':\n    main(arguments())\n"
COMMAND = "python dreamer.py --configs mine --task dmc_walker_walk --logdir x"

#: Name of a layout, the trainer behind the code that parses, further files. All read ``my_gain``, none ``my_speed``.
CLEAR = """
# attribute
def main(config): known(config); print(config.my_gain)

# other name
def main(c): known(c); print(c.my_gain)

# kept by a class
class Agent:
  def __init__(self, hp): self._c = hp
  def act(self): return self._c.my_gain
def main(config): known(config); Agent(config).act()

# function of another module
from helpers.build import build
def main(config): known(config); build(config)
--- helpers/build.py
def build(options):
  return options.my_gain * 2

# nested function
def main(config):
  known(config)
  def inner(): return config.my_gain
  inner()

# decorator
def scaled(by):
  return lambda f: f
def main(config):
  known(config)
  @scaled(config.my_gain)
  def inner(): pass

# lambda
def main(config): known(config); f = lambda: config.my_gain; f()

# stars
def run(*args):
  (config,) = args
  return config.my_gain
def main(config): known(config); run(config)

# namespace
import types
def main(config):
  known(config)
  args = types.SimpleNamespace(**vars(config))
  args.my_gain

# json only
import json
def main(config): known(config); json.dump(vars(config), f); config.my_gain

# getattr
def main(config): known(config); getattr(config, 'my_gain', 1)

# dictionary
def main(config): known(config); d = vars(config); print(d['my_gain'])

# annotation
def main(config: 'Settings') -> None: known(config); gain: float = config.my_gain

# property
class Run:
  def __init__(self, config): self.config = config
  @property
  def gain(self): return self.config.my_gain
def main(config): known(config); Run(config).gain

# match
def main(config):
  known(config)
  match config:
    case Namespace(my_gain=g): print(g)

# functools
import functools
def make(config, name): return config.my_gain
def main(config): known(config); functools.partial(make, config)('x')
"""
#: These read some keys by names that nobody can see, or hand them all on: nothing is called dead.
DOUBTFUL = """
# every item
def main(config):
  known(config)
  for key, value in vars(config).items(): apply(key, value)

# every item under another name
def apply(c):
  for key in c.__dict__: use(key, getattr(c, key))
def main(config): known(config); apply(config)

# every item in another module
import helpers.apply as h
def main(config): known(config); h.apply(vars(config))
--- helpers/apply.py
def apply(table):
  for key, value in table.items(): use(key, value)

# every item of a copy
def main(config):
  known(config)
  d = dict(vars(config))
  for key, value in d.items(): use(key, value)

# kept and listed
class Run:
  def __init__(self, config):
    self._c = config
  def go(self):
    for key in vars(self._c): use(key)
def main(config): known(config); Run(config).go()

# namespace of self
class Run:
  def __init__(self, config):
    self.__dict__.update(vars(config))
  def go(self): return self.my_gain
def main(config): known(config); Run(config).go()

# attributes set in a loop
class Run:
  def __init__(self, config):
    for k, v in vars(config).items(): setattr(self, k, v)
  def go(self): return self.my_gain
def main(config): known(config); Run(config).go()

# dataclass
import dataclasses
@dataclasses.dataclass
class Own:
  my_gain: float = 1
def main(config): known(config); own = Own(**vars(config))

# dataclass by fields
import dataclasses
@dataclasses.dataclass
class Own:
  my_gain: float = 1
def main(config):
  known(config)
  Own(**{f.name: getattr(config, f.name) for f in dataclasses.fields(Own)})

# unpacked into keywords
def build(my_gain=1, **rest): return my_gain
def main(config): known(config); build(**vars(config))

# locals
def main(config):
  known(config)
  locals().update(vars(config))
  exec('print(my_gain)')

# text template
def main(config): known(config); run('{my_gain}'.format(**vars(config)))

# percent template
def main(config): known(config); open('x').write('%(my_gain)s' % vars(config))

# computed name
def main(config): known(config); print(getattr(config, 'my_' + 'gain'))

# computed name under another name
def pick(hp, name): return getattr(hp, name)
def main(config): known(config); pick(config, 'my_' + 'gain')

# operator
import operator
def main(config): known(config); operator.attrgetter(NAME)(config)

# library
import lib
def main(config): known(config); lib.train(config)

# library under another name
from lib import Trainer
def main(c): known(c); Trainer(c).fit()
"""


def layouts(text: str) -> list[object]:
    """Splits a text into layouts: the code by name of file."""
    found = []
    for block in text.split("\n# ")[1:]:
        title, _, rest = block.partition("\n")
        first, *others = rest.split("--- ")
        named = dict(item.split("\n", 1) for item in others)
        found.append(pytest.param(first, named, id=title))
    return found


def fork(folder: Path, trainer: str, files: dict[str, str], *, extra: str = "my_gain: 1\n  my_speed: 1") -> None:
    text = with_torch_preset("seed: 1")["configs.yaml"].replace("  seed: 0", f"  seed: 0\n  {extra}")
    named = {"configs.yaml": text, "known.py": KNOWN, "dreamer.py": f"{PARSE}\n{trainer}\n{MAIN}"} | files
    for name, content in named.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(content, encoding="utf-8")


def found(folder: Path, command: str) -> dict[str, tuple[str, Severity]]:
    result = check_command(read_command(shlex.split(command)), folder=folder)
    return {item.key: (item.name, item.severity) for item in result.findings if item.key.startswith("my_")}


@pytest.mark.parametrize(("trainer", "files"), layouts(CLEAR))
def test_a_key_that_is_read_is_alive_and_another_is_dead(trainer: str, files: dict[str, str], tmp_path: Path) -> None:
    fork(tmp_path, trainer, files)
    findings = found(tmp_path, f"{COMMAND} --my_gain 3 --my_speed 3")
    assert "my_gain" not in findings
    assert findings["my_speed"] == ("dead-key", Severity.WARNING)


@pytest.mark.parametrize(("trainer", "files"), layouts(DOUBTFUL))
def test_where_code_reads_by_unknown_names_nothing_is_dead(trainer: str, files: dict[str, str], tmp_path: Path) -> None:
    fork(tmp_path, trainer, files)
    assert found(tmp_path, f"{COMMAND} --my_gain 3 --my_speed 3") == {}
