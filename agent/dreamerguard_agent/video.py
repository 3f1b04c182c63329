"""Records an episode as a video (mp4), with the ffmpeg that imageio-ffmpeg brings: the extra ``video``."""

from __future__ import annotations

import importlib.util
import os
import subprocess
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any

import jax
import numpy as np

from dreamerguard.schema import RunConfig

from .base.spec import AgentSpec
from .driver import Driver
from .envs import Array, Env, EnvError, Values, Watchable, make_watched
from .envs.factory import env_seed
from .runtime import compiled

#: Module of the extra ``video``.
NEEDED = ("imageio_ffmpeg",)
FRAMES_PER_SECOND = 30
#: Agent steps after which a recording ends, also within an episode.
MOST_STEPS = 10_000
#: Smaller frames are enlarged to at least this height.
_HEIGHT = 240


def missing_video(needed: tuple[str, ...] = NEEDED) -> list[str]:
    """Returns the modules that a video needs and that are not installed."""
    return [name for name in needed if importlib.util.find_spec(name) is None]


class Recorder:
    """Records one episode of every agent of a run. The constructor makes the first environment, and renders it.

    Args:
      config: the run.
      target: the file, which ends with .mp4, or a folder. With several agents, their seeds are added to the name.
      seed: seed of resets and actions.
      say: receives a line about every video.

    Raises:
      EnvError: the environment cannot be made, or there is nothing to see.
      ValueError: the target cannot be a video.
    """

    def __init__(self, config: RunConfig, target: Path, seed: int, say: Callable[[str], None]) -> None:
        if target.suffix and target.suffix != ".mp4" and not target.is_dir():
            raise ValueError(f"--video: {target} must end with .mp4, or be a folder")
        self._config, self._target, self._seed, self._say = config, target, seed, say
        env = make_watched(config, env_seed(seed, 0))
        try:
            _check_visible(env, config.task)
        finally:
            env.close()

    def __call__(self, spec: AgentSpec, params: Any, frames: int) -> None:
        """Records an episode of every agent with its parameters, after ``frames`` environment frames of training.

        Raises:
          EnvError: the environment fails.
          OSError: a video cannot be written.
        """
        seeds = range(self._config.seed, self._config.seed + self._config.seeds)
        for index, seed in enumerate(seeds):
            own = params if len(seeds) == 1 else jax.tree.map(lambda x, index=index: x[index], params)
            path = self._path(seed if len(seeds) > 1 else None, frames)
            score, length = self._record(spec, own, path)
            self._say(f"video: {path}, a separate episode of {length:,} agent steps with score {score:.1f}")

    def _path(self, seed: int | None, frames: int) -> Path:
        ending = "" if seed is None else f"-seed{seed}"
        if self._target.suffix == ".mp4" and not self._target.is_dir():
            return self._target.with_name(f"{self._target.stem}{ending}.mp4")
        task = self._config.task.replace("/", "-").replace(":", "-")
        return self._target / f"{task}-{frames}{ending}.mp4"

    def _record(self, spec: AgentSpec, params: Any, path: Path) -> tuple[float, int]:
        path.parent.mkdir(parents=True, exist_ok=True)
        score, length = 0.0, -1

        def shown() -> Iterator[Array]:
            nonlocal score, length
            for image, reward in play(self._config, spec, params, self._seed):
                score, length = score + reward, length + 1
                yield image

        write_video(path, shown())
        return score, length


def play(config: RunConfig, spec: AgentSpec, params: Any, seed: int) -> Iterator[tuple[Array, float]]:
    """Plays one episode and yields an image, uint8 [height, width, 3], and the reward of every agent step.

    The first image has reward 0. The policy samples, as in an evaluation.
    """
    env = make_watched(config, env_seed(seed, 0))
    driver = Driver([env], config.model)
    act = jax.jit(partial(compiled.act_with_seed, spec))
    carry = compiled.initial_carry(spec, 1, 1)
    placed = jax.device_put(np.uint32(seed))
    try:
        for count in range(MOST_STEPS):
            obs = driver.observe()
            yield _image(env, obs), float(obs["reward"][0])
            if obs["is_last"][0]:
                return
            carry, action, _ = act(placed, params, carry, jax.device_put(obs), np.uint32(count))
            driver.step(jax.device_get(action))
    finally:
        driver.close()


def write_video(path: Path, images: Iterable[Array]) -> None:
    """Writes images, uint8 [height, width, 3] of one size, as mp4. A video that fails leaves no file.

    ffmpeg is started here and not by imageio, which forks this process: JAX warns that this may hang.

    Raises:
      OSError: it cannot be written.
    """
    unfinished = path.with_name(f".{path.stem}-{os.getpid()}.mp4")
    shown = map(_enlarged, images)
    try:
        first = next(iter(shown))
        with subprocess.Popen(
            _command(first, unfinished), stdin=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True
        ) as ffmpeg:
            try:
                _feed(ffmpeg, chain([first], shown))
            except BaseException:
                ffmpeg.kill()
                raise
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)


def _feed(ffmpeg: subprocess.Popen[bytes], images: Iterable[Array]) -> None:
    assert ffmpeg.stdin and ffmpeg.stderr
    with suppress(BrokenPipeError):  # then ffmpeg has ended with a message
        for image in images:
            ffmpeg.stdin.write(image.tobytes())
        ffmpeg.stdin.close()
    message = ffmpeg.stderr.read().decode(errors="replace").strip()
    if ffmpeg.wait():
        last = message.rpartition("\n")[2] or f"exit code {ffmpeg.returncode}"
        raise OSError(f"the video cannot be written: ffmpeg: {last}")


def _command(image: Array, path: Path) -> list[str]:
    from imageio_ffmpeg import get_ffmpeg_exe

    try:
        program = get_ffmpeg_exe()
    except RuntimeError as error:
        raise OSError(f"the video cannot be written: {error}") from error
    height, width = image.shape[:2]
    raw = f"-f rawvideo -pix_fmt rgb24 -s {width}x{height} -r {FRAMES_PER_SECOND} -i -".split()
    coded = ["-an", "-c:v", "libx264", "-pix_fmt", "yuv420p", "-movflags", "+faststart", "-f", "mp4", "-y"]
    return [program, "-loglevel", "error", *raw, *coded, str(path.absolute())]


def _check_visible(env: Env, task: str) -> None:
    if not isinstance(env, Watchable) and not _image_keys(env):
        raise EnvError(f"{task} has no image observation and cannot be rendered, so --video has nothing to show")


def _image(env: Env, obs: Values) -> Array:
    """Returns the first image that the agent sees, or a frame for people."""
    if keys := _image_keys(env):
        return obs[keys[0]][0]
    assert isinstance(env, Watchable)
    return env.frame()


def _image_keys(env: Env) -> list[str]:
    return sorted(key for key, space in env.obs_space.items() if space.image)


def _enlarged(image: Array) -> Array:
    """Repeats pixels of small images, gives grey ones three channels, and makes height and width even."""
    image = image[..., :3] if image.shape[-1] >= 3 else np.repeat(image[..., :1], 3, -1)
    factor = max(1, -(-_HEIGHT // image.shape[0]))
    image = np.repeat(np.repeat(image, factor, 0), factor, 1)
    height, width = image.shape[:2]
    return np.pad(image, ((0, height % 2), (0, width % 2), (0, 0)))
