"""`dreamerguard eval --video` as users start it, with agents that have learned nothing."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import imageio_ffmpeg
import numpy as np
import pytest

from dreamerguard.programs.native import run_directory
from dreamerguard.schema import RunConfig
from dreamerguard_agent.runtime import compiled
from dreamerguard_agent.video_file import missing_video, write_video

from ..agent.same_runs import SMALL, spec_of
from ..agent.test_pretrained import save
from .train_runs import run

pytestmark = pytest.mark.integration


def can_render() -> bool:
    """Whether this machine renders; tried in another process, because OpenGL is chosen once."""
    code = (
        "from dreamerguard.schema import RunConfig; from dreamerguard_agent.envs import make_watched;"
        "make_watched(RunConfig(task='dmc_cartpole_balance'), 0)"
    )
    return subprocess.run([sys.executable, "-c", code], capture_output=True, check=False).returncode == 0


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of two agents with a checkpoint of their first parameters; an action lasts for long."""
    folder = tmp_path_factory.mktemp("video")
    config = RunConfig(**{**SMALL, "seeds": 2, "env": {"action_repeat": 50}})
    run_directory.prepare_agents(folder / "run", config, {}, {})
    save(folder / "run", compiled.initial_state(spec_of(SMALL), [0, 1]), 800)
    return folder


def read(path: Path) -> list[np.ndarray]:
    """Decodes a video of 240 x 240 pixels."""
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-loglevel", "error", "-i", str(path)]
    command += ["-f", "rawvideo", "-pix_fmt", "rgb24", "-"]
    raw = subprocess.run(command, capture_output=True, check=True).stdout
    return list(np.frombuffer(raw, np.uint8).reshape(-1, 240, 240, 3))


def test_an_episode_of_every_agent_is_recorded(stored: Path) -> None:
    code, out, err = run(stored, "eval", "run", "--episodes", "1", "--video", "films/mine.mp4")
    if not can_render():
        assert code == 2 and "images cannot be rendered here" in err and not (stored / "films").exists()
        return
    assert code == 0, err
    assert "after 800 frames" in out
    assert sorted(path.name for path in (stored / "films").iterdir()) == ["mine-seed0.mp4", "mine-seed1.mp4"]
    assert err.count("a separate episode of 20 agent steps") == 2
    frames = read(stored / "films" / "mine-seed0.mp4")
    assert len(frames) == 21 and frames[0].shape == (240, 240, 3)
    assert np.std(frames[0]) > 5 and np.abs(frames[0].astype(int) - frames[-1]).mean() > 0.1


def test_an_agent_without_images_has_no_prediction(stored: Path) -> None:
    code, _, err = run(stored, "eval", "run", "--prediction-video")
    assert code == 2 and "the agent of dmc_cartpole_balance reconstructs no image" in err
    assert not list(stored.rglob("videos"))


def test_a_target_that_is_no_video_is_refused(stored: Path) -> None:
    code, _, err = run(stored, "eval", "run", "--video", "film.gif")
    assert code == 2 and "film.gif must end with .mp4, or be a folder" in err


def test_missing_packages_are_named() -> None:
    assert missing_video() == []
    assert missing_video(("imageio", "not_installed_here")) == ["not_installed_here"]


def test_a_video_that_fails_leaves_no_file(tmp_path: Path) -> None:
    def images():  # type: ignore[no-untyped-def]
        yield np.zeros((5, 7, 1), np.uint8)
        raise OSError("failed")

    with pytest.raises(OSError, match="failed"):
        write_video(tmp_path / "a.mp4", images())
    assert list(tmp_path.iterdir()) == []
