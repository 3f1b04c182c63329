"""Values and tasks that the checkout's own code refuses."""

import shlex
from pathlib import Path

import pytest

from dreamerguard.core.finding import Finding, Severity
from dreamerguard.lint.engine import check_command
from dreamerguard.lint.preset_check import check_presets
from dreamerguard.rules.helpers.example_files import with_preset, with_r2_env, with_torch_preset
from dreamerguard.sources.argv import read_command

SCRIPT = """
import pathlib
{head}
def main(config):
    {body}
configs = pathlib.Path("configs.yaml")
"""
COMMAND = "python dreamer.py --configs mine --logdir x"


def fork(folder: Path, body: str, *preset: str, head: str = "") -> None:
    (folder / "configs.yaml").write_text(with_torch_preset(*preset)["configs.yaml"], encoding="utf-8")
    text = SCRIPT.format(head=head, body="\n    ".join(body.split("\n")))
    (folder / "dreamer.py").write_text(text, encoding="utf-8")


def found(folder: Path, command: str = COMMAND, *rules: str) -> list[Finding]:
    result = check_command(read_command(shlex.split(command)), folder=folder)
    return [item for item in result.findings if item.name in (rules or ("unknown-choice",))]


CHOICE = "model = {'normal': 1, 'onehot': 2}[config.actor['dist']]"


def test_a_value_that_the_code_does_not_take(tmp_path: Path) -> None:
    fork(tmp_path, CHOICE, "actor: {dist: onehto}")
    (item,) = found(tmp_path)
    assert (item.severity, item.key, item.primary.span.text) == (Severity.ERROR, "actor.dist", "dist: onehto")
    assert "dreamer.py:5" in item.message and "did you mean onehot" in item.message
    assert item.help == "it takes normal, onehot" and item.fix is not None
    result = check_presets(tmp_path / "configs.yaml")
    assert result is not None
    assert [item.severity for item in result.findings if item.name == "unknown-choice"] == [Severity.ERROR]


@pytest.mark.parametrize(
    ("body", "value", "severity"),
    [
        (CHOICE, "onehot", None),
        ("if config.seed:\n    " + CHOICE, "onehto", Severity.INFO),
        ("config.actor['dist'] = 'normal'\n" + CHOICE, "other", None),
        (f"if config.actor['dist'] == 'other':\n    return\n{CHOICE}", "other", None),
        (f"if config.actor['dist'].startswith('oth'):\n    return\n{CHOICE}", "other", None),
        (f"try:\n    {CHOICE}\nexcept KeyError:\n    pass", "other", None),
        (CHOICE, "${dist}", None),
        ("kind = config.actor['dist'].lower()\nassert kind in ('normal', 'other')", "OTHER", None),
        ("other.actor['dist'] in ('normal',)", "other", None),
        ("if config.seed:\n    return\n" + CHOICE, "other", Severity.INFO),
    ],
)
def test_neighbours(body: str, value: str, severity: Severity | None, tmp_path: Path) -> None:
    fork(tmp_path, body, f"actor: {{dist: '{value}'}}")
    assert [item.severity for item in found(tmp_path)] == ([severity] if severity else [])


def test_an_argument_is_followed_to_its_function(tmp_path: Path) -> None:
    head = "def make(size, kind):\n    if kind == 'normal':\n        return 1\n    raise ValueError(kind)\n"
    fork(tmp_path, "make(3, config.actor['dist'])", "actor: {dist: other}", head=head)
    assert [item.severity for item in found(tmp_path)] == [Severity.ERROR]
    fork(tmp_path, "if config.seed:\n    make(3, config.actor['dist'])", "actor: {dist: other}", head=head)
    assert [item.severity for item in found(tmp_path)] == [Severity.INFO]
    fork(tmp_path, "make(3, **config.actor)", "actor: {kind: other}", head=head)
    assert [item.key for item in found(tmp_path)] == ["actor.kind"]
    fork(tmp_path, "make(config.actor['dist'], 'normal')", "actor: {dist: other}", head=head)
    assert found(tmp_path) == []


