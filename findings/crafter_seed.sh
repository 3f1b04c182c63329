#!/bin/sh
# crafter 1.8.3. The seed does not determine an episode.
# Expected: `crafter.Env(seed=4)` with fixed actions gives the same frames in every process.
# Seen: twenty processes give several different sequences of frames. The creatures of an area are kept in a set, in the
# order of their addresses in memory, and the random choice of the one to remove goes through that set
# (`crafter/engine.py`, `crafter/env.py`). Exits with 0 while this is so.
set -eu
unset PYTHONPATH
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet crafter==1.8.3 numpy==2.4.6
cat > "$folder/play.py" <<'PY'
import hashlib
import warnings

warnings.simplefilter("ignore")
import crafter
import numpy as np

env, seen = crafter.Env(seed=4), hashlib.sha256()
seen.update(env.reset().tobytes())
for action in np.random.default_rng(1).integers(17, size=150):
    image, _, done, _ = env.step(int(action))
    seen.update(image.tobytes())
    if done:
        break
print(seen.hexdigest())
PY
number=0
while [ $number -lt 20 ]; do
    "$folder/venv/bin/python" "$folder/play.py"
    number=$((number + 1))
done 2> /dev/null | sort | uniq -c > "$folder/found"
echo "different episodes of one seed in 20 processes: $(wc -l < "$folder/found")"
test "$(wc -l < "$folder/found")" -gt 1
