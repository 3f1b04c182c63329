"""Presets that a script applies if its command names none."""

import shlex
from pathlib import Path

import pytest

from dreamerguard.lint.engine import check_command
from dreamerguard.rules.helpers.example_files import with_preset, with_torch_preset
from dreamerguard.sources.argv import read_command

FLAGS = "import elements\nparsed, other = elements.Flags(configs={}).parse_known()\n"
OPTION = "parser.add_argument('--configs', nargs='+', default={})\n"
COMMANDS = {
    FLAGS: "python dreamerv3/main.py --task dmc_walker_walk --logdir x",
    OPTION: "python dreamer.py --task dmc_walker_walk --logdir x",
}


@pytest.mark.parametrize("script", COMMANDS)
@pytest.mark.parametrize(
    ("default", "options", "presets"),
    [
        ("['defaults', 'mine']", "", ["mine"]),
        ("['defaults']", "", []),
        ("['defaults', 'mine']", " --configs defaults", []),
        ("NAMES", "", []),
        ("'mine'", "", []),
    ],
)
def test_presets_of_a_command_without_any(
    script: str, default: str, options: str, presets: list[str], tmp_path: Path
) -> None:
    files = with_preset("batch_size: 7") if script == FLAGS else with_torch_preset("batch_size: 7")
    names = {FLAGS: "dreamerv3/main.py", OPTION: "dreamer.py"}
    for name, text in {**files, names[script]: script.format(default)}.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    run = check_command(read_command(shlex.split(COMMANDS[script] + options)), folder=tmp_path).run
    assert [item.name for item in run.presets if item.name != "defaults"] == presets
    assert (run.settings["batch_size"].value == 7) == bool(presets)
