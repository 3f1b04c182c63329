"""Records an episode as a video (mp4), and a few of its frames for TensorBoard."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
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
from .runtime.picture_log import try_picture
from .video_file import FRAMES_PER_SECOND, gif_of, write_video

#: Agent steps after which a recording ends, also within an episode.
MOST_STEPS = 10_000
#: Frames of an episode that TensorBoard gets at most, and their greatest height.
SUMMARY_FRAMES, SUMMARY_HEIGHT = 200, 128


class Recorder:
    """Records one episode of every agent of a run. The constructor makes the first environment, and renders it.

    Args:
      config: the run.
      target: the file, which ends with .mp4, or a folder. With several agents, their seeds are added to the name.
      seed: seed of resets and actions.
      say: receives a line about every video.
      folders: folder of the logs by seed of the agent, for TensorBoard; empty: only the files are written.

    Raises:
      EnvError: the environment cannot be made, or there is nothing to see.
      ValueError: the target cannot be a video.
    """

    def __init__(
        self,
        config: RunConfig,
        target: Path,
        seed: int,
        say: Callable[[str], None],
        folders: dict[int, Path] | None = None,
    ) -> None:
        if target.suffix and target.suffix != ".mp4" and not target.is_dir():
            raise ValueError(f"--video: {target} must end with .mp4, or be a folder")
        self._config, self._target, self._seed, self._say = config, target, seed, say
        self._folders = folders or {}
        driver, _ = _start(config, seed)
        driver.close()

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
            score, length, kept = self._record(spec, own, path)
            self._say(f"video: {path}, a separate episode of {length:,} agent steps with score {score:.1f}")
            if self._config.logging.tensorboard and seed in self._folders:
                content, size = gif_of(kept, FRAMES_PER_SECOND), (kept[0].shape[0], kept[0].shape[1])
                try_picture(self._folders[seed], "eval/episode", frames, content, size, self._say)

    def _path(self, seed: int | None, frames: int) -> Path:
        ending = "" if seed is None else f"-seed{seed}"
        if self._target.suffix == ".mp4" and not self._target.is_dir():
            return self._target.with_name(f"{self._target.stem}{ending}.mp4")
        task = self._config.task.replace("/", "-").replace(":", "-")
        return self._target / f"{task}-{frames}{ending}.mp4"

    def _record(self, spec: AgentSpec, params: Any, path: Path) -> tuple[float, int, list[Array]]:
        path.parent.mkdir(parents=True, exist_ok=True)
        score, length = 0.0, -1
        thinned = Thinned()

        def shown() -> Iterator[Array]:
            nonlocal score, length
            for image, reward in play(self._config, spec, params, self._seed):
                score, length = score + reward, length + 1
                thinned.add(image)
                yield image

        write_video(path, shown())
        return score, length, thinned.images


class Thinned:
    """Keeps every n-th image of a sequence of unknown length, at most `SUMMARY_FRAMES`, in a small size.

    Attributes:
      images: those that were kept.
    """

    def __init__(self) -> None:
        self.images: list[Array] = []
        self._count, self._every = 0, 1

    def add(self, image: Array) -> None:
        """Takes the next image, uint8 [height, width, channels]."""
        if self._count % self._every == 0:
            if len(self.images) == SUMMARY_FRAMES:
                self.images, self._every = self.images[::2], 2 * self._every
            if self._count % self._every == 0:
                step = -(-image.shape[0] // SUMMARY_HEIGHT)
                self.images.append(image[::step, ::step].copy())
        self._count += 1


def play(config: RunConfig, spec: AgentSpec, params: Any, seed: int) -> Iterator[tuple[Array, float]]:
    """Plays one episode and yields an image, uint8 [height, width, channels], and the reward of every agent step.

    The first image has reward 0. The policy samples, as in an evaluation.
    """
    driver, seen = _start(config, seed)
    act = jax.jit(partial(compiled.act_with_seed, spec))
    carry = compiled.initial_carry(spec, 1, 1)
    placed = jax.device_put(np.uint32(seed))
    try:
        for count in range(MOST_STEPS):
            obs = driver.observe()
            yield seen(obs), float(obs["reward"][0])
            if obs["is_last"][0]:
                return
            carry, action, _ = act(placed, params, carry, jax.device_put(obs), np.uint32(count))
            driver.step(jax.device_get(action))
    finally:
        driver.close()


def _start(config: RunConfig, seed: int) -> tuple[Driver, Callable[[Values], Array]]:
    """Starts an episode. Returns its driver and the function that shows the current state.

    Raises:
      EnvError: the environment cannot be made, or there is nothing to see.
    """
    env = make_watched(config, env_seed(seed, 0))
    try:
        driver = Driver([env], config.model)
        return driver, _view(env, config.task, sorted(key for key, space in driver.obs_space.items() if space.image))
    except BaseException:
        env.close()
        raise


def _view(env: Env, task: str, images: list[str]) -> Callable[[Values], Array]:
    """Returns the function that shows an environment: its frame for people, else the first image of the agent."""
    reason = ""
    if isinstance(env, Watchable):
        try:
            env.frame()
            return lambda _: env.frame()
        except EnvError as error:
            reason = f" ({error})"
    if images:
        return lambda obs: np.asarray(obs[images[0]][0])
    raise EnvError(f"--video has nothing to show: {task} has no image observation and cannot be rendered{reason}")
