"""Open-loop prediction: which images a model predicts from the actions alone, and the videos about them."""

from __future__ import annotations

from functools import partial
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
from dreamerguard_agent.background_evaluation import Snapshot
from dreamerguard_agent.background_predictions import BackgroundPredictions
from dreamerguard_agent.base.spaces import ArraySpace
from dreamerguard_agent.base.spec import AgentSpec
from dreamerguard_agent.checkpoints.folder import newest_sound
from dreamerguard_agent.envs import Supervision
from dreamerguard_agent.evaluate import evaluate_checkpoint, read_spec
from dreamerguard_agent.events import Silent
from dreamerguard_agent.loop import train
from dreamerguard_agent.model.rssm import Latent
from dreamerguard_agent.prediction_video import AHEAD, BORDER, SEEN, NothingToPredict, compared
from dreamerguard_agent.replay.buffer import create_replay, replay_size
from dreamerguard_agent.replay.sampler import WindowSampler
from dreamerguard_agent.replay.stored_windows import stored_windows

from .same_runs import SMALL, assert_same, everything
from .test_video_envs import ENVS, events, read_video, run_of

pytestmark = pytest.mark.usefixtures("quick_programs")

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
    predict = jax.jit(partial(predict_images, spec), static_argnums=2)
    images = predict(params_of(spec, exact=True), batch, CONTEXT, jax.random.key(1))
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
    predict = jax.jit(partial(predict_images, spec), static_argnums=2)
    before = predict(params, batch, CONTEXT, jax.random.key(1))["left"]

    def changed(key: str, step: int) -> np.ndarray:
        other = batch_of(spec, 1)[key] if key in ("move", "x") else 255 - batch[key]
        values = batch[key].copy()
        values[:, step] = other[:, step]
        after = predict(params, {**batch, key: values}, CONTEXT, jax.random.key(1))["left"]
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
def trained(quick_programs: None, tmp_path_factory: pytest.TempPathFactory) -> tuple[RunConfig, Path]:
    """A run of two agents with images, evaluations and a replay that has wrapped around."""
    folder = tmp_path_factory.mktemp("predict")
    config, said = room_run(folder, eval={"every": 60, "episodes": 1})
    assert [line for line in said if "prediction" in line] == [
        f"prediction videos of the evaluations: {folder}/seed0/videos; eval.prediction_video=false: none"
    ]
    return config, folder


class Notes(Silent):
    """Keeps the notes of a run."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def note(self, text: str) -> None:
        self.said.append(text)


def room_run(folder: Path, **changes: Any) -> tuple[RunConfig, list[str]]:
    """Trains two agents with images. Returns the configuration and the notes."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(ENVS)
        settings = {**run_of("room").model_dump(), "seeds": 2}
        settings |= {"run": {"frames": 200, "train_ratio": 1, "envs": 2}}
        settings["replay"] = {"batch_size": 2, "batch_length": 8, "capacity": 60}
        settings["env"] = {"make": "my_envs:room", "action_repeat": 1, "time_limit": 12, "backend": "serial"}
        config, notes = RunConfig(**{**settings, **changes}), Notes()
        train(config, folder, notes, lambda: False)
    return config, notes.said


def test_every_evaluation_of_every_agent_has_a_video(trained: tuple[RunConfig, Path]) -> None:
    _, folder = trained
    for seed in (0, 1):
        videos = sorted((folder / f"seed{seed}" / "videos").iterdir())
        assert [path.name for path in videos] == [f"prediction-{at}-view.mp4" for at in (120, 180, 60)]
        assert len(read_video(videos[0])) == 8
        logs = [events(path)[1] for path in (folder / f"seed{seed}" / "tensorboard" / "videos").iterdir()]
        assert {log.step for log in logs} == {60, 120, 180}
        assert {log.summary.value[0].tag for log in logs} == {"eval/prediction/view"}


@pytest.mark.slow
@pytest.mark.integration
def test_the_training_is_the_same_without_videos(trained: tuple[RunConfig, Path], tmp_path: Path) -> None:
    _, folder = trained
    without = {"every": 60, "episodes": 1, "prediction_video": False}
    said = room_run(tmp_path, eval=without, replay={"batch_size": 2, "batch_length": 8, "capacity": 60})[1]
    assert not [line for line in said if "prediction" in line] and not list(tmp_path.rglob("videos"))
    assert_same(everything(folder), everything(tmp_path))


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


