#!/bin/sh
# cpprb 11.0.0, numpy 2.4.6. With Nstep, the last steps of an episode that a time limit cuts get a made-up observation.
# Expected: after on_episode_end(), "next_obs" of the last N-1 transitions is the last observation of the episode, from
# which the value after the time limit is estimated (done is 0, as in the example on cpprb's page about Nstep).
# Seen: it is 1 in every number, whatever was added, while the rewards are the correct shorter sums. With done = 1 this
# does no harm, because the target multiplies the value by 0; after a time limit the learner evaluates the ones.
# Exits with 0 while this is so.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet cpprb==11.0.0 numpy==2.4.6
"$folder/venv/bin/python" - <<'PY'
from cpprb import ReplayBuffer


def stored(first, steps, count):
    """Returns what is stored of an episode with the observations first, first + 1, ..., the reward 1 and done = 0."""
    entries = {"obs": {"shape": 2}, "rew": {}, "next_obs": {"shape": 2}, "done": {}}
    buffer = ReplayBuffer(100, entries, Nstep={"size": count, "gamma": 0.5, "rew": "rew", "next": "next_obs"})
    for now in range(first, first + steps):
        buffer.add(obs=[now, -now], rew=1, next_obs=[now + 1, -now - 1], done=0)
    buffer.on_episode_end()
    return buffer.get_all_transitions()


for first, steps, count in ((100, 6, 3), (-50, 8, 2), (20, 5, 4)):
    found = stored(first, steps, count)
    made = found["next_obs"]
    print(f"{count} steps, observations {first} to {first + steps}: next_obs", made[:, 0].tolist())
    assert len(made) == steps and not found["done"].any(), "the behaviour changed"
    whole = steps - count + 1
    assert made[:whole, 0].tolist() == [first + number + count for number in range(whole)], "the behaviour changed"
    assert made[whole:].size and (made[whole:] == 1).all(), "the behaviour changed"
    assert found["rew"][-1] == 1 and found["rew"][-2] == 1.5, "the behaviour changed"
PY
