"""Commands and configurations in Python files, with their places."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dreamerguard.core.source import Source
from dreamerguard.sources.argv import UNKNOWN
from dreamerguard.sources.commands.python import read_python, unread_launches


def read(text: str) -> list[list[str]]:
    return [[word.text for word in command.words] for command in read_python(Source("a.py", text))]


@pytest.mark.parametrize(
    "code",
    [
        "subprocess.run(['python', 'dreamer.py', '--task', 'x'])",
        "subprocess.Popen([sys.executable, 'dreamer.py', '--task', 'x'], check=True)",
        "cmd = ['python3', 'dreamer.py', '--task', 'x']\nsubprocess.call(cmd)",
        "import os\nos.system('python dreamer.py --task x')",
        "subprocess.run('python dreamer.py --task x', shell=True)",
        "subprocess.run(shlex.split('python dreamer.py --task x'))",
    ],
)
def test_a_command_that_python_starts(code: str) -> None:
    (words,) = read(code)
    assert words[0].startswith("python") and words[1:] == ["dreamer.py", "--task", "x"]


@pytest.mark.parametrize(
    ("code", "last"),
    [
        ("subprocess.run(['python', 'dreamer.py', '--task', task])", UNKNOWN),
        ("subprocess.run(['python', 'dreamer.py', f'--task={task}'])", f"--task={UNKNOWN}"),
        ("subprocess.run(['python', 'dreamer.py', *rest])", UNKNOWN),
        ("subprocess.run(['python', 'dreamer.py'] + rest)", UNKNOWN),
        ("cmd = ['python', 'dreamer.py']\ncmd += rest\nsubprocess.run(cmd)", UNKNOWN),
        ("cmd = ['python', 'dreamer.py']\ncmd.append(rest)\nsubprocess.run(cmd)", UNKNOWN),
    ],
)
def test_what_is_not_literal_is_unknown(code: str, last: str) -> None:
    (words,) = read(code)
    assert words[-1] == last


CONFIGURED = """
config = embodied.Config(dreamerv3.configs['defaults'])
config = config.update(dreamerv3.configs['small'])
config = config.update({'run.train_ratio': 8, 'run.flag': True, 'size': [64, -1], 'logdir': folder}, seed=3)
"""


def test_a_configuration_becomes_the_command_that_sets_it() -> None:
    (command,) = read_python(Source("a.py", CONFIGURED))
    texts = [word.text for word in command.words]
    assert texts[2:5] == ["--configs", "defaults", "small"]
    assert texts[5:] == [
        *("--run.train_ratio", "8", "--run.flag", "True", "--size", "64", "-1"),
        *("--logdir", UNKNOWN, "--seed", "3"),
    ]
    assert command.words[6].span.text == "8" and command.words[6].span.line == 4
    assert command.words[-2].span.text == "seed"


def test_another_object_made_from_a_group_is_no_setting() -> None:
    text = (
        "config = Config(configs['defaults']).update(configs['bsuite'])\nconfig = config.update({'run.steps': 1e5})\n"
    )
    (plain,) = read(text)
    assert read(text + "args = embodied.Config(config.run, logdir='x', batch_steps=3)\n") == [plain]


@pytest.mark.parametrize("code", ["gym.make('CartPole-v1')", "crafter.Env()", "from_gym.FromGym(mine)"])
def test_an_environment_that_code_makes_is_the_task(code: str) -> None:
    text = (
        "config = Config(configs['defaults']).update(configs['bsuite'])\nconfig = config.update({'run.steps': 1e5})\n"
    )
    (words,) = read(text + f"env = {code}\n")
    assert words[words.index("--task") + 1] == code
    assert "--task" not in read(text + "env = make_env(config)\n")[0]


def test_a_value_that_only_some_runs_get_is_unknown() -> None:
    (words,) = read(CONFIGURED + "if fast:\n  config = config.update({'run.train_ratio': 4})\n")
    assert words[-2:] == ["--run.train_ratio", UNKNOWN]


def test_places_count_characters() -> None:
    text = "é = 'é'; subprocess.run(['python', 'dreamer.py', 'ü', '--task', 'x'])"
    (command,) = read_python(Source("a.py", text))
    assert [word.span.text for word in command.words][1:] == ["'dreamer.py'", "'ü'", "'--task'", "'x'"]


def test_other_python_is_none() -> None:
    assert read("configs['a']\nx.update({'task': 1})\nsubprocess.run(['git', 'status'])") == []
    assert read("subprocess.run(['python'") == []
    assert read("config = Config(agent.configs[name]).update(replay_size=size, task=task)") == []


def test_launchers_that_cannot_be_read_are_named() -> None:
    text = "# dreamer\nsubprocess.run(build(task))\nos.system(text)\nsubprocess.run(['ls'])"
    assert [line for line, _ in unread_launches(Source("a.py", text))] == [2, 3]


@settings(deadline=None, max_examples=200)
@given(st.text(alphabet="subproces.run([])'\",+python* \nés", max_size=60))
def test_any_text_ends(text: str) -> None:
    read_python(Source("a.py", f"import subprocess\n{text}"))


def test_a_program_in_pytorch_sets_no_configuration_of_danijar() -> None:
    text = "config = Config(configs['defaults']).update(configs['bsuite'])\nconfig = config.update({'run.steps': 3})\n"
    assert read(text) != [] and read(f"import torch\n{text}") == []


def test_places_count_lines_as_python_does() -> None:
    text = "x = 'a\x0cb\u2028c'\nsubprocess.run(['python', 'dreamer.py', 'é', '--task', 'x'])"
    (command,) = read_python(Source("a.py", text))
    assert [word.span.text for word in command.words][1:] == ["'dreamer.py'", "'é'", "'--task'", "'x'"]


def test_flags_that_code_parses_stand_behind_its_settings() -> None:
    (words,) = read(CONFIGURED + "config = embodied.Flags(config).parse(argv=['--run.steps=3', '--seed', '4'])\n")
    assert words[-3:] == ["--run.steps=3", "--seed", "4"]
    assert read(CONFIGURED + "config = embodied.Flags(config).parse()\n") == read(CONFIGURED)
