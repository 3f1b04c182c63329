"""Videos of episodes in the environments of every adapter: real packages, real ffmpeg, agents that learned nothing."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import imageio.v3 as imageio
import numpy as np
import pytest
from tensorboard.compat.proto.event_pb2 import Event

from dreamerguard.schema import RunConfig
from dreamerguard_agent.envs import EnvError, make_watched
from dreamerguard_agent.envs.registry import make_by_task
from dreamerguard_agent.evaluate import read_spec
from dreamerguard_agent.runtime import compiled
from dreamerguard_agent.video import SUMMARY_FRAMES, Recorder, Thinned
from dreamerguard_agent.video_file import write_video

from .same_runs import SMALL
from .test_env_gym import choose

ENVS = Path(__file__).with_name("custom_envs")


def run_of(task: str, **env: Any) -> RunConfig:
    model = {**SMALL["model"], "depth": 2, "image_blocks": 4}
    return RunConfig(
        **{**SMALL, "model": model, "task": task, "env": {"action_repeat": 1, **env}, "logging": {"tensorboard": True}}
    )


def record(config: RunConfig, path: Path, folder: Path | None = None) -> tuple[list[np.ndarray], str]:
    """Records an episode. Returns the decoded frames and the line about it."""
    said: list[str] = []
    recorder = Recorder(config, path, 0, said.append, {config.seed: folder} if folder else {})
    spec = read_spec(config)
    recorder(spec, compiled.initial_state(spec, [0]).params, 800)
    return read_video(path), said[0]


def read_video(path: Path) -> list[np.ndarray]:
    """Decodes a video with imageio, in another process: it forks, which JAX warns of."""
    target = path.with_suffix(".npy")
    code = "import sys, numpy, imageio.v3 as i; numpy.save(sys.argv[2], i.imread(sys.argv[1], plugin='FFMPEG'))"
    subprocess.run([sys.executable, "-c", code, str(path), str(target)], check=True)
    return list(np.load(target))


@pytest.mark.parametrize(
    ("task", "env", "shape"),
    [
        ("gym:CartPole-v1", {"time_limit": 12}, (400, 600, 3)),
        pytest.param("gym:Pendulum-v1", {"time_limit": 12}, (500, 500, 3), marks=pytest.mark.slow),
        pytest.param(
            "gym:CartPole-v1", {"time_limit": 12, "observation": "vision"}, (400, 600, 3), marks=pytest.mark.slow
        ),
        ("atari_pong", {"time_limit": 12, "observation": "vision"}, (420, 320, 3)),
        ("crafter_reward", {"time_limit": 12, "observation": "vision"}, (240, 240, 3)),
        ("minigrid:MiniGrid-Empty-8x8-v0", {"time_limit": 12}, (256, 256, 3)),
        pytest.param(
            "minigrid:MiniGrid-Empty-8x8-v0",
            {"time_limit": 12, "observation": "vision"},
            (256, 256, 3),
            marks=pytest.mark.slow,
        ),
        ("lamp", {"make": "my_envs:lamp"}, (240, 320, 3)),
        ("room", {"make": "my_envs:room", "time_limit": 12}, (256, 256, 3)),
        ("seen", {"make": "my_envs:seen"}, (300, 300, 3)),
    ],
)
def test_an_episode_of_every_adapter_is_recorded(
    task: str, env: dict[str, Any], shape: tuple[int, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ENVS)
    frames, line = record(run_of(task, **env), tmp_path / "a.mp4")
    steps = int(line.partition("episode of ")[2].partition(" ")[0])
    assert len(frames) == steps + 1 and 1 <= steps <= 12
    assert frames[0].shape == shape and max(frame.max() for frame in frames) > 5


def test_the_frames_are_those_of_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ENVS)
    frames, _ = record(run_of("lamp", make="my_envs:lamp"), tmp_path / "a.mp4", tmp_path)
    assert [round(float(frame[:, :150].mean()) / 20) for frame in frames] == [0, 1, 2, 3, 4, 5]
    assert all(frame[:, 170:].mean() < 10 for frame in frames)
    [path] = (tmp_path / "tensorboard" / "videos").iterdir()
    [value] = events(path)[1].summary.value
    assert (value.tag, events(path)[1].step) == ("eval/episode", 800)
    pictures = imageio.imread(value.image.encoded_image_string, extension=".gif")
    assert pictures.shape == (6, value.image.height, value.image.width, 3) == (6, 120, 160, 3)


def events(path: Path) -> list[Event]:
    """Reads the records of an event file with their lengths alone."""
    data, found = path.read_bytes(), []
    while data:
        length = int.from_bytes(data[:8], "little")
        found.append(Event.FromString(data[12 : 12 + length]))
        data = data[16 + length :]
    return found


def test_looking_changes_no_episode() -> None:
    for task in ("atari_pong", "crafter_reward", "minigrid:MiniGrid-Dynamic-Obstacles-5x5-v0"):
        config = run_of(task, observation="proprio" if ":" in task else "vision")
        shown, other = make_watched(config, 3), make_by_task(config, 3)
        rngs = np.random.default_rng(0), np.random.default_rng(0)
        start = {"reset": np.asarray(True)} | {key: space.zeros(1)[0] for key, space in shown.act_space.items()}
        shown.step(start)
        other.step(start)
        for _ in range(30):
            assert shown.frame().dtype == np.uint8  # type: ignore[attr-defined]
            first, second = shown.step(choose(shown, rngs[0])), other.step(choose(other, rngs[1]))
            for key, value in first.items():
                np.testing.assert_array_equal(value, second[key])


@pytest.mark.parametrize(
    ("task", "env", "reason"),
    [
        ("gym:Blackjack-v1", {"kwargs": {"nosuch": 1}}, "gymnasium cannot make Blackjack-v1"),
        ("silent", {"make": "my_envs:silent"}, "render.. returned NoneType, not an image"),
        ("own", {"make": "my_envs:own"}, "own: it has no frame"),
    ],
)
def test_an_environment_without_a_picture_is_refused(
    task: str, env: dict[str, Any], reason: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ENVS)
    with pytest.raises(EnvError, match=reason):
        Recorder(run_of(task, **env), tmp_path / "a.mp4", 0, print)


def test_images_of_two_sizes_are_no_video(tmp_path: Path) -> None:
    with pytest.raises(OSError, match=r"an image has \(240, 480\) pixels"):
        write_video(tmp_path / "a.mp4", [np.zeros((240, 240, 3), np.uint8), np.zeros((240, 480, 3), np.uint8)])
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("count", [1, 7, SUMMARY_FRAMES, SUMMARY_FRAMES + 1, 1000])
def test_a_long_episode_is_thinned_evenly(count: int) -> None:
    thinned = Thinned()
    for number in range(count):
        thinned.add(np.full((300, 400, 3), number % 256, np.uint8))
    assert len(thinned.images) <= SUMMARY_FRAMES and thinned.images[0].shape == (100, 134, 3)
    steps = np.diff([int(image[0, 0, 0]) for image in thinned.images]) % 256
    assert len(set(steps.tolist())) <= 1
