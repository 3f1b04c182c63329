"""Settings that the checkout's own code refuses together."""

from pathlib import Path

import pytest

from dreamerguard.core.finding import Finding, Severity
from dreamerguard.lint.preset_check import check_presets
from tests.programs.test_closed_choices import COMMAND, fork, found

GUARD = "if not config.nested and config.rounds > 1:\n    raise ValueError('rounds')"
PRESET = ("nested: False", "rounds: 3", "task: dmc_walker_walk")


def _together(folder: Path, command: str = COMMAND) -> list[Finding]:
    return found(folder, command, "inconsistent-settings")


def test_a_combination_that_the_code_refuses(tmp_path: Path) -> None:
    fork(tmp_path, GUARD, *PRESET)
    (item,) = _together(tmp_path)
    assert item.severity is Severity.ERROR and item.primary.span.text == "nested: False"
    assert "dreamer.py:5 refuses nested false and rounds 3 together" in item.message
    assert [label.span.text for label in item.secondary] == ["rounds: 3"]
    (on_command,) = _together(tmp_path, f"{COMMAND} --rounds 5")
    assert on_command.primary.span.text == "--rounds 5" and not on_command.secondary
    assert _together(tmp_path, f"{COMMAND} --rounds 1") == _together(tmp_path, f"{COMMAND} --nested True") == []


def test_a_file_of_presets_is_warned_of_what_a_command_may_still_change(tmp_path: Path) -> None:
    fork(tmp_path, GUARD, *PRESET)
    result = check_presets(tmp_path / "configs.yaml")
    assert result is not None
    found_here = [item for item in result.findings if item.name == "inconsistent-settings"]
    assert [item.severity for item in found_here] == [Severity.WARNING]
    assert "unless a command sets another value" in found_here[0].message


@pytest.mark.parametrize(
    "body",
    [
        "assert config.nested or config.rounds == 1, 'rounds'",
        "assert not (not config.nested and config.rounds > 1)",
        "if config.rounds % 2 and not config.nested:\n    raise ValueError",
        "left = config.rounds - config.batch_length\nif left < 0:\n    raise ValueError(left)",
        "if config.rounds > 1:\n    if not config.nested:\n        raise ValueError",
        "if config.rounds == 1:\n    x = 1\nelif config.nested:\n    x = 2\nelse:\n    raise ValueError",
        "if config.nested:\n    return\nif config.rounds not in (1, 2):\n    raise ValueError",
        "for item in range(3):\n    if config.nested:\n        continue\n    assert config.rounds == 1",
        "suite, name = config.task.split('_', 1)\nif suite == 'dmc' and config.rounds != 1:\n    raise ValueError",
        "if not getattr(config, 'nested', True) and config['rounds'] > 1:\n    raise ValueError",
        "nested, rounds = bool(config.nested), int(config.rounds)\nif rounds == 3 and not nested:\n    exit(1)",
    ],
)
def test_forms(body: str, tmp_path: Path) -> None:
    fork(tmp_path, body, *PRESET)
    assert len(_together(tmp_path)) == 1


@pytest.mark.parametrize(
    "body",
    [
        "if config.nested and config.rounds > 1:\n    raise ValueError",
        f"config.rounds = 1\n{GUARD}",
        f"config.rounds //= 3\n{GUARD}",
        f"setattr(config, 'nested', True)\n{GUARD}",
        f"config = config.update({{'rounds': 1}})\n{GUARD}",
        f"config['nested'] = True\n{GUARD}",
        f"if unknown():\n    return\n{GUARD}",
        f"while unknown():\n    x = 1\n    {GUARD.replace(chr(10), chr(10) + '    ')}",
        f"try:\n    {GUARD.replace(chr(10), chr(10) + '    ')}\nexcept ValueError:\n    pass",
        "if not config.nested and config.rounds > 1 and unknown():\n    raise ValueError",
        "if not config.nested and config.rounds > 1:\n    print('slow')",
        "if not config.nested and config.other > 1:\n    raise ValueError",
        "if config.rounds != 1:\n    raise ValueError",
        "if not config.nested and config.rounds > 'a':\n    raise ValueError",
    ],
)
def test_neighbours(body: str, tmp_path: Path) -> None:
    fork(tmp_path, body, *PRESET)
    assert _together(tmp_path) == []


def test_code_that_no_run_needs_to_reach_is_left_out(tmp_path: Path) -> None:
    function = f"def export(config):\n    {GUARD.replace(chr(10), chr(10) + '    ')}\n"
    fork(tmp_path, "if config.seed:\n    export(config)", *PRESET, head=function)
    assert _together(tmp_path) == []
    fork(tmp_path, "export(config)", *PRESET, head=function)
    assert len(_together(tmp_path)) == 1
    maker = function.replace("export", "make_env")
    fork(tmp_path, "make = lambda: make_env(config)\nenvs = [make() for _ in range(3)]", *PRESET, head=maker)
    assert len(_together(tmp_path)) == 1


def test_a_call_of_a_function_with_the_same_name_reaches_neither(tmp_path: Path) -> None:
    function = f"def export(config):\n    {GUARD.replace(chr(10), chr(10) + '    ')}\n"
    fork(tmp_path, "if config.seed:\n    export(config)", *PRESET, head=f"import tools\n{function}")
    other = "def export(config):\n    pass\n\n\ndef save(config):\n    export(config)\n    print(config.nested)\n"
    (tmp_path / "tools.py").write_text(other)
    assert _together(tmp_path) == []


def test_arguments_are_followed_to_their_settings(tmp_path: Path) -> None:
    head = "class Model:\n    def __init__(self, width, heads):\n        assert width % heads == 0\n"
    fork(tmp_path, "Model(config.width, heads=config.heads)", "width: 10", "heads: 4", head=head)
    assert [item.key for item in _together(tmp_path)] == ["width"]
    fork(tmp_path, "Model(config.width, heads=config.heads)", "width: 12", "heads: 4", head=head)
    assert _together(tmp_path) == []
    fork(tmp_path, "Model(10, heads=config.heads)\nModel(config.width, 5)", "width: 10", "heads: 4", head=head)
    assert _together(tmp_path) == []


def test_a_default_task_is_not_at_fault(tmp_path: Path) -> None:
    guard = "if config.task == 'dmc_walker_walk' and config.rounds > 1:\n    raise ValueError"
    fork(tmp_path, guard, "rounds: 3")
    result = check_presets(tmp_path / "configs.yaml")
    assert result is not None and all(item.name != "inconsistent-settings" for item in result.findings)
    assert len(_together(tmp_path, f"{COMMAND} --task dmc_walker_walk")) == 1