@pytest.mark.parametrize("storage", ["device", "disk"])
def test_a_look_at_the_replay_changes_no_draw(trained: tuple[RunConfig, Path], tmp_path: Path, storage: str) -> None:
    config, folder = trained
    found, _ = newest_sound(folder / "checkpoints")
    assert found is not None
    replay = create_replay(config, spec_of_room(config), 100, storage, tmp_path, (1,))
    assert replay.look(1, 6, 5, 3) is None
    replay.load(found)
    before = replay.sampler_arrays()
    seen = replay.look(1, 1000, 8, 3)
    listed = WindowSampler(2, *replay_size(config, 100), np.random.SeedSequence(0), online=True)
    listed.load({key.removeprefix("1."): value for key, value in before.items() if key.startswith("1.")})
    chosen = listed.listed(np.random.default_rng(3).choice(len(listed), len(listed), replace=False))
    jax.tree.map(np.testing.assert_array_equal, seen, replay.windows(1, chosen))
    jax.tree.map(np.testing.assert_array_equal, before, replay.sampler_arrays())
    replay.close()


def spec_of_room(config: RunConfig) -> AgentSpec:
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(ENVS)
        return read_spec(config)


def test_every_agent_gets_a_video(
    trained: tuple[RunConfig, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config, folder = trained
    monkeypatch.chdir(ENVS)
    kinds = {kind: {seed: tmp_path / kind / f"seed{seed}" for seed in (0, 1)} for kind in ("mp4", "gif")}
    for path in (path for folders in kinds.values() for path in folders.values()):
        path.mkdir(parents=True)
    said: list[str] = []

    def watch(found: Any, spec: AgentSpec, params: Any) -> None:
        prediction_video.record_predictions(config, found, spec, params, kinds["mp4"], 0, said.append)
        monkeypatch.setattr(prediction_video, "missing_video", lambda: ["imageio_ffmpeg"])
        prediction_video.record_predictions(config, found, spec, params, kinds["gif"], 0, said.append)

    evaluate_checkpoint(config, folder, 1, 0, said.append, watch)
    for kind, folders in kinds.items():
        for path in folders.values():
            [video] = (path / "videos").iterdir()
            assert video.name == f"prediction-200-view.{kind}"
            assert f"{video}, 6 windows: truth, model, error; 4 steps seen (green), 4 predicted (red)" in "".join(said)
            [log] = (path / "tensorboard" / "videos").iterdir()
            [value] = events(log)[1].summary.value
            assert value.tag == "eval/prediction/view" and value.image.encoded_image_string[:3] == b"GIF"
            if kind == "mp4":
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


def test_a_video_that_fails_is_stated_once_and_ends_nothing(
    trained: tuple[RunConfig, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device", "videos")

    config, folder = trained
    found, _ = newest_sound(folder / "checkpoints")
    assert found is not None
    monkeypatch.setattr(prediction_video.Predictions, "write", full)
    replay, said = create_replay(config, spec_of_room(config), 100, "host", tmp_path, (1,)), []
    supervision = Supervision(say=said.append)
    videos = BackgroundPredictions(config, spec_of_room(config), folder, 200, supervision)
    params = {"x": np.zeros(2)}
    videos.begin(Snapshot(60, 1, params), replay)  # the replay is empty
    replay.load(found)
    for frames in (60, 120):
        videos.begin(Snapshot(frames, 1, params), replay)
    videos.close()
    replay.close()
    assert said == ["a prediction video cannot be written: [Errno 28] No space left on device: 'videos'"]


def test_many_evaluations_have_fewer_videos_and_vectors_have_none(
    trained: tuple[RunConfig, Path],
) -> None:
    config, folder = trained
    drawn: list[int] = []

    class Empty:
        def look(self, agent: int, count: int, length: int, seed: int) -> None:
            drawn.append(seed)

    videos = BackgroundPredictions(config, spec_of_room(config), folder, 60 * 500, Supervision())
    for turn in range(1, 10):
        videos.begin(Snapshot(60 * turn, 1, {}), Empty())  # type: ignore[arg-type]
    assert drawn == [180, 181, 360, 361, 540, 541]  # of both agents
    said: list[str] = []
    obs, act = {"x": ArraySpace("float32", (2,))}, {"action": ArraySpace("int32", classes=2)}
    blind = AgentSpec.create(config, obs, act, "float32")
    videos = BackgroundPredictions(config, blind, folder, 60, Supervision(say=said.append))
    videos.begin(Snapshot(60, 1, {}), Empty())  # type: ignore[arg-type]
    assert said == ["no prediction videos: the agent reconstructs no image"] and len(drawn) == 6
