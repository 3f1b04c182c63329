#!/bin/sh
# gymnasium 1.4.0. A vector environment that is reset in part reports too small returns and lengths of episodes.
# Expected: reset(options={"reset_mask": ...}) starts the statistics of the chosen environments anew, as the code of the
# wrapper RecordEpisodeStatistics means to do.
# Seen: SyncVectorEnv and AsyncVectorEnv take the mask out of the options before the wrapper looks at them, so it clears
# the statistics of all: an episode of 5 steps with the reward 1 is reported as 1 step with the return 1.
# An open change repairs it: Farama-Foundation/Gymnasium#1696.
# Exits with 0 while this is so.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet gymnasium==1.4.0 numpy==2.4.6
cat > "$folder/episodes.py" <<'PY'
import gymnasium as gym
import numpy as np
from gymnasium.vector import AsyncVectorEnv, AutoresetMode, SyncVectorEnv


class Counting(gym.Env):
    """Ends after ``length`` steps, each with the reward 1."""

    observation_space = gym.spaces.Box(0, 100, (1,), np.float32)
    action_space = gym.spaces.Discrete(2)

    def __init__(self, length):
        self.length, self.now = length, 0

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.now = 0
        return np.zeros(1, np.float32), {}

    def step(self, action):
        self.now += 1
        return np.full(1, self.now, np.float32), 1.0, self.now == self.length, False, {}


def long_episode(kind):
    """Returns length and return that are reported of the first episode of the environment with 5 steps."""
    made = kind([lambda: Counting(2), lambda: Counting(5)], autoreset_mode=AutoresetMode.DISABLED)
    envs = gym.wrappers.vector.RecordEpisodeStatistics(made)
    envs.reset(seed=0)
    for _ in range(5):
        _, _, terminated, truncated, info = envs.step(np.zeros(2, int))
        done = terminated | truncated
        if done[1]:
            break
        if done.any():
            envs.reset(options={"reset_mask": done})
    envs.close()
    return int(info["episode"]["l"][1]), float(info["episode"]["r"][1])


if __name__ == "__main__":
    for kind in (SyncVectorEnv, AsyncVectorEnv):
        found = long_episode(kind)
        print(f"{kind.__name__}: an episode of 5 steps is reported with {found[0]} and the return {found[1]:g}")
        assert found == (1, 1.0), "the behaviour changed"
PY
"$folder/venv/bin/python" -W ignore "$folder/episodes.py"