def test_code_that_the_script_does_not_reach_is_left_out(tmp_path: Path) -> None:
    fork(tmp_path, "pass", "actor: {dist: other}")
    other = f"def f(config):\n    {CHOICE}\n"
    (tmp_path / "unused.py").write_text(other, encoding="utf-8")
    assert found(tmp_path) == []
    fork(tmp_path, "import unused\nunused.f(config)", "actor: {dist: other}")
    assert len(found(tmp_path)) == 1


def test_two_keys_with_the_same_last_names_are_not_judged(tmp_path: Path) -> None:
    body = "def f(config):\n    return {'normal': 1}[config.dist]\nf(config.actor)"
    fork(tmp_path, body, "actor: {dist: other}", "critic: {dist: normal}")
    assert found(tmp_path) == []


MAKE = """
def make_env(config):
    suite, task = config.task.split("_", 1)
    if suite == "dmc":
        import envs.dmc as dmc
        return dmc.make(task)
    elif suite == "robot":
        from envs import robot
        return robot.make(task)
    raise NotImplementedError(suite)
"""


def suites(folder: Path, task: str, *modules: str, make: str = MAKE) -> list[tuple[str, Severity]]:
    fork(folder, "make_env(config)", f"task: {task}", head=make)
    (folder / "envs").mkdir(exist_ok=True)
    for module in modules:
        (folder / "envs" / f"{module}.py").write_text("", encoding="utf-8")
    return [(item.name, item.severity) for item in found(folder, COMMAND, "unknown-task", "missing-module")]


def test_a_suite_that_the_fork_does_not_make(tmp_path: Path) -> None:
    assert suites(tmp_path, "atari_pong", "dmc", "robot") == [("unknown-task", Severity.ERROR)]
    assert suites(tmp_path, "robot_reach") == []
    assert suites(tmp_path, "dmc_walker_walk") == []
    result = check_presets(tmp_path / "configs.yaml")
    assert result is not None
    suites(tmp_path, "atari_pong")
    result = check_presets(tmp_path / "configs.yaml")
    assert result is not None
    tasks = [item for item in result.findings if item.name == "unknown-task"]
    assert [item.severity for item in tasks if item.primary.span.text == "task: atari_pong"] == [Severity.WARNING]


def test_a_suite_whose_module_is_not_in_the_checkout(tmp_path: Path) -> None:
    assert suites(tmp_path, "robot_reach", "dmc") == [("missing-module", Severity.ERROR)]
    (tmp_path / "envs" / "robot").mkdir()
    assert suites(tmp_path, "robot_reach") == []


@pytest.mark.parametrize(
    "before",
    [
        "if config.task == 'atari_pong':\n        return 1",
        "if config.task.startswith('atari'):\n        return 1",
        "if 'pong' in config.task:\n        return 1",
    ],
)
def test_a_suite_that_other_code_makes(before: str, tmp_path: Path) -> None:
    make = MAKE.replace("    suite, task", f"    {before}\n    suite, task")
    assert suites(tmp_path, "atari_pong", "dmc", "robot", make=make) == []


def test_beginnings_of_a_task_decide_too(tmp_path: Path) -> None:
    make = MAKE.replace('suite == "dmc"', 'config.task.startswith("dmc_")').replace(
        'suite == "robot"', 'config.task.startswith(("robot_", "arm_"))'
    )
    assert suites(tmp_path, "arm_reach", "dmc", "robot", make=make) == []
    assert suites(tmp_path, "leg_reach", make=make) == [("unknown-task", Severity.ERROR)]


TABLE = """
import importlib
def main(config):
  make_env(config)

def make_env(config):
  suite, task = config.task.split('_', 1)
  ctor = {'dummy': 'embodied.envs.dummy:Dummy', 'dmc': 'embodied.envs.dmc:DMC', 'robot': 'my_robot.env:Robot'}[suite]
  return importlib.import_module(ctor)
"""


