"""Files of settings that start no run: records of earlier runs, and kept copies of a file of presets."""

from pathlib import Path

import pytest
import yaml

from dreamerguard.lint.repository import check_tree
from dreamerguard.programs.danijar.editions import EDITIONS
from dreamerguard.programs.danijar.published import preset_values
from dreamerguard.rules.helpers.example_files import with_preset

PRESETS = with_preset("run.train_ratoi: 32")["dreamerv3/configs.yaml"]
LOADS = "CONFIGS = yaml.YAML(typ='safe').load((HERE / 'configs.yaml').read())\n"


def put(path: Path, text: str = "") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def judged(root: Path, *paths: Path) -> set[str]:
    found = [item for result in check_tree(paths or [root], folder=root).results for item in result.active]
    return {item.primary.span.source.name for item in found if item.name in ("unknown-key", "low-train-ratio")}


@pytest.mark.parametrize(
    "name",
    [
        "configsbak", "configs_old", "configs copy", "configs copy 2", "configs.bak", "configs-backup3", "old_configs",
        "configs (1)", "configs.yaml.orig", "Copy of configs",
    ],
)  # fmt: skip
def test_a_copy_that_nothing_loads_is_only_named(tmp_path: Path, name: str) -> None:
    put(tmp_path / "dreamerv3/main.py", LOADS)
    put(tmp_path / "dreamerv3/configs.yaml", PRESETS)
    put(tmp_path / f"dreamerv3/{name}.yaml", PRESETS)
    assert judged(tmp_path) == {"dreamerv3/configs.yaml"}
    assert f"dreamerv3/{name}.yaml is a copy of configs.yaml that nothing loads" in check_tree([tmp_path]).unread[0]
    assert judged(tmp_path, tmp_path / f"dreamerv3/{name}.yaml")


@pytest.mark.parametrize(
    ("name", "code", "page"),
    [
        ("configs_small", LOADS, ""),
        ("configs_old", LOADS + "OLD = load('configs_old.yaml')\n", ""),
        ("configs_old", LOADS, "```sh\npython dreamerv3/main.py --file configs_old --configs mine\n```\n"),
        ("configs_old", LOADS + "def other(name): return load(f'{name}.yaml')\n", ""),
        ("settings_old", LOADS, ""),
    ],
)
def test_a_file_that_may_be_loaded_is_judged(tmp_path: Path, name: str, code: str, page: str) -> None:
    put(tmp_path / "dreamerv3/main.py", code)
    put(tmp_path / "dreamerv3/configs.yaml", PRESETS)
    put(tmp_path / f"dreamerv3/{name}.yaml", PRESETS)
    put(tmp_path / "README.md", page)
    assert f"dreamerv3/{name}.yaml" in judged(tmp_path)


def stored(path: Path) -> Path:
    values = preset_values(EDITIONS["2025"].load(), "dmc_proprio") | {"task": "dmc_walker_walk", "run.train_ratio": 32}
    tree: dict[str, object] = {}
    for key, value in values.items():
        group = tree
        *parents, leaf = key.split(".")
        for part in parents:
            group = group.setdefault(part, {})  # type: ignore[assignment]
        group[leaf] = list(value) if isinstance(value, tuple) else value
    put(path, yaml.safe_dump(tree))
    return path


@pytest.mark.parametrize(
    ("name", "beside"),
    [
        ("kept/walker/config.yaml", "metrics.jsonl"),
        ("kept/walker/config.yaml", "events.out.tfevents.17.host.1"),
        ("kept/resolved.yaml", "latest.ckpt"),
        ("results/a/.hydra/config.yaml", ""),
        ("artifacts/smoke/resolved_config.yaml", ""),
        ("Outputs/2026-01-01/config.yaml", ""),
        ("logs/runs/a/version_0/config.yaml", ""),
    ],
)
def test_the_record_of_a_run_is_only_named(tmp_path: Path, name: str, beside: str) -> None:
    path = stored(tmp_path / name)
    if beside:
        put(path.parent / beside)
    assert judged(tmp_path) == set()
    assert check_tree([tmp_path]).unread == [f"{name} is the record of an earlier run, so it was not judged"]
    assert judged(tmp_path, path) == {name}


@pytest.mark.parametrize("name", ["config.yaml", "jobs/walker.yaml", "experiments/a/config.yaml", "runs/job.yaml"])
def test_a_whole_configuration_without_a_run_is_judged(tmp_path: Path, name: str) -> None:
    stored(tmp_path / name)
    put((tmp_path / name).with_name("train.py"))
    assert judged(tmp_path) == {name}
