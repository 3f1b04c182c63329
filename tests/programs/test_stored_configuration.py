"""The configuration that a finished run stored is linted as what it is."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from dreamerguard.commands.shared.first_contact import about_file
from dreamerguard.core.finding import Severity
from dreamerguard.lint.engine import check_stored
from dreamerguard.lint.repository import check_tree
from dreamerguard.programs.danijar.editions import EDITIONS
from dreamerguard.programs.danijar.published import preset_values
from dreamerguard.programs.hydra.program import preset_composition

TASK = "dmc_walker_walk"


def store(folder: Path, edition: str = "2025", **values: object) -> Path:
    """Writes the flat configuration of the proprio preset, as nested keys."""
    table = EDITIONS[edition].load()
    flat = preset_values(table, "dmc_proprio") | {"task": TASK, "logdir": "x"} | values
    return write(folder, flat)


def write(folder: Path, flat: Mapping[str, object]) -> Path:
    """Writes dotted keys as nested ones, as the programs do."""
    tree: dict[str, Any] = {}
    for key, value in flat.items():
        node = tree
        *above, last = key.split(".")
        for part in above:
            node = node.setdefault(part, {})
        node[last] = list(value) if isinstance(value, tuple) else value
    path = folder / "config.yaml"
    path.write_text(yaml.safe_dump(tree), encoding="utf-8")
    return path


@pytest.mark.parametrize("edition", list(EDITIONS))
def test_a_run_as_published_is_clean(edition: str, tmp_path: Path) -> None:
    result = check_stored(store(tmp_path, edition))
    assert result is not None
    assert (result.dialect, result.run.edition, result.judged.everything) == ("danijar", edition, True)
    assert [item.name for item in result.findings if item.severity is not Severity.INFO] == []


def test_a_ruinous_ratio_is_found_at_its_line(tmp_path: Path) -> None:
    store(tmp_path, **{"run.train_ratio": 32.0})
    (result,) = check_tree([tmp_path], folder=tmp_path).results
    (finding,) = (item for item in result.findings if item.name == "low-train-ratio")
    assert (finding.primary.span.source.name, finding.fix) == ("config.yaml", None)
    assert "train_ratio: 32" in finding.primary.span.text


def test_no_command_lacks_a_log_directory(tmp_path: Path) -> None:
    result = check_stored(store(tmp_path, logdir="/dev/null"))
    assert result is not None and not any(item.name == "missing-logdir" for item in result.active)


def test_a_key_that_a_fork_added_is_its_own(tmp_path: Path) -> None:
    result = check_stored(store(tmp_path, **{"agent.my_idea": 3, "task": "custom_a"}))
    assert result is not None
    assert result.run.unknown == ()


@pytest.mark.parametrize("text", ["task: x\ntrain_ratio: 3\n", "", "[1, 2]", "task: [\n", "defaults: {task: x}\n"])
def test_other_files_are_none(text: str, tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text(text, encoding="utf-8")
    assert check_stored(tmp_path / "config.yaml") is None


def store_sheeprl(folder: Path, **values: object) -> Path:
    composition = preset_composition("sheeprl", "config", "exp=dreamer_v3_dmc_walker_walk")
    return write(folder, {key: setting.value for key, setting in composition.settings().items()} | values)


def test_a_stored_run_of_sheeprl(tmp_path: Path) -> None:
    result = check_stored(store_sheeprl(tmp_path))
    assert result is not None
    assert result.dialect == "sheeprl"
    assert [item.name for item in result.findings if item.severity is not Severity.INFO] == []
    store_sheeprl(tmp_path, **{"algo.replay_ratio": 0.03})
    (found,) = check_tree([tmp_path], folder=tmp_path).results
    assert ("low-train-ratio", "replay_ratio: 0.03") in {(item.name, item.primary.span.text) for item in found.findings}


def test_a_stored_run_of_another_algorithm_is_not_judged(tmp_path: Path) -> None:
    result = check_stored(store_sheeprl(tmp_path, **{"algo.name": "ppo"}))
    assert result is not None
    assert result.run.other == "ppo"


def test_lint_names_the_command_that_works(tmp_path: Path) -> None:
    advice = about_file(str(store_sheeprl(tmp_path)))
    assert advice is not None
    assert "stored configuration" in advice


def store_r2dreamer(folder: Path, option: str = "dmc_vision", choices: bool = True, **values: object) -> Path:
    composition = preset_composition("r2dreamer", "configs", f"env={option}", "env.task=dmc_walker_walk", "logdir=x")
    (folder / ".hydra").mkdir(exist_ok=True)
    if choices:
        (folder / ".hydra" / "hydra.yaml").write_text(f"hydra:\n  runtime:\n    choices:\n      env: {option}\n")
    flat = {key: setting.value for key, setting in composition.settings().items() if not key.startswith("hydra.")}
    return write(folder / ".hydra", flat | values)


@pytest.mark.parametrize("choices", [True, False])
@pytest.mark.parametrize("option", ["dmc_vision", "dmc_proprio"])
def test_a_stored_run_of_r2dreamer(tmp_path: Path, option: str, choices: bool) -> None:
    result = check_stored(store_r2dreamer(tmp_path, option, choices))
    assert result is not None and result.dialect == "r2dreamer" and result.judged.everything
    assert [item.name for item in result.findings if item.severity is not Severity.INFO] == []
    store_r2dreamer(tmp_path, option, choices, **{"env.train_ratio": 16, "trainer.train_ratio": "${env.train_ratio}"})
    (result,) = check_tree([tmp_path / ".hydra" / "config.yaml"], folder=tmp_path).results
    (finding,) = (item for item in result.findings if item.name == "low-train-ratio")
    assert (finding.primary.span.source.name, finding.fix) == (".hydra/config.yaml", None)
    assert "is the stored configuration of a run of r2dreamer" in str(
        about_file(str(tmp_path / ".hydra" / "config.yaml"))
    )
