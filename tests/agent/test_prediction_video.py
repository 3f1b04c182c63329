"""Open-loop prediction: which images a model predicts from the actions alone, and the videos about them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dreamerguard.schema import RunConfig
from dreamerguard_agent import prediction_video
from dreamerguard_agent.algorithm import learner
from dreamerguard_agent.algorithm.open_loop import predict_images
from dreamerguard_agent.base.spaces import ArraySpace
from dreamerguard_agent.base.spec import AgentSpec
from dreamerguard_agent.checkpoints.folder import newest_sound
from dreamerguard_agent.evaluate import evaluate_checkpoint, read_spec
from dreamerguard_agent.events import Silent
from dreamerguard_agent.loop import train
from dreamerguard_agent.model.rssm import Latent
from dreamerguard_agent.prediction_video import AHEAD, BORDER, SEEN, NothingToPredict, compared
from dreamerguard_agent.replay.buffer import create_replay
from dreamerguard_agent.replay.stored_windows import stored_windows

from .same_runs import SMALL, quick_compilation
from .test_video_envs import ENVS, events, read_video, run_of

#: Colors of the constant images that the decoders below always draw.
COLORS = {"left": (10, 127, 200), "right": (255, 0, 64)}
ROWS, STEPS, CONTEXT = 3, 8, 5


def spec_of_two_images() -> AgentSpec:
    obs = {key: ArraySpace("uint8", (32, 32, 3)) for key in COLORS} | {"x": ArraySpace("float32", (2,))}
    act = {"move": ArraySpace("float32", (2,)), "jump": ArraySpace("int32", classes=3)}
    return AgentSpec.create(run_of("gym:X"), obs, act, "float32")


def batch_of(spec: AgentSpec, seed: int = 0) -> dict[str, Any]:
    """Returns windows in which every image has its constant color."""
    random, shape = np.random.default_rng(seed), (ROWS, STEPS + 1)
    flags = {key: np.zeros(shape, bool) for key in ("is_first", "is_last", "is_terminal")}
    images = {key: np.broadcast_to(np.uint8(color), (*shape, 32, 32, 3)) for key, color in COLORS.items()}
    stoch = random.integers(0, spec.model.classes, (ROWS, spec.model.stoch))
    return {
        **images,
        **flags,
        "x": random.normal(size=(*shape, 2)).astype(np.float32),
        "move": random.uniform(-1, 1, (*shape, 2)).astype(np.float32),
        "jump": random.integers(0, 3, shape).astype(np.int32),
        "reward": np.zeros(shape, np.float32),
        "context": Latent(np.zeros((ROWS, spec.model.deter), np.float32), stoch.astype(np.uint8)),
    }


def params_of(spec: AgentSpec, *, exact: bool) -> dict[str, jax.Array]:
    """Returns parameters of a new agent; ``exact``: the decoder draws the constant colors whatever the state is."""
    params = dict(learner.init_train_state(spec, jax.random.key(0)).params)
    if exact:
        shares = np.clip(np.float32([part for color in COLORS.values() for part in color]) / 255, 1e-4, 1 - 1e-4)
        params["dec/imgout/kernel"] = jnp.zeros_like(params["dec/imgout/kernel"])
        params["dec/imgout/bias"] = jnp.asarray(np.log(shares / (1 - shares)))
    return params


def test_an_exact_decoder_has_no_error() -> None:
    spec = spec_of_two_images()
    batch = batch_of(spec)
    images = predict_images(spec, params_of(spec, exact=True), batch, CONTEXT, jax.random.key(1))
    assert sorted(images) == ["left", "right"]
    for key, predicted in images.items():
        assert predicted.dtype == np.uint8 and predicted.shape == (ROWS, STEPS, 32, 32, 3)
        np.testing.assert_array_equal(predicted, batch[key][:, 1:])
        later = batch[key][:, 1:].copy()
        later[:, CONTEXT:] = 100  # the truth changes where the model does not look
        errors = error_of(compared(later, np.asarray(predicted), CONTEXT))
        assert (errors[:CONTEXT] == 127).all() and (errors[CONTEXT:] != 127).all()


def error_of(shown: np.ndarray) -> np.ndarray:
    """Cuts the error, [T, height, B, width, 3], from a video."""
    tiles = shown.reshape(len(shown), 3 * 32 + 2 * BORDER, ROWS, 32 + 2 * BORDER, 3)
    return tiles[:, BORDER + 64 : -BORDER, :, BORDER:-BORDER]


def test_the_prediction_depends_on_actions_and_not_on_later_images() -> None:
    spec = spec_of_two_images()
    params, batch = params_of(spec, exact=False), batch_of(spec)
    before = predict_images(spec, params, batch, CONTEXT, jax.random.key(1))["left"]

    def changed(key: str, step: int) -> np.ndarray:
        other = batch_of(spec, 1)[key] if key in ("move", "x") else 255 - batch[key]
        values = batch[key].copy()
        values[:, step] = other[:, step]
        after = predict_images(spec, params, {**batch, key: values}, CONTEXT, jax.random.key(1))["left"]
        return np.asarray(before != after).any((0, 2, 3, 4))

    assert not changed("left", 1 + CONTEXT).any() and not changed("x", 1 + CONTEXT).any()
    assert not changed("move", STEPS).any()  # the last action of a window led nowhere in it
    moved = changed("move", CONTEXT)  # led to the first predicted step
    assert not moved[:CONTEXT].any() and moved[CONTEXT:].any()
    assert changed("left", 2)[1:].any() and not changed("left", 2)[0]


def test_windows_lie_side_by_side() -> None:
    truth = np.arange(2 * 4, dtype=np.uint8).reshape(2, 4, 1, 1, 1) * np.ones((1, 1, 16, 32, 1), np.uint8) * 20
    shown = compared(truth, truth + 10, 3)
    assert shown.shape == (4, 3 * 16 + 2 * BORDER, 2 * (32 + 2 * BORDER), 3) and shown.dtype == np.uint8
    for step in range(4):
        assert (shown[step, 0] == (SEEN if step < 3 else AHEAD)).all()
        assert (shown[step, :, 0] == (SEEN if step < 3 else AHEAD)).all()
        for row in range(2):
            left = row * (32 + 2 * BORDER) + BORDER
            values = [shown[step, BORDER + 16 * part + 5, left + 7].tolist() for part in range(3)]
            now = 20 * (4 * row + step)
            assert values == [[now] * 3, [now + 10] * 3, [132] * 3]


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[RunConfig, Path]:
    """A run of two agents with images and a replay that has wrapped around."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(ENVS)
        folder = tmp_path_factory.mktemp("predict")
        settings = {**run_of("room").model_dump(), "seeds": 2, "eval": {"every": 0}}
        settings |= {"run": {"frames": 200, "train_ratio": 1, "envs": 2}}
        settings["replay"] = {"batch_size": 2, "batch_length": 8, "capacity": 60}
        settings["env"] = {"make": "my_envs:room", "action_repeat": 1, "time_limit": 12, "backend": "serial"}
        config = RunConfig(**settings)
        with quick_compilation(folder / "cache"):
            train(config, folder, Silent(), lambda: False)
    return config, folder


