"""The index of a checkout's Python: what is read, what is not, and how sure that is."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dreamerguard.sources.python.fact_reader import read_file_facts
from dreamerguard.sources.python.index import PythonIndex, index_checkout
from dreamerguard.sources.python.python_files import MAX_FILE_BYTES, parse


def index(folder: Path, **files: str) -> PythonIndex:
    for name, text in files.items():
        (folder / f"{name}.py").write_text(text, encoding="utf-8")
    return index_checkout(folder)


@pytest.mark.parametrize(
    "code",
    [
        "print(config.horizon)",
        "self._config.horizon",
        "x = config['horizon']",
        "x = getattr(config, 'horizon')",
        "x = config.get('horizon', 3)",
        "y = config\nprint(y.horizon)",
        "def f(c): return c.task, c.steps, c.horizon",
        "self.length = g(config.horizon)\nprint(self.length)",
    ],
)
def test_a_key_is_read(code: str, tmp_path: Path) -> None:
    found = index(tmp_path, a=code)
    assert found.may_read("horizon") and found.reads("horizon", ("task", "steps"))


@pytest.mark.parametrize(
    "code",
    ["# config.horizon", "horizon = 3\nprint(horizon)", "f(horizon=2)", "self.horizon = 2", "'''the horizon'''"],
)
def test_a_name_is_no_read(code: str, tmp_path: Path) -> None:
    assert not index(tmp_path, a=code).may_read("horizon")


@pytest.mark.parametrize(
    ("code", "doubtful"),
    [
        ("head_cfg = getattr(config, 'head', {})\nmake(**head_cfg)", False),
        ("head_cfg = config.head\nmake(**head_cfg)", False),
        ("head_cfg = {}\nif x:\n  head_cfg = config['head']\nmake(**head_cfg)", False),
        ("head_cfg = config\nmake(**head_cfg)", True),
        ("head_cfg = self.config\nmake(**head_cfg)", True),
        ("head_cfg = getattr(config, name)\nmake(**head_cfg)", True),
        ("head_cfg = config.head\ndef f(head_cfg):\n  make(**head_cfg)", True),
        ("for head_cfg in config.heads:\n  make(**head_cfg)\nhead_cfg = config.head", True),
    ],
)
def test_a_group_under_a_literal_name_is_not_the_whole_configuration(code: str, doubtful: bool, tmp_path: Path) -> None:
    found = index(tmp_path, a=f"from lib import make\n{code}\n")
    assert bool(found.doubts) is doubtful
    assert found.may_read("head.size") or doubtful  # its keys count as read


def test_a_file_that_is_no_python_may_read_what_it_names(tmp_path: Path) -> None:
    found = index(tmp_path, a="print horizon")
    assert found.may_read("horizon") and not found.may_read("discount") and not found.reads("horizon")


def test_a_value_that_only_an_unread_attribute_keeps_is_no_clear_read(tmp_path: Path) -> None:
    found = index(tmp_path, a="self._clock = Every(config.reset_every)")
    assert found.may_read("reset_every") and not found.reads("reset_every")


def test_unpacked_groups_reach_parameters(tmp_path: Path) -> None:
    found = index(tmp_path, a="net = Net(**config.encoder)", b="class Net:\n  def __init__(self, depth): pass")
    assert found.may_read("encoder.depth") and found.reads("encoder.depth")
    assert not found.reads("value.depth")
    assert found.may_read("encoder.other")  # it may go on to somebody else
    assert not index(tmp_path, a="net = Net(config.encoder['depth'])").may_read("encoder.other")


@pytest.mark.parametrize(
    "code",
    [
        "getattr(config, name)",
        "vars(args)",
        "x = config[name]",
        "for k, v in config.items(): pass",
        "f(**config)",
        "import lib\nlib.train(config)",
        "def broken(config",
        "eval(text)",
    ],
)
def test_doubts(code: str, tmp_path: Path) -> None:
    assert index(tmp_path, a=code).doubts


@pytest.mark.parametrize(
    "code",
    [
        "print(vars(config))",
        "import wandb\nwandb.init(config=vars(config))",
        "import json\njson.dump(config, f)",
        "config = {'a': 1}\nfor k in config: pass",
        "configs[name]",
        "import b\nb.train(config)",
        "import functools\nfunctools.partial(f, config)",
    ],
)
def test_no_doubts(code: str, tmp_path: Path) -> None:
    assert index(tmp_path, a=code, b="").doubts == ()


@pytest.mark.parametrize(
    ("code", "given"),
    [
        ("if args.logdir is None: args.logdir = 'x'", True),
        ("config.setdefault('logdir', 'x')", True),
        ("config = config.update({'logdir': 'x'})", True),
        ("logdir = config.logdir or 'x'", True),
        ("p.add_argument('--logdir', default='x')", True),
        ("p.add_argument('--logdir', default=None)", False),
        ("config = config.update(logdir=config.logdir.format(t=1))", False),
        ("if config.logdir is None: raise ValueError", False),
        ("logdir = Path(config.logdir)", False),
    ],
)
def test_values_set_in_code(code: str, given: bool, tmp_path: Path) -> None:
    assert index(tmp_path, a=code).gives("logdir", "a.py") is given


def test_options_of_all_parsers(tmp_path: Path) -> None:
    found = index(
        tmp_path,
        a="p.add_argument('-n', '--noise-kind')\nFlags(size=3).parse(argv)",
        b="flags.DEFINE_string('name', '', '')\n@click.option('--wide')\ndef f(): pass",
    )
    assert found.declares(["noise_kind", "size", "name", "wide", "other"]) == {"noise_kind", "size", "name", "wide"}


@pytest.mark.parametrize(
    "text",
    [
        "(" * 5000,
        "-" * 100_000 + "1",
        "a" + ".b" * 60_000,
        "x = " + "[" * 150 + "]" * 150,
        "1" + "+1" * 60_000,
        "f" + "()" * 60_000,
        "\0",
        "x" * (MAX_FILE_BYTES + 1),
        "a," * 120_000,
        "print(" * 90 + ")" * 90,
    ],
)
def test_hostile_text_ends(text: str, tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(text, encoding="utf-8")
    found = index_checkout(tmp_path)
    assert found.skipped in ((), ("a.py",))
    assert not found.may_read("horizon")


def test_other_kinds_of_files_are_not_read(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to(tmp_path)
    (tmp_path / "folder.py").mkdir()
    (tmp_path / "none.py").symlink_to(tmp_path / "nowhere")
    assert set(index_checkout(tmp_path).skipped) == {"folder.py", "none.py"}


@settings(deadline=None, max_examples=200)
@given(st.text(alphabet="abc.config(){}[]*=:,\n 'if or", max_size=80))
def test_any_text_gives_facts(text: str) -> None:
    tree = parse(text)
    if tree is not None:
        read_file_facts(tree)


def test_an_attribute_that_a_class_sets_itself_is_no_read(tmp_path: Path) -> None:
    env = "class Env:\n  def step(self):\n    self.duration = 0\n    return self.duration\n"
    assert not index(tmp_path, a=env, b="args = Config(**config.run)\nmake(**args)").may_read("run.duration")


def test_a_group_that_is_only_copied_reaches_no_parameter(tmp_path: Path) -> None:
    wrapper = "def limit(duration):\n  return duration\n"
    assert not index(tmp_path, a=wrapper, b="args = Config(**config.run, logdir='x')").may_read("run.duration")
    assert index(tmp_path, a=wrapper, b="limit(**config.run)").may_read("run.duration")


def test_a_package_with_the_name_of_output_is_read(tmp_path: Path) -> None:
    for name in ("logs", "runs"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.py").write_text(f"config.{name}_key")
    (tmp_path / "logs" / "__init__.py").touch()
    found = index_checkout(tmp_path)
    assert found.may_read("logs_key") and not found.may_read("runs_key")


@pytest.mark.parametrize(
    "code",
    [
        "def f(config): g(config)\ndef g(f): f(f)\n" * 300,
        "x = config\n" + "".join(f"a{n} = x\nx = a{n}\n" for n in range(3000)),
        "".join(f"def f{n}(x): f{n + 1}(x)\n" for n in range(3000)) + "f0(config)",
        "def f(x):\n  " + "f(x, x, x, x, x, x, x, x, x, x)\n  " * 3000 + "\nf(config)",
        "config" + ".copy()" * 20_000,
        "vars(" * 90 + "config" + ")" * 90,
        "f(" + "*config, " * 3000 + ")",
    ],
)
def test_flows_that_go_round_or_far_end(code: str, tmp_path: Path) -> None:
    assert index(tmp_path, a=code, b=code).doubts in ((), index_checkout(tmp_path).doubts)


def test_many_files_that_hand_settings_to_each_other_end(tmp_path: Path) -> None:
    for number in range(300):
        (tmp_path / f"m{number}.py").write_text(f"def f{number}(x):\n  f{(number + 1) % 300}(x)\nf0(config)\n")
    (tmp_path / "m299.py").write_text("def f299(x):\n  for key in vars(x): use(key)\n")
    assert index_checkout(tmp_path).doubts == ("m299.py:2 reads settings by names that are not literal",)


@pytest.mark.parametrize(
    "code",
    [
        "import tyro\nclass Args:\n  noise_kind: str = 'a'\nargs = tyro.cli(Args)",
        "import fire\ndef main(noise_kind='a'): pass\nfire.Fire(main)",
        "import typer\napp = typer.Typer()\n@app.command()\ndef main(noise_kind: str = 'a'): pass",
    ],
)
def test_options_made_from_names(code: str, tmp_path: Path) -> None:
    assert index(tmp_path, a=code).declares(["noise_kind", "noise-kind", "other"]) == {"noise_kind", "noise-kind"}
    assert index(tmp_path, a="class Args:\n  noise_kind: str = 'a'").declares(["noise_kind"]) == set()


def test_a_dictionary_of_overrides_reads_nothing(tmp_path: Path) -> None:
    assert not index(tmp_path, a="PRESET = {'agent.reward_type': 'x'}\n").may_read("agent.reward_type")
    assert index(tmp_path, a="print(config['agent.reward_type'])\n").may_read("agent.reward_type")
    assert index(tmp_path, a="PRESET = {'reward_type': 'x'}\n").may_read("agent.reward_type")


def test_a_group_that_an_index_takes_whole_is_read(tmp_path: Path) -> None:
    code = "def log(config):\n  own = config['logger']['wandb']\n  wandb.init(**own)\n"
    assert index(tmp_path, a=code).may_read("logger.wandb.entity")
    assert not index(tmp_path, a="print(config['logger']['wandb']['name'])\n").may_read("logger.wandb.entity")
