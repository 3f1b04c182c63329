#!/bin/sh
# envpool 1.2.5, tasks of dm_control. After an episode, a pool returns the last reward a second time.
# Expected: the step that starts the next episode returns the reward 0, as the page "Python Interface" of EnvPool says
# under "Auto Reset", and as EnvPool's own classic control does.
# Seen: in dm_control this step returns the last reward of the finished episode again. So a sum that starts anew
# after each end credits it to the next episode: a return of 21 for 20 steps, each of which rewards at most 1.
# Exits with 0 while this is so.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet envpool==1.2.5 gymnasium==1.4.0 numpy==2.4.6
MUJOCO_GL=disable "$folder/venv/bin/python" -W ignore - <<'PY'
import envpool
import numpy as np


def around_the_end(task, action, length):
    """Returns the last reward of the first episode and the one that starts the second; the sum of that; its steps."""
    pool = envpool.make_gymnasium(task, num_envs=1, seed=1, max_episode_steps=length)
    pool.reset()
    rewards, ends = [], []
    while len(ends) < 2:
        _, reward, terminated, truncated, info = pool.step(action)
        rewards.append(float(reward[0]))
        if terminated[0] or truncated[0]:
            ends.append(len(rewards))
    second = rewards[ends[0] :]
    return rewards[ends[0] - 1], second[0], sum(second), int(info["elapsed_step"][0])


still = np.zeros((1, 1))
last, first, total, steps = around_the_end("CartpoleBalanceSparse-v1", still, 20)
print("dm_control cartpole: last reward", last, "- at the reset", first, "- return", total, "in", steps, "steps")
assert last == first == 1 and total > steps, "the behaviour changed"
last, first, _, _ = around_the_end("CartPole-v1", np.zeros(1, np.int32), 20)
print("classic control CartPole: last reward", last, "- at the reset", first)
assert (last, first) == (1, 0), "the behaviour changed"
PY