def test_windows_of_a_checkpoint_are_those_of_the_replay(trained: tuple[RunConfig, Path]) -> None:
    config, folder = trained
    found, _ = newest_sound(folder / "checkpoints")
    assert found is not None
    spec = spec_of_room(config)
    replay = create_replay(config, spec, 100, "host", folder, (1,))
    replay.load(found)
    for agent in range(2):
        listed = found.part("sampler")[f"{agent}.windows"]
        chosen = listed[np.random.default_rng(3).choice(len(listed), len(listed), replace=False)]
        read = stored_windows(found, agent, 2, 1000, 8, 3)
        whole = replay.windows(agent, chosen)
        jax.tree.map(np.testing.assert_array_equal, read, jax.device_get(whole))
    replay.close()


def spec_of_room(config: RunConfig) -> AgentSpec:
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(ENVS)
        return read_spec(config)


@pytest.mark.parametrize("without_ffmpeg", [False, True])
def test_every_agent_gets_a_video(
    trained: tuple[RunConfig, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, without_ffmpeg: bool
) -> None:
    config, folder = trained
    monkeypatch.chdir(ENVS)
    if without_ffmpeg:
        monkeypatch.setattr(prediction_video, "missing_video", lambda: ["imageio_ffmpeg"])
    folders = {seed: tmp_path / f"seed{seed}" for seed in (0, 1)}
    for path in folders.values():
        path.mkdir()
    said: list[str] = []

    def watch(found: Any, spec: AgentSpec, params: Any) -> None:
        prediction_video.record_predictions(config, found, spec, params, folders, 0, said.append)

    evaluate_checkpoint(config, folder, 1, 0, said.append, watch)
    for path in folders.values():
        [video] = (path / "videos").iterdir()
        assert video.name == f"prediction-200-view.{'gif' if without_ffmpeg else 'mp4'}"
        assert f"{video}, 6 windows: truth, model, error; 4 steps seen (green), 4 predicted (red)" in "".join(said)
        [log] = (path / "tensorboard" / "videos").iterdir()
        [value] = events(log)[1].summary.value
        assert value.tag == "eval/prediction/view" and value.image.encoded_image_string[:3] == b"GIF"
        if not without_ffmpeg:
            frames = read_video(video)
            # 196 x 408 pixels, doubled to reach the least height
            assert len(frames) == 8 and frames[0].shape == (2 * (3 * 64 + 4), 2 * 6 * 68, 3)
            assert frames[0][1, 1, 1] > 150 > frames[7][1, 1, 1] and frames[7][1, 1, 0] > 150


def test_a_run_without_images_or_replay_has_nothing_to_show(trained: tuple[RunConfig, Path]) -> None:
    config, folder = trained
    found, _ = newest_sound(folder / "checkpoints")
    assert found is not None
    blind = RunConfig(**{**SMALL, "task": "gym:X"})
    obs, act = {"x": ArraySpace("float32", (2,))}, {"action": ArraySpace("int32", classes=2)}
    spec = AgentSpec.create(blind, obs, act, "float32")
    with pytest.raises(NothingToPredict, match="the agent of gym:X reconstructs no image"):
        prediction_video.record_predictions(blind, found, spec, {}, {0: folder}, 0, print)
    found.tables.clear()
    with pytest.raises(NothingToPredict, match="the checkpoint holds no replay"):
        prediction_video.record_predictions(config, found, spec_of_room(config), {}, {0: folder}, 0, print)
