"""Shows how well the world model predicts images: truth, model and error of some windows of the replay, as videos."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import jax
import numpy as np

from dreamerguard.schema import RunConfig

from .algorithm.open_loop import predict_images
from .base.spec import AgentSpec
from .checkpoints.checkpoint import Checkpoint
from .envs import Array
from .replay.ring import Windows
from .replay.stored_windows import stored_windows
from .runtime.picture_log import try_picture
from .runtime.updates import ACT, batch_of, seed_key
from .video_file import gif_of, missing_video, with_colors, write_video

#: Windows side by side, and steps of each; the reference reports as many.
WINDOWS, STEPS = 6, 32
FRAMES_PER_SECOND = 8
#: Folder of the videos in the run directory, and start of their names.
FOLDER, NAME = "videos", "prediction"
#: Pixels around each window: green while the model sees the images, red while it predicts.
BORDER, SEEN, AHEAD = 2, (0, 255, 0), (255, 0, 0)


class NothingToPredict(ValueError):
    """The run has no image that the agent reconstructs, or no window of the replay."""


def record_predictions(
    config: RunConfig,
    found: Checkpoint,
    spec: AgentSpec,
    params: Any,
    folders: Mapping[int, Path],
    seed: int,
    say: Callable[[str], None],
) -> list[Path]:
    """Writes a video of every decoded image of every agent, and the same as an image for TensorBoard.

    Args:
      config: the run.
      found: the checkpoint with the replay.
      spec: the agent.
      params: parameters of the agents in the checkpoint.
      folders: folder of the logs by seed of the agent; the videos are written to ``videos/`` in it.
      seed: seed of the choice of windows and of the latents.
      say: receives a line about every video.

    Returns:
      The files.

    Raises:
      NothingToPredict: there is nothing to show.
      OSError: a video cannot be written.
    """
    if not spec.decoded_images:
        raise NothingToPredict(f"--prediction-video: the agent of {config.task} reconstructs no image")
    predictions, written = Predictions(config, spec, say), []
    for number, folder in enumerate(folders.values()):
        windows = stored_windows(found, number, len(folders), WINDOWS, predictions.length, seed)
        if windows is None:
            why = "the replay has no whole window yet" if found.tables else "the checkpoint holds no replay"
            raise NothingToPredict(f"--prediction-video: {why}")
        own = params if len(folders) == 1 else jax.tree.map(lambda x, number=number: x[number], params)
        written += predictions.write(folder, int(found.numbers["frames"]), own, windows, seed)
    return written


class Predictions:
    """Predicts the images of windows and writes videos about them.

    Args:
      config: the run.
      spec: the agent; it decodes at least one image.
      say: receives a line about every video.

    Attributes:
      length: T, steps of a window after its first one.
    """

    def __init__(self, config: RunConfig, spec: AgentSpec, say: Callable[[str], None]) -> None:
        self.length = min(config.replay.batch_length, STEPS)
        self._seen, self._say, self._pictures = self.length // 2, say, config.logging.tensorboard
        self._predict = jax.jit(partial(predict_images, spec), static_argnums=2)

    def write(self, folder: Path, frames: int, params: Any, windows: Windows, seed: int) -> list[Path]:
        """Writes a video of every decoded image of an agent, and the same as an image for TensorBoard.

        Args:
          folder: folder of the agent's logs; the videos are written to ``videos/`` in it.
          frames: environment frames of the agent, for the names.
          params: parameters of the agent.
          windows: [B, T + 1, ...].
          seed: seed of the latents.

        Returns:
          The files.

        Raises:
          OSError: a video cannot be written.
        """
        seen, written = self._seen, []
        images = self._predict(params, batch_of(windows), seen, seed_key(np.uint32(seed), ACT))
        for key, predicted in jax.device_get(images).items():
            shown = compared(np.asarray(windows.records[key])[:, 1:], predicted, seen)
            path = _write(folder / FOLDER / f"{NAME}-{frames}-{key.replace('/', '-')}", shown)
            written.append(path)
            self._say(f"prediction video: {path}, {len(predicted)} windows: truth, model, error; {seen} steps seen"
                      f" (green), {self.length - seen} predicted (red)")  # fmt: skip
            if self._pictures:
                content = gif_of(list(shown), FRAMES_PER_SECOND)
                try_picture(folder, f"eval/{NAME}/{key}", frames, content, shown.shape[1:3], self._say)
        return written


def compared(truth: Array, predicted: Array, context: int) -> Array:
    """Puts windows side by side: truth above the model's images above the error.

    Args:
      truth: images of B windows, uint8 [B, T, height, width, channels].
      predicted: of the model, the same shape.
      context: steps that the model has seen.

    Returns:
      uint8 [T, 3 height + 2 BORDER, B (width + 2 BORDER), 3]. The error is 127 where there is none, brighter where the
      model is brighter than the truth.
    """
    error = ((predicted.astype(np.int16) - truth.astype(np.int16) + 255) // 2).astype(np.uint8)
    tiles = with_colors(np.concatenate([truth, predicted, error], 2))
    windows, steps, height, width, _ = tiles.shape
    shown = np.empty((steps, height + 2 * BORDER, windows, width + 2 * BORDER, 3), np.uint8)
    shown[:context], shown[context:] = SEEN, AHEAD
    shown[:, BORDER:-BORDER, :, BORDER:-BORDER] = tiles.transpose(1, 2, 0, 3, 4)
    return shown.reshape(steps, height + 2 * BORDER, -1, 3)


def _write(path: Path, shown: Array) -> Path:
    """Writes an mp4, or a GIF without ffmpeg. Returns the file."""
    if path.parent.is_symlink():
        raise OSError(f"{path.parent} is a link. Videos are not written through links: remove it")
    path.parent.mkdir(exist_ok=True)
    if not missing_video():
        target = path.with_name(f"{path.name}.mp4")
        write_video(target, shown, FRAMES_PER_SECOND)
        return target
    target = path.with_name(f"{path.name}.gif")
    target.write_bytes(gif_of(list(shown), FRAMES_PER_SECOND))
    return target
