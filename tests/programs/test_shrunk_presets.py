"""Presets with upstream's name and a far smaller network."""

import shlex
from pathlib import Path

import pytest

from dreamerguard.core.finding import Finding, Severity
from dreamerguard.lint.engine import check_command
from dreamerguard.lint.preset_check import check_presets
from dreamerguard.programs.danijar.editions import EDITIONS
from dreamerguard.sources.argv import read_command


def written(tmp_path: Path, edition: str, *blocks: str) -> Path:
    """Writes a checkout with upstream's defaults and some presets."""
    values = EDITIONS[edition].load().defaults.items()
    lines = [f"  {key}: {list(value) if isinstance(value, tuple) else value!r}" for key, value in values]
    (tmp_path / "dreamerv3").mkdir(exist_ok=True)
    (tmp_path / "dreamerv3/configs.yaml").write_text("\n".join(["defaults:", *lines, *blocks, ""]))
    return tmp_path


def found(folder: Path, preset: str, words: str = "") -> list[Finding]:
    command = f"python dreamerv3/main.py --logdir x --configs {preset} {words}"
    result = check_command(read_command(shlex.split(command)), folder=folder)
    return [finding for finding in result.active if finding.name == "shrunk-preset"]


@pytest.mark.parametrize("edition, name, deter, reported", [
    ("2024", "size12m", 8, True), ("2024", "size12m", 256, True), ("2024", "size12m", 512, False),
    ("2024", "dmc_vision", 32, True), ("2024", "dmc_vision", 64, False), ("2023", "xlarge", 64, True),
    ("2023", "xlarge", 512, False), ("2024", "tiny", 8, False), ("2024", "debug", 4, False),
    ("2025", "size1m", 64, True), ("2025", "size1m", 512, False),
])  # fmt: skip
def test_the_recurrent_state(tmp_path: Path, edition: str, name: str, deter: int, reported: bool) -> None:
    key = EDITIONS[edition].roles["deter"]
    folder = written(tmp_path, edition, f"{name}:", f"  {key}: {deter}")
    assert bool(found(folder, name)) is reported


def test_a_later_preset_or_argument_decides(tmp_path: Path) -> None:
    size = ["size12m:", "  dyn.rssm.deter: 8", "size25m:", "  dyn.rssm.deter: 3072"]
    folder = written(tmp_path, "2024", *size)
    assert found(folder, "size12m") and not found(folder, "size12m size25m")
    assert not found(folder, "size12m", "--dyn.rssm.deter 512")


def test_a_merged_block_is_reported_once_where_it_stands(tmp_path: Path) -> None:
    blocks = ["size12m: &size12m", "  dyn.rssm: {deter: 8}", "dmc_vision:", "  <<: *size12m", "  task: dmc_walker_walk"]
    result = check_presets(written(tmp_path, "2024", *blocks) / "dreamerv3/configs.yaml")
    assert result is not None
    findings = [finding for finding in result.active if finding.name == "shrunk-preset"]
    assert [item.severity for item in findings] == [Severity.WARNING]
    assert findings[0].message == "preset size12m sets dyn.rssm.deter to 8; upstream's sets 2048"