def test_the_table_of_danijars_main(tmp_path: Path) -> None:
    (tmp_path / "dreamerv3").mkdir()
    (tmp_path / "pyproject.toml").write_text("")
    (tmp_path / "embodied" / "envs").mkdir(parents=True)
    (tmp_path / "embodied" / "envs" / "dummy.py").write_text("")
    (tmp_path / "dreamerv3" / "main.py").write_text(TABLE)
    for task, names in {
        "dummy_disc": [],
        "robot_walk": [],  # a library that may be installed
        "dmc_walker_walk": ["missing-module"],
        "atari_pong": ["unknown-task"],
    }.items():
        (tmp_path / "dreamerv3" / "configs.yaml").write_text(with_preset(f"task: {task}")["dreamerv3/configs.yaml"])
        command = "python dreamerv3/main.py --configs mine --logdir x"
        assert [item.name for item in found(tmp_path, command, "unknown-task", "missing-module")] == names


def test_r2dreamer_is_judged_too(tmp_path: Path) -> None:
    for name, text in with_r2_env("kind: a").items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    (tmp_path / "configs" / "model").mkdir()
    (tmp_path / "configs" / "model" / "size12M.yaml").write_text("rep_loss: dreamer\ndeter: 512\n")
    (tmp_path / "train.py").write_text("def main(config):\n  assert config.env.kind in ('a', 'b')\n")
    assert found(tmp_path, "python train.py env=mine env.kind=b") == []
    (item,) = found(tmp_path, "python train.py env=mine env.kind=c")
    assert item.severity is Severity.ERROR


@pytest.mark.parametrize(
    ("value", "body", "found_it"),
    [
        ("4", "if config.model_kind == 'a':\n    print(1)\nelif config.model_kind in ('b', 'c'):\n    print(2)", True),
        ("a", "if config.model_kind == 'a':\n    print(1)", False),
        ("0", "if config.model_kind == 'a':\n    print(1)", False),
        ("4", "if config.model_kind == 'a' or config.model_kind == 4:\n    print(1)", False),
        ("4", "if config.model_kind == 'a':\n    print(config.model_kind + 1)", False),
        ("4", "if config.model_kind == 'a':\n    print(1)\nif config.model_kind > 3:\n    print(2)", False),
        ("4", "print(config.model_kind)", False),
        ("True", "if config.model_kind == 'a':\n    print(1)", False),
    ],
)
def test_a_number_that_is_compared_with_texts(value: str, body: str, found_it: bool, tmp_path: Path) -> None:
    fork(tmp_path, body, "seed: 1")
    path = tmp_path / "configs.yaml"
    path.write_text(path.read_text().replace("  seed: 0", f"  seed: 0\n  model_kind: {value}"), encoding="utf-8")
    result = check_presets(path)
    assert result is not None
    wrong = [item.severity for item in result.findings if (item.name, item.key) == ("wrong-type", "model_kind")]
    assert wrong == ([Severity.WARNING] if found_it else [])


def test_checkpoints_that_the_repository_lacks(tmp_path: Path) -> None:
    fork(tmp_path, "pass", "encoder_ckpt: models/encoder.pt", "seed: 1")
    result = check_presets(tmp_path / "configs.yaml")
    assert result is not None
    (item,) = (item for item in result.findings if item.name == "missing-checkpoint")
    assert (item.severity, item.key) == (Severity.INFO, "encoder_ckpt")
    for value in ("/data/encoder.pt", "~/encoder.pt", "latest", "'{logdir}/latest.pt'", "''"):
        fork(tmp_path, "pass", f"encoder_ckpt: {value}", "seed: 1")
        result = check_presets(tmp_path / "configs.yaml")
        assert result is not None
        assert "missing-checkpoint" not in {item.name for item in result.findings}, value
    fork(tmp_path, "pass", "encoder_ckpt: models/encoder.pt", "seed: 1")
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "encoder.pt").write_text("")
    result = check_presets(tmp_path / "configs.yaml")
    assert result is not None and "missing-checkpoint" not in {item.name for item in result.findings}


