"""Numbers that PyYAML reads as text, compared with PyYAML itself."""

import re
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from dreamerguard.core.values import resolve_scalar
from dreamerguard.lint.engine import check_command
from dreamerguard.lint.preset_check import check_presets
from dreamerguard.programs.shared.yaml_numbers import _TEXT, _with_dot
from dreamerguard.rules.helpers.example_files import with_torch_preset
from dreamerguard.sources.argv import read_command

SCRIPT = """
import argparse, pathlib
import yaml
configs = yaml.safe_load(pathlib.Path("configs.yaml").read_text())
def args_type(default):
    return lambda x: type(default)(x)
def main(config):
    print(config.steps // config.action_repeat, config.model_lr)
"""


def wrong(folder: Path, script: str, preset: str = "steps: 1e6") -> list[tuple[str, str]]:
    (folder / "configs.yaml").write_text(with_torch_preset(preset)["configs.yaml"])
    (folder / "dreamer.py").write_text(script)
    command = read_command(["python", "dreamer.py", "--configs", "mine", "--task", "dmc_walker_walk", "--logdir", "x"])
    result = check_command(command, folder=folder)
    return [(item.key, item.primary.span.text) for item in result.findings if item.name == "wrong-type"]


@pytest.mark.parametrize("text", ["1e6", "1e-4", "1.0e6", "2.5E7"])
def test_text_in_a_number_stops_the_fork(tmp_path: Path, text: str) -> None:
    assert ("steps", f"steps: {text}") in wrong(tmp_path, SCRIPT, f"steps: {text}")
    result = check_presets(tmp_path / "configs.yaml")
    assert result is not None and "wrong-type" in {item.name for item in result.findings}


@pytest.mark.parametrize("text", ["1.0e+6", "1000000", "1.e-4", "0.5"])
def test_numbers_of_both_versions(tmp_path: Path, text: str) -> None:
    assert "steps" not in dict(wrong(tmp_path, SCRIPT, f"steps: {text}"))


@pytest.mark.parametrize(
    "script",
    [
        SCRIPT.replace("import yaml", "import ruamel.yaml as yaml"),
        SCRIPT.replace("config.steps //", "int(float(config.steps)) //"),
        SCRIPT + "yaml.SafeLoader.add_implicit_resolver(u'x', y, list('-+0123456789.'))\n",
        SCRIPT + "for key, value in configs.items():\n    configs[key] = float(value)\n",
        SCRIPT.replace("    return lambda", "    if isinstance(default, str): return float\n    return lambda"),
        SCRIPT.replace("yaml.safe_load", "read"),
    ],
)
def test_code_that_makes_numbers_is_fine(tmp_path: Path, script: str) -> None:
    assert "steps" not in dict(wrong(tmp_path, script))


RUAMEL = "import ruamel.yaml as r\ndef load(path):\n    return r.YAML(typ='safe').load(path.read_text())\n"


@pytest.mark.parametrize(
    ("script", "name", "module"),
    [
        (SCRIPT + "import agent\n", "agent.py", RUAMEL + "CONFIGS = load(HERE / 'configs.yaml')\n"),
        (SCRIPT + "from core import settings\n", "core/settings.py", RUAMEL + "C = load(HERE / '../configs.yaml')\n"),
        (SCRIPT.replace('"configs.yaml"', "args.suite") + "import presets\n", "presets.py", RUAMEL),
        (SCRIPT + "import omega\n", "omega.py", "from omegaconf import OmegaConf\nOmegaConf.load('configs.yaml')\n"),
    ],
)
def test_another_library_may_read_the_presets(tmp_path: Path, script: str, name: str, module: str) -> None:
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text(module)
    assert "steps" not in dict(wrong(tmp_path, script))


def test_another_library_beside_presets_with_a_relative_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "agent.py").write_text(RUAMEL + "CONFIGS = load(HERE / 'configs.yaml')\n")
    wrong(tmp_path, SCRIPT + "import agent\n")
    monkeypatch.chdir(tmp_path)
    result = check_presets(Path("configs.yaml"))
    assert result is not None and "steps" not in {item.key for item in result.findings if item.name == "wrong-type"}


@pytest.mark.parametrize("name", ["tools/convert.py", "plots.py", "other/agent.py"])
def test_another_library_for_another_file(tmp_path: Path, name: str) -> None:
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text(RUAMEL + "SCORES = load(HERE / 'scores.yaml')\n")
    (tmp_path / "other").mkdir(exist_ok=True)
    (tmp_path / "other" / "configs.yaml").write_text("a: 1\n")
    (tmp_path / "other" / "train.py").write_text(RUAMEL + "CONFIGS = load(HERE / 'configs.yaml')\n")
    assert "steps" in dict(wrong(tmp_path, SCRIPT))


def test_without_the_code_nothing_is_said(tmp_path: Path) -> None:
    (tmp_path / "configs.yaml").write_text(with_torch_preset("steps: 1e6")["configs.yaml"])
    result = check_presets(tmp_path / "configs.yaml")
    assert result is not None and "wrong-type" not in {item.name for item in result.findings}


@given(st.from_regex(r"[-+]?[1-9][0-9]{0,2}(\.[0-9]{0,2})?([eE][-+]?[0-9]{1,2})?", fullmatch=True))
def test_pyyaml_agrees(text: str) -> None:
    number, read = resolve_scalar(text), yaml.safe_load(text)
    assert isinstance(number, int | float)
    assert bool(_TEXT.fullmatch(text)) == isinstance(read, str)
    if isinstance(read, str):
        assert yaml.safe_load(_with_dot(text)) == pytest.approx(number)
    else:
        assert not re.search("[eE]", text) or read == number
