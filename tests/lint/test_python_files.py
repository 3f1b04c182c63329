"""Python files that set a configuration or start a run, checked in a repository."""

from pathlib import Path

from dreamerguard.lint.engine import check_command
from dreamerguard.lint.repository import check_tree
from dreamerguard.sources.argv import read_command

CODE = """import dreamerv3
from dreamerv3 import embodied
config = embodied.Config(dreamerv3.configs['defaults'])
config = config.update(dreamerv3.configs['small'])
config = config.update({
    'run.train_ratoi': 3,
    'run.train_ratio': 8,
    'encoder.mlp_keys': '.*',
    'encoder.cnn_keys': '$^',
    'task': 'dmc_walker_walk',
})
"""


def test_a_configuration_in_code_is_judged_at_its_lines(tmp_path: Path) -> None:
    (tmp_path / "go.py").write_text(CODE, encoding="utf-8")
    outcome = check_tree([tmp_path])
    (result,) = outcome.results
    ratio = next(item for item in result.findings if item.name == "low-train-ratio")
    assert (ratio.primary.span.source.name, ratio.primary.span.line) == ("go.py", 7)
    unknown = next(item for item in result.findings if item.name == "unknown-key")
    assert unknown.fix is not None and unknown.fix.edits[0].span.text == "run.train_ratoi"


def test_a_command_finds_the_configuration_of_its_script(tmp_path: Path) -> None:
    (tmp_path / "go.py").write_text(CODE, encoding="utf-8")
    result = check_command(read_command(["python", "go.py"]), folder=tmp_path)
    assert "low-train-ratio" in [item.name for item in result.findings]
    result = check_command(read_command(["python", "go.py", "--run.train_ratio", "512"]), folder=tmp_path)
    assert "low-train-ratio" not in [item.name for item in result.findings]


def test_a_launcher_is_judged_or_named(tmp_path: Path) -> None:
    (tmp_path / "go.py").write_text(
        "import subprocess\n"
        "subprocess.run(['python', 'dreamer.py', '--configs', 'dmc_vision', '--train_ratio', '32', '--logdir', name])\n"
        "subprocess.run(make(task))\n",
        encoding="utf-8",
    )
    outcome = check_tree([tmp_path])
    assert outcome.commands == 1
    assert "low-train-ratio" in [item.name for result in outcome.results for item in result.findings]
    assert [text.partition(" ")[0] for text in outcome.unread] == ["go.py:2", "go.py:3"]


def test_options_of_a_launchers_own_parser_are_no_flags_of_the_configuration(tmp_path: Path) -> None:
    code = (
        "config = embodied.Config(configs['defaults']).update(configs['crafter'])\n"
        "config = config.update({'logdir': 'x', 'run.steps': 1e6})\n"
    )
    (tmp_path / "own.py").write_text(f"{code}parser.add_argument('--fast', action='store_true')\n")
    command = read_command(["python", "own.py", "--fast", "--note", "a b"])
    assert not check_command(command, folder=tmp_path).active
    (tmp_path / "own.py").write_text(f"{code}config = embodied.Flags(config).parse()\n")
    assert [item.name for item in check_command(command, folder=tmp_path).active] != []