@pytest.mark.parametrize(
    ("made", "setting", "severity"),
    [
        ("LocalClock", "save_every: 100000", Severity.INFO),
        ("elements.when.Clock", "save_every: 100000", Severity.INFO),
        ("elements.when.Every", "save_every: 100000", None),
        ("LocalClock", "save_every: 3600", None),
        ("LocalClock", "report_every: 100000", Severity.INFO),
        ("LocalClock", "eval_every: 100000", Severity.INFO),
        ("elements.when.Every", "eval_every: 100000", None),
    ],
)
def test_intervals_in_the_unit_of_the_run_script(
    made: str, setting: str, severity: Severity | None, tmp_path: Path
) -> None:
    (tmp_path / "dreamerv3").mkdir()
    (tmp_path / "embodied" / "run").mkdir(parents=True)
    (tmp_path / "pyproject.toml").write_text("")
    text = with_preset(f"run: {{{setting}}}")["dreamerv3/configs.yaml"].replace(
        "log_every: 120", "eval_every: 9, log_every: 120"
    )
    (tmp_path / "dreamerv3" / "configs.yaml").write_text(text, encoding="utf-8")
    (tmp_path / "dreamerv3" / "main.py").write_text("import embodied.run.train\n", encoding="utf-8")
    script = f"def train(args):\n  should = {made}(args.{setting.partition(':')[0]})\n"
    (tmp_path / "embodied" / "run" / "train.py").write_text(script, encoding="utf-8")
    result = check_presets(tmp_path / "dreamerv3" / "configs.yaml")
    assert result is not None
    units = [item.severity for item in result.findings if item.name == "interval-unit"]
    assert units == ([severity] if severity else [])
    command = "python dreamerv3/main.py --configs mine --logdir x"
    (tmp_path / "dreamerv3" / "configs.yaml").write_text(text, encoding="utf-8")
    assert len(found(tmp_path, command, "interval-unit")) == len(units)


HEADS = """
def pick(kind):
    assert kind in ("normal", "onehot")
class Wide:
    def __init__(self, config):
        pick(config.actor["dist"])
class Plain:
    def __init__(self, config):
        print(config.seed)
import sys
"""


@pytest.mark.parametrize(
    ("body", "behavior", "severity"),
    [
        ("getattr(sys.modules[__name__], config.behavior)(config)", "Plain", Severity.INFO),
        ("getattr(sys.modules[__name__], config.behavior)(config)", "Wide", Severity.ERROR),
        ("Wide(config)", "Plain", Severity.ERROR),
    ],
)
def test_a_class_that_only_another_setting_would_create(
    body: str, behavior: str, severity: Severity, tmp_path: Path
) -> None:
    fork(tmp_path, body, "actor: {dist: other}", f"behavior: {behavior}", head=HEADS)
    assert [item.severity for item in found(tmp_path)] == [severity]


@pytest.mark.parametrize(
    ("body", "reported"),
    [
        ("from main_of_another import make_env\nmake_env(config)", True),
        ("import main_of_another\ndef make_env(config):\n    return own.Env(config)\nmake_env(config)", False),
    ],
)
def test_a_script_with_a_function_of_its_own_for_environments(body: str, reported: bool, tmp_path: Path) -> None:
    fork(tmp_path, body, "task: robot_reach")
    maker = (
        "def make_env(config):\n    suite, task = config.task.split('_', 1)\n    return {'dmc': 1, 'atari': 2}[suite]\n"
    )
    text = f"{maker}if __name__ == '__main__':\n    make_env(config)\n"
    (tmp_path / "main_of_another.py").write_text(text, encoding="utf-8")
    assert (len(found(tmp_path, COMMAND, "unknown-task")) == 1) is reported


LOOP = (
    "for item in config.parts:\n    if item == 'left':\n        pass\n    elif item == 'right':\n        pass\n"
    "    else:\n        {}"
)


@pytest.mark.parametrize(
    ("body", "parts", "refused"),
    [
        (LOOP.format("raise NotImplementedError(item)"), "[left, rigth]", ["rigth"]),
        (LOOP.format("raise NotImplementedError(item)"), "[left, right]", []),
        (LOOP.format("print(item)"), "[left, rigth]", []),
        (LOOP.replace("config.parts", "names(config.parts)").format("raise ValueError"), "[left, rigth]", []),
        ("for item in config.parts:\n    made = {'left': 1, 'right': 2}[item]", "[left, other]", ["other"]),
    ],
)
def test_each_item_of_a_list(body: str, parts: str, refused: list[str], tmp_path: Path) -> None:
    fork(tmp_path, body, f"parts: {parts}")
    assert [item.message.split(" for ")[0].rpartition(" ")[2] for item in found(tmp_path)] == refused
