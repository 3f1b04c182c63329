"""The configuration that a finished run stored is linted as what it is."""

from pathlib import Path

import pytest

from dreamerguard.core.finding import Severity
from dreamerguard.lint.engine import check_stored
from dreamerguard.lint.repository import check_tree
from dreamerguard.programs.danijar.editions import EDITIONS
from dreamerguard.programs.danijar.published import preset_values

TASK = "dmc_walker_walk"


def store(folder: Path, edition: str = "2025", **values: object) -> Path:
    """Writes the flat configuration of the proprio preset, as nested keys."""
    table = EDITIONS[edition].load()
    flat = preset_values(table, "dmc_proprio") | {"task": TASK, "logdir": "x"} | values
    path = folder / "config.yaml"
    tree: dict[str, object] = {}
    for key, value in flat.items():
        node = tree
        *above, last = key.split(".")
        for part in above:
            node = node.setdefault(part, {})  # type: ignore[assignment]
        node[last] = list(value) if isinstance(value, tuple) else value
    path.write_text(_yaml(tree), encoding="utf-8")
    return path


def _yaml(tree: dict[str, object], depth: int = 0) -> str:
    lines = []
    for key, value in tree.items():
        name = "  " * depth + f"{key!r}" if not key.isidentifier() else "  " * depth + key
        if isinstance(value, dict):
            lines.append(f"{name}:\n{_yaml(value, depth + 1)}")
        else:
            lines.append(f"{name}: {value!r}\n")
    return "".join(lines)


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


def test_a_key_that_a_fork_added_is_its_own(tmp_path: Path) -> None:
    result = check_stored(store(tmp_path, **{"agent.my_idea": 3, "task": "custom_a"}))
    assert result is not None
    assert result.run.unknown == ()


@pytest.mark.parametrize("text", ["task: x\ntrain_ratio: 3\n", "", "[1, 2]", "task: [\n", "defaults: {task: x}\n"])
def test_other_files_are_none(text: str, tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text(text, encoding="utf-8")
    assert check_stored(tmp_path / "config.yaml") is None
