"""Upstream's own presets: every defect that is known there is found and labelled, and nothing else is loud.

The files are written from the key tables, so that no text of upstream is kept here.
"""

from pathlib import Path

import pytest
import ruamel.yaml

from dreamerguard.core.finding import Severity
from dreamerguard.lint.engine import check_command
from dreamerguard.lint.preset_check import check_presets
from dreamerguard.programs.shared.key_tables import Table, load_table
from dreamerguard.sources.argv import read_command

#: Table -> what is known to be wrong in upstream's own file: rule and key.
KNOWN = {
    "danijar_2023": {("unknown-key", "actor_eval_sample")},
    "danijar_2024": {("nonpositive-interval", "run.save_every"), ("mismatched-preset", "task")},
    "danijar_2025": {("nonpositive-interval", "run.save_every")},
    "nm512_torch": {
        ("unread-key", "value.layers"),
        ("unread-key", "step"),
        ("unapplied-action-repeat", "action_repeat"),
    },
}
QUIET = {
    "danijar_2025": {
        ("dead-key", "clock_addr"), ("dead-key", "clock_port"), ("dead-key", "replay.priosignal"),
        ("dead-key", "run.duration"), ("serial-environments", "run.debug"),
    },
    "nm512_torch": {("dead-key", "debug"), ("dead-key", "reset_every"), ("unread-key", "step")},
}  # fmt: skip


def write(table: Table, path: Path) -> Path:
    """A preset file with upstream's values."""
    nested = table.name == "nm512_torch"
    blocks = {"defaults": _block(table.defaults, nested)}
    blocks |= {name: _block(values, nested) for name, values in table.presets.items()}
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8") as stream:
        ruamel.yaml.YAML(typ="safe").dump(blocks, stream)
    return path


def _block(values, nested):
    block = {}
    for key, value in values.items():
        plain = list(value) if isinstance(value, tuple) else value
        group, dot, leaf = key.partition(".")
        if nested and dot:
            block.setdefault(group, {})[leaf] = plain
        else:
            block[key] = plain
    return block


@pytest.mark.parametrize("name", KNOWN)
def test_known_defects_are_found_and_nothing_else_is_loud(name: str, tmp_path: Path) -> None:
    result = check_presets(write(load_table(name), tmp_path / "configs.yaml"))
    assert result is not None
    loud = [item for item in result.findings if item.severity is not Severity.INFO]
    assert {(item.name, item.key) for item in loud} == KNOWN[name]
    assert all(item.upstream for item in loud)
    quiet = {(item.name, item.key) for item in result.findings if item.severity is Severity.INFO and item.upstream}
    assert QUIET.get(name, set()) <= quiet


@pytest.mark.parametrize(
    ("name", "script"),
    [
        ("danijar_2025", "python dreamerv3/main.py --logdir x"),
        ("danijar_2024", "python dreamerv3/main.py --logdir x"),
        ("danijar_2023", "python dreamerv3/train.py --logdir x"),
        ("nm512_torch", "python dreamer.py --logdir x"),
    ],
)
@pytest.mark.parametrize("on_disk", [True, False], ids=["file", "table"])
def test_every_preset_alone_is_clean_but_for_upstreams_defects(
    name: str, script: str, on_disk: bool, tmp_path: Path
) -> None:
    table = load_table(name)
    if on_disk:
        write(table, tmp_path / ("configs.yaml" if name == "nm512_torch" else "dreamerv3/configs.yaml"))
    hint = {"danijar_2024": " --run.num_envs 16"}.get(name, "")
    for preset in table.presets:
        task = " --task atari_pong" if (name, preset) == ("nm512_torch", "atari100k") else ""
        words = f"{script} --configs {preset}{hint}{task}".split()
        findings = check_command(read_command(words), folder=tmp_path).findings
        loud = [item for item in findings if item.severity is not Severity.INFO and not item.upstream]
        assert loud == [], (preset, loud[0].message)
