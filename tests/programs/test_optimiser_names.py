"""Keys of a preset whose names are also those of methods of optimisers."""

from __future__ import annotations

from pathlib import Path

import pytest

from dreamerguard.lint.preset_check import check_presets
from dreamerguard.rules.helpers.example_files import with_torch_preset

SCRIPT = """
import argparse
parser = argparse.ArgumentParser()
parser.add_argument("--configs", nargs="+")
def main(config, opt):
    print(config.train_ratio, config.task, config.steps)
    {line}
"""


@pytest.mark.parametrize(
    ("line", "named"),
    [("opt.step()", True), ("self._opt.step()", True), ("print(config.step)", False), ("print(options.step)", False)],
)
def test_a_step_of_an_optimiser_reads_no_key(line: str, named: bool, tmp_path: Path) -> None:
    (tmp_path / "configs.yaml").write_text(with_torch_preset("step: 3e7", "task: maze_small")["configs.yaml"])
    (tmp_path / "dreamer.py").write_text(SCRIPT.format(line=line))
    result = check_presets(tmp_path / "configs.yaml")
    assert result is not None
    assert ("unread-key" in {item.name for item in result.findings}) is named
