"""Groups of hydra that a checkout's defaults list names, and whose folder it does not have."""

from __future__ import annotations

from pathlib import Path

from dreamerguard.core.finding import Finding
from dreamerguard.core.source import Source
from dreamerguard.lint.engine import check_command
from dreamerguard.rules.helpers.example_files import with_r2_env
from dreamerguard.sources.commands.shell import read_shell

SCRIPT = "import hydra\n\n\n@hydra.main(config_path='configs', config_name='configs')\ndef main(config): pass\n"
PRIMARY = "defaults:\n  - env: dmc_vision\n  - model: size12M\n  - _self_\nlogdir: x\nbatch_size: 16\n"
MODEL = "rep_loss: r2dreamer\ndeter: 2048\n"


def found(root: Path, **files: str) -> list[Finding]:
    for name, text in files.items():
        path = root / name.replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.with_suffix(".py" if name == "train" else ".yaml").write_text(text)
    (item,) = read_shell(Source("command", "python train.py logdir=x"))
    return [item for item in check_command(item, folder=root).findings if item.name == "unknown-option"]


def test_a_group_that_was_not_committed(tmp_path: Path) -> None:
    files = {"train": SCRIPT, "configs__configs": PRIMARY, "configs__model__size12M": MODEL}
    (finding,) = found(tmp_path, **files)
    assert "configs has no folder env" in finding.message and "env: dmc_vision" in finding.message
    assert found(tmp_path, configs__env__dmc_vision="task: dmc_walker_walk\n") == []


def test_a_folder_of_additions_is_no_whole_checkout(tmp_path: Path) -> None:
    own = {
        name.removesuffix(".yaml").replace("/", "__"): text for name, text in with_r2_env("act_entropy: 1e-2").items()
    }
    assert found(tmp_path, **own) == []
