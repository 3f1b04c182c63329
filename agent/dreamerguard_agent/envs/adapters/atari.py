"""Atari games by the Arcade Learning Environment (ALE), as danijar/dreamerv3 plays them at e3f0224.

Rules of `embodied/envs/atari.py`, and values of `dreamerv3/configs.yaml`, lines 30 (``atari``) and 33 (``atari100k``):

| rule | lines | atari | atari100k |
| --- | --- | --- | --- |
| image size; Pillow, bilinear, after pooling and before gray | 163-166 | 96 x 96 | 64 x 64 |
| gray: 0.299 R + 0.587 G + 0.114 B, rounded down | 17, 167-170 | yes | no |
| action repeat; rewards are added, the end of the episode stops it | 104-122 | 4 | 4 |
| pooling: maximum of the two newest frames that were kept | 107, 156 | 2 | 2 (default, line 25) |
| sticky actions: each frame repeats the last action with probability 0.25 | 61 | yes | no |
| actions: all 18, or those that the game needs | 62-65 | all | needed |
| no-op starts: uniform from 0 to the limit, both included | 130-134 | 30 | 30 |
| a lost life | 115-119 | changes nothing | changes nothing |
| limit in frames after the no-ops (27,000 agent steps) | 112 | 108,000 | 108,000 (default, line 25) |
| autostart: FIRE and UP after the no-ops | 135-143 | no | no |

At the start of an episode both frames are the newest one (144-147). A game that ends before the last two frames of a
repeat shows the older frames (107). Rewards are not clipped (154).

Three differences are intended.

1. The reference sets the probability of sticky actions after it loads the game (line 61). ALE reads it only while it
   loads: with ale-py 0.9.0, which the reference requires, and with 0.12.1, ``sticky: False`` has no effect, and actions
   stick with ALE's default of 0.25. Here the setting counts, as in the first release of 2023. `env.atari.sticky=true`
   with the other settings of atari100k plays as the code of the reference does.
2. The reference marks every last step as terminal (line 176), also at the limit in frames, and no other step. Here
   `is_terminal` is what lines 110 to 118 compute: the end of the game, and a lost life with ``lives`` at ``discount``
   or ``reset``. A limit is not terminal.
3. Sticky actions are drawn here, by the rule of ALE, because a stored state of ALE does not hold the last action. An
   episode starts with no action to repeat.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import Any

import ale_py
import ale_py.roms
import numpy as np
from PIL import Image

from dreamerguard.schema import AtariSection, RunConfig

from ...base.spaces import ArraySpace
from ..protocol import Array, EnvError, Values, flags
from .generator_state import read_generator, write_generator

#: Probability that a frame repeats the last action instead of the chosen one, where actions are sticky.
STICKY = 0.25
#: Frames whose maximum is the observation.
POOLING = 2
#: Weights of red, green and blue in a gray image.
WEIGHTS = np.array([0.299, 0.587, 1 - (0.299 + 0.587)])
#: Names in use for a game -> ALE's name.
RENAMED = {"james_bond": "jamesbond"}


def make(name: str, config: RunConfig, seed: int) -> Atari:
    """Makes the environment of a run; see `Atari`.

    Args:
      name: the game, for example ``pong``.
      config: the run; `env` is read.
      seed: seed of no-op starts and sticky actions.

    Raises:
      EnvError: ALE has no such game, or the run wants no images.
    """
    env = config.env
    if env.observation != "vision":
        raise EnvError(f"{config.task} has only images; remove env.observation={env.observation}")
    rules = env.atari.model_copy(update={"length": min(env.atari.length, env.time_limit or env.atari.length)})
    return Atari(name, rules, repeat=env.action_repeat, size=env.image_size, seed=seed)


class Atari:
    """One game, as an `Env`.

    Args:
      game: ALE's name of the game, for example ``ms_pacman``.
      rules: the protocol.
      repeat: frames for which an action is repeated.
      size: height and width of the image.
      seed: seed of no-op starts and sticky actions.

    Raises:
      EnvError: ALE has no such game.
    """

    def __init__(self, game: str, rules: AtariSection, *, repeat: int = 4, size: int = 96, seed: int = 0) -> None:
        self._rules, self._repeat, self._size = rules, repeat, size
        self._random = np.random.default_rng(seed)
        self._ale = load_game(game, int(self._random.integers(0, 2**31)))
        all_actions = rules.actions == "all"
        self._actions = self._ale.getLegalActionSet() if all_actions else self._ale.getMinimalActionSet()
        self._frames = [np.zeros((*self._ale.getScreenDims(), 3), np.uint8)] * POOLING  # the newest first
        self._executed = ale_py.Action.NOOP
        self._lives = self._duration = 0
        self._done = True

    @property
    def obs_space(self) -> Mapping[str, ArraySpace]:
        """The image, [size, size, 1 or 3]; see `Env`."""
        return {"image": ArraySpace("uint8", (self._size, self._size, 1 if self._rules.gray else 3))}

    @property
    def act_space(self) -> Mapping[str, ArraySpace]:
        """The number of an action of the game; see `Env`."""
        return {"action": ArraySpace("int32", classes=len(self._actions))}

    def step(self, action: Mapping[str, Any]) -> Values:
        """Acts for `repeat` frames, or starts an episode; see `Env`.

        Raises:
          EnvError: the game has no such action.
        """
        if action["reset"] or self._done:
            self._start()
            self._lives, self._duration, self._done = self._ale.lives(), 0, False
            return self._observe(0.0, first=True)
        number = int(action["action"])
        if not 0 <= number < len(self._actions):
            raise EnvError(f"action {number} does not exist: the game has actions 0 to {len(self._actions) - 1}")
        reward, self._done, terminal = self._play(self._actions[number])
        return self._observe(reward, last=self._done, terminal=terminal)

    def state(self) -> Values:
        """Returns game, frames, random state and counters; see `Storable`."""
        system = np.frombuffer(self._ale.cloneSystemState().serialize(), np.uint8)
        counters = [self._lives, self._duration, self._executed.value, self._done]
        return {
            "ale": np.frombuffer(ale_py.__version__.encode(), np.uint8),
            "system": system,
            "frames": np.stack(self._frames),
            "counters": np.array(counters, np.int64),
            **read_generator(self._random),
        }

    def load(self, state: Mapping[str, Array]) -> None:
        """Restores a `state`; see `Storable`.

        Raises:
          ValueError: another version of ALE stored the state, or it is damaged.
        """
        version = state["ale"].tobytes().decode(errors="replace")
        if version != ale_py.__version__:
            raise ValueError(f"ale-py {version} stored the games, this is ale-py {ale_py.__version__}")
        lives, duration, executed, done = state["counters"].tolist()
        try:
            self._ale.restoreSystemState(ale_py.ALEState(state["system"].tobytes()))
        except SystemError as error:
            raise ValueError("ALE cannot read the stored game") from error
        self._frames = [frame.copy() for frame in state["frames"]]
        self._lives, self._duration, self._done = lives, duration, bool(done)
        self._executed = ale_py.Action(executed)
        write_generator(self._random, state)

    def frame(self) -> Array:
        """Returns the screen of the game, [210, 160, 3] for most games; see `Watchable`."""
        screen: Array = self._ale.getScreenRGB()
        return screen

    def close(self) -> None:
        """Does nothing: the game is freed with this object."""

    def _start(self) -> None:
        """Starts a game, plays the no-ops and shows the newest frame alone."""
        action = ale_py.Action
        self._executed = action.NOOP
        self._ale.reset_game()
        starting = [action.NOOP] * int(self._random.integers(self._rules.noops + 1))
        if self._rules.autostart and action.FIRE in self._actions:
            starting += [action.FIRE, action.UP]
        for act in starting:
            self._act(act)
            if self._ale.game_over():
                self._ale.reset_game()
        self._frames = [self._ale.getScreenRGB()] * POOLING

    def _play(self, act: ale_py.Action) -> tuple[float, bool, bool]:
        """Returns the sum of the rewards, whether the episode ends, and whether nothing can follow."""
        rules, reward = self._rules, 0.0
        for frame in range(self._repeat):
            reward += self._act(act)
            self._duration += 1
            if frame >= self._repeat - POOLING:
                self._frames = [self._ale.getScreenRGB(), *self._frames[:-1]]
            over, lives = bool(self._ale.game_over()), int(self._ale.lives())
            lost, self._lives = 0 < lives < self._lives, lives
            terminal = over or (lost and rules.lives != "unused")
            last = over or self._duration >= rules.length or (lost and rules.lives == "reset")
            if terminal or last:
                break
        return reward, last, terminal

    def _act(self, act: ale_py.Action) -> float:
        """Plays one frame with the action, or with the last one where actions are sticky."""
        if not self._rules.sticky or self._random.random() >= STICKY:
            self._executed = act
        return float(self._ale.act(self._executed))

    def _observe(self, reward: float, *, first: bool = False, last: bool = False, terminal: bool = False) -> Values:
        image = Image.fromarray(np.maximum.reduce(self._frames))
        pixels = np.asarray(image.resize((self._size, self._size), Image.Resampling.BILINEAR))
        if self._rules.gray:
            pixels = (pixels * WEIGHTS).sum(-1, keepdims=True).astype(np.uint8)
        return {"image": pixels, **flags(reward, first, last, terminal)}


def load_game(game: str, seed: int) -> ale_py.ALEInterface:
    """Loads a game into a new emulator without sticky actions, which `Atari` draws.

    Raises:
      EnvError: ALE has no such game; names the nearest games.
    """
    known = ale_py.roms.get_all_rom_ids()
    game = RENAMED.get(game, game)
    if game not in known:
        near = difflib.get_close_matches(game.lower(), known, n=3, cutoff=0.5)
        meant = f" Did you mean {' or '.join(near)}?" if near else f" ALE has {', '.join(sorted(known))}."
        raise EnvError(f"ALE has no game `{game}`.{meant}")
    ale_py.ALEInterface.setLoggerMode(ale_py.LoggerMode.Error)
    ale = ale_py.ALEInterface()
    ale.setInt("random_seed", seed)
    ale.setFloat("repeat_action_probability", 0.0)  # ALE reads it only while it loads a game
    try:
        ale.loadROM(ale_py.roms.get_rom_path(game))
    except (OSError, RuntimeError, SystemError) as error:
        raise EnvError(f"ALE cannot load the game `{game}`: {error}") from error
    return ale
