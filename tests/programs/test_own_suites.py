"""Suites and sections that a fork of danijar/dreamerv3 makes, takes, replaces or leaves unused."""

import shlex
from pathlib import Path

import pytest

from dreamerguard.core.finding import Finding
from dreamerguard.lint.engine import check_command
from dreamerguard.lint.preset_check import check_presets
from dreamerguard.lint.repository import check_tree
from dreamerguard.rules.helpers.example_files import with_preset
from dreamerguard.sources.argv import read_command

MAIN = """
import elements
def make_env(config, index, **overrides):
    suite, task = config.task.split("_", 1)
    ctor = {"dummy": "envs:Dummy", "dmc": "envs:DMC", "maze": "envs:Maze", "maze2": "envs:Maze"}[suite]
    kwargs = config.env.get(suite, {})
    return ctor(task, **kwargs)
def main(argv=None):
    parsed, other = elements.Flags(configs=["defaults"]).parse_known(argv)
    config = elements.Flags(elements.Config(configs["defaults"])).parse(other)
    make_env(config, 0)
if __name__ == "__main__":
    main()
"""
OWN = """
import dreamerv3.main as trainer
def own(config, index): pass
{replaces}
trainer.main(["--configs", "mine", "--task", "cave_small"])
"""


def fork(folder: Path, *preset: str, sections: str = "", main: str = MAIN) -> Path:
    text = with_preset(*preset)["dreamerv3/configs.yaml"].replace("  env:\n", f"  env:\n{sections}")
    (folder / "dreamerv3").mkdir(exist_ok=True)
    (folder / "setup.py").write_text("")  # the root of the checkout
    (folder / "dreamerv3/configs.yaml").write_text(text)
    (folder / "dreamerv3/main.py").write_text(main)
    return folder


def of_presets(folder: Path, name: str) -> list[Finding]:
    result = check_presets(folder / "dreamerv3/configs.yaml")
    assert result is not None
    return [item for item in result.active if item.name == name]


def of_command(folder: Path, words: str, name: str) -> list[Finding]:
    result = check_command(read_command(shlex.split(f"python dreamerv3/main.py --configs {words}")), folder=folder)
    return [item for item in result.active if item.name == name]


def test_a_function_that_only_a_comment_calls_decides_nothing(tmp_path: Path) -> None:
    for call, known in (("make_env(config, 0)", True), ("# make_env(config, 0)", False), ("maker.make_env(0)", False)):
        fork(tmp_path, "seed: 1", main=MAIN.replace("make_env(config, 0)", call))
        assert bool(of_command(tmp_path, "mine --task cave_small --logdir x", "unknown-task")) is known, call


def test_a_table_of_whole_task_names(tmp_path: Path) -> None:
    table = MAIN.replace('suite, task = config.task.split("_", 1)', "task = config.task")
    table = table.replace('"dummy": "envs:Dummy", "dmc": "envs:DMC", ', "").replace("[suite]", "[task]")
    fork(tmp_path, "seed: 1", main=table)
    (finding,) = of_command(tmp_path, "mine --task dmc_walker_walk --logdir x", "unknown-task")
    assert "makes no environment of this name" in finding.message and "maze, maze2" in finding.help
    assert of_command(tmp_path, "mine --task maze2 --logdir x", "unknown-task") == []
    fork(tmp_path, "seed: 1", main=table.replace("make_env", "normalize"))  # a table of some tasks for another purpose
    assert of_command(tmp_path, "mine --task dmc_walker_walk --logdir x", "unknown-task") == []


CAVE = "    cave: {size: [64, 64], repeat: 2}\n    maze: {size: [64, 64], repeat: 2}\n"


def test_a_section_of_no_suite_is_dead(tmp_path: Path) -> None:
    found = of_presets(fork(tmp_path, "seed: 1", sections=CAVE), "dead-key")
    assert [item.key for item in found] == ["env.cave.size"]
    assert "main.py:5 makes no environments of this suite" in found[0].message


@pytest.mark.parametrize(
    "main",
    [
        MAIN.replace("config.env.get(suite, {})", "config.env.get(names[suite], {})"),
        f"{MAIN}\nprint(config.env.cave)\n",
        f"{MAIN}\nNAMES = {{'maze': 'cave'}}\n",
        MAIN.replace("}[suite]", '}.get(suite, "envs:Other")'),
    ],
)
def test_a_section_that_code_may_take_otherwise_is_not_dead(tmp_path: Path, main: str) -> None:
    assert of_presets(fork(tmp_path, "seed: 1", sections=CAVE, main=main), "dead-key") == []


@pytest.mark.parametrize(
    ("replaces", "reported"),
    [
        ("trainer.make_env = own", False),
        ("setattr(trainer, 'make_env', own)", False),
        ("patch('dreamerv3.main.make_env', own).start()", False),
        ("trainer.make_logger = own", True),
        ("same = trainer.make_env == own", True),
    ],
)
def test_a_script_may_replace_the_function_that_decides(tmp_path: Path, replaces: str, reported: bool) -> None:
    fork(tmp_path, "seed: 1")
    (tmp_path / "own.py").write_text(OWN.format(replaces=replaces))
    results = check_tree([tmp_path], folder=tmp_path).results
    found = [
        item.primary.span.source.name for result in results for item in result.active if item.name == "unknown-task"
    ]
    assert found == (["own.py"] if reported else [])


def test_a_part_of_a_word_elsewhere_makes_no_suite(tmp_path: Path) -> None:
    fork(tmp_path, "task: obs_reward")
    (tmp_path / "wrap.py").write_text("def wrap(env): return env['obs_reward']\n")
    assert len(of_presets(tmp_path, "unknown-task")) == 1
    (tmp_path / "wrap.py").write_text("def make(suite): return Own() if suite == 'obs' else None\n")
    assert of_presets(tmp_path, "unknown-task") == []


