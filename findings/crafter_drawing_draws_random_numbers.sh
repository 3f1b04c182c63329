#!/bin/sh
# crafter 1.8.3. Looking at the game changes how it goes on.
# Expected: `env.render()` only draws; what happens next does not depend on how often it was called.
# Seen: the noise of the night is drawn from the world's own random numbers (`crafter/engine.py`, class LocalView), from
# which creatures and balance draw too. After one extra picture the generator has another state, so an episode that is
# filmed is another episode. A viewer has to store and restore the generator. Exits with 0 while this is so.
set -eu
unset PYTHONPATH
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet crafter==1.8.3 numpy==2.4.6
cat > "$folder/play.py" <<'PY'
import warnings

warnings.simplefilter("ignore")
import crafter

env = crafter.Env(seed=4)
env.reset()
changed = 0
for _ in range(280):
    if env.step(0)[2]:
        break
    before = env._world.random.get_state()
    env.render((64, 64))
    after = env._world.random.get_state()
    changed += before[2] != after[2] or (before[1] != after[1]).any()
print(changed)
PY
found=$("$folder/venv/bin/python" "$folder/play.py" 2> /dev/null)
echo "pictures of one episode after which the world's random numbers were others: $found"
test "$found" -gt 0
