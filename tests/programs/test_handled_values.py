"""Values at which upstream's dreamerv3-torch stops, and forks whose own code handles them."""

from __future__ import annotations

from pathlib import Path

import pytest

from dreamerguard.core.source import Source
from dreamerguard.lint.engine import check_command
from dreamerguard.lint.preset_check import check_presets
from dreamerguard.rules.helpers.example_files import with_torch_preset
from dreamerguard.sources.commands.shell import read_shell

TAKES = 'if config.eval_state_mean:\n    latent["stoch"] = latent["mean"]\n'
HANDLES = 'if config.eval_state_mean:\n    if "mean" in latent:\n        latent["stoch"] = latent["mean"]\n'
COLLECTS = "import pathlib\nfolder = pathlib.Path(logdir) / 'train_eps'\n"


def names(root: Path, script: str, *settings: str, **files: str) -> set[str]:
    texts = {
        "dreamer.py": script,
        **with_torch_preset(*settings),
        **{f"{name}.py": text for name, text in files.items()},
    }
    for name, text in texts.items():
        (root / name).write_text(text)
    (item,) = read_shell(Source("command", "python dreamer.py --configs mine --logdir x"))
    return {found.name for found in check_command(item, folder=root).findings}


@pytest.mark.parametrize(("script", "stops"), [(TAKES, True), (HANDLES, False), ("config.task\n", True)])
def test_the_mean_of_discrete_latents(script: str, stops: bool, tmp_path: Path) -> None:
    assert ("eval-state-mean" in names(tmp_path, script, "eval_state_mean: True")) is stops


def test_a_script_that_collects_the_first_episodes(tmp_path: Path) -> None:
    assert "no-prefill" in names(tmp_path, TAKES, "prefill: 0")
    assert "no-prefill" in names(
        tmp_path, TAKES, "prefill: 0", tools=COLLECTS
    )  # upstream's module names the folder too
    assert "no-prefill" not in names(tmp_path, TAKES, "prefill: 0", collect=COLLECTS)


def test_a_preset_for_debugging_is_not_warned_of_its_size(tmp_path: Path) -> None:
    for name, loud in (("debug", False), ("small", True)):
        text = with_torch_preset("steps: 1e4", "prefill: 5000")["configs.yaml"].replace("mine:", f"{name}:")
        (tmp_path / "configs.yaml").write_text(text)
        result = check_presets(tmp_path / "configs.yaml")
        assert result is not None
        found = {item.name for item in result.findings if item.severity.value == "warning"}
        assert ("long-prefill" in found) is loud, found