SECTIONS = "    maze: {size: [64, 64], repeat: 4}\n    maze2: {size: [64, 64], repeat: %s}\n"


@pytest.mark.parametrize(
    ("preset", "repeat", "words", "reported"),
    [
        ("seed: 1", 1, "maze2 --task maze_small", True),
        ("seed: 1", 1, "maze2 --task maze2_small", False),
        ("seed: 1", 4, "maze2 --task maze_small", False),
        ("env.maze.repeat: 1", 1, "maze2 --task maze_small", False),
        ("seed: 1", 1, "maze2 --task dummy_disc", False),
    ],
)
def test_a_preset_whose_section_the_task_does_not_read(
    tmp_path: Path, preset: str, repeat: int, words: str, reported: bool
) -> None:
    fork(tmp_path, preset, sections=SECTIONS % repeat)
    path = tmp_path / "dreamerv3/configs.yaml"
    path.write_text(path.read_text().replace("mine:", "maze2:"))
    assert bool(of_command(tmp_path, words, "mismatched-preset")) is reported


@pytest.mark.parametrize(
    ("other", "reported"), [("seed: 2", True), ("run.steps: 5e6", False), ("run: {train_ratio: 512}", False)]
)
def test_a_preset_with_an_open_name_that_changes_nothing_judged(tmp_path: Path, other: str, reported: bool) -> None:
    fork(tmp_path, "task: dmc_walker_walk", "run.train_ratio: 8")
    path = tmp_path / "dreamerv3/configs.yaml"
    path.write_text(f"{path.read_text()}smooth_a:\n  seed: 1\nsmooth_b:\n  {other}\n")
    assert bool(of_command(tmp_path, "mine smooth_$1", "low-train-ratio")) is reported
    assert of_command(tmp_path, "mine $1", "low-train-ratio") == []


def test_a_preset_that_evaluates_and_sets_what_its_script_ignores(tmp_path: Path) -> None:
    fork(tmp_path, "script: eval_only", "run: {eval_envs: 1, envs: 2}")
    (tmp_path / "embodied/run").mkdir(parents=True)
    script = "def eval_only(agent, args):\n    usage(**args.usage)\n    play(args.envs, args.from_checkpoint)\n"
    (tmp_path / "embodied/run/eval_only.py").write_text(script)
    assert [item.key for item in of_presets(tmp_path, "unread-by-script")] == ["run.eval_envs"]
    (tmp_path / "embodied/run/eval_only.py").write_text(script.replace("**args.usage", "**args"))
    assert of_presets(tmp_path, "unread-by-script") == []


@pytest.mark.parametrize(
    ("every", "clock", "reported"), [(100, "Every", True), (5000, "Every", False), (100, "Clock", False)]
)
def test_an_evaluation_that_takes_longer_than_training(tmp_path: Path, every: int, clock: str, reported: bool) -> None:
    fork(tmp_path, "task: dmc_walker_walk", "script: train_eval", f"run: {{eval_every: {every}, eval_eps: 5}}")
    path = tmp_path / "dreamerv3/configs.yaml"
    path.write_text(path.read_text().replace("eval_eps: 1,", "eval_eps: 1, eval_every: 10000,"))
    (tmp_path / "embodied/run").mkdir(parents=True)
    (tmp_path / "embodied/run/train_eval.py").write_text(
        f"def train_eval(args):\n    x = when.{clock}(args.eval_every)\n"
    )
    assert bool(of_presets(tmp_path, "long-evaluation")) is reported


BY_TASK = MAIN.replace(
    '    ctor = {"dummy": "envs:Dummy", "dmc": "envs:DMC", "maze": "envs:Maze", "maze2": "envs:Maze"}[suite]\n', "{}"
).replace("    kwargs = config.env.get(suite, {})\n    return ctor(task, **kwargs)\n", "")
BRANCHES = """
    if task == "fly":
        return Fly()
    elif task == "land":
        return Land()
    else:
        raise NotImplementedError(suite)
"""
SPLIT = '    _, task = config.task.split("_", 1)\n'
NESTED = (
    f"    if suite == 'moon':\n{BRANCHES.replace(chr(10) + '    ', chr(10) + '        ')}\n    return Other(task)\n"
)


@pytest.mark.parametrize(
    ("branches", "split", "task", "reported"),
    [
        (BRANCHES, 'split("_", 1)', "dmc_walker_walk", True),
        (BRANCHES, 'split("_", maxsplit=1)', "moon_sink", True),
        (BRANCHES, 'split("_", 1)', "moon_land", False),
        (BRANCHES, 'split("_")', "moon_sink", False),  # other parts
        (NESTED, 'split("_", 1)', "dmc_walker_walk", False),  # only in one branch
        (f"    return DMC(task)\ndef make_env_moon(config):\n{SPLIT}{BRANCHES}", 'split("_", 1)', "dmc_run", False),
    ],
)
def test_a_script_that_decides_by_the_task_behind_the_suite(
    branches: str, split: str, task: str, reported: bool, tmp_path: Path
) -> None:
    main = BY_TASK.replace("{}", branches, 1).replace('split("_", 1)', split)
    root = fork(tmp_path, "seed: 1", main=main)
    command = read_command(shlex.split(f"python dreamerv3/main.py --configs mine --task {task} --logdir x"))
    names = {item.name for item in check_command(command, folder=root).active}
    assert ("unknown-task" in names) is reported
