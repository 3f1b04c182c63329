"""Looking for GPUs in a file system, without starting anything."""

from pathlib import Path

import pytest

from dreamerguard.core.machine import count_gpus, detect_machine


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "dev").mkdir()
    for name in ("nvidia0", "nvidia1", "nvidiactl", "nvidia-uvm"):
        (tmp_path / "dev" / name).touch()
    return tmp_path


@pytest.mark.parametrize(
    ("visible", "expected"), [(None, 2), ("0", 1), ("0,1,2", 2), ("", 0), ("-1", 0), ("GPU-5ebe9f43", 1)]
)
def test_cards_and_what_is_visible_of_them(
    root: Path, monkeypatch: pytest.MonkeyPatch, visible: str | None, expected: int
) -> None:
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    assert count_gpus(root, visible) == expected


def test_the_environment_decides_by_default(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "1")
    assert count_gpus(root) == 1


def test_machines_without_a_driver_have_none(tmp_path: Path) -> None:
    assert count_gpus(tmp_path, None) == 0


def test_cards_known_only_to_the_driver_or_to_windows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    (tmp_path / "proc/driver/nvidia/gpus/0000:65:00.0").mkdir(parents=True)
    assert count_gpus(tmp_path) == 1
    (tmp_path / "wsl/dev").mkdir(parents=True)
    (tmp_path / "wsl/dev/dxg").touch()
    assert count_gpus(tmp_path / "wsl") == 1


def test_probe_knows_this_machine() -> None:
    machine = detect_machine()
    assert machine.gpus is not None and machine.gpus >= 0
    assert machine.cpus is not None and machine.cpus >= 1
    assert machine.memory is None or machine.memory > 2**20
