#!/bin/sh
# jax 0.10.2 on a CPU. A cut file in the persistent compilation cache is not replaced.
# Expected: an entry that cannot be read counts as missing, so it is compiled once and written again.
# Seen: two later starts warn about it and compile again; the cut file stays. JAX writes an entry directly to its final
# name (jax/_src/lru_cache.py), so a process that is killed during this write can leave one. The script cuts the files
# itself. Exits with 0 while this is so.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet jax==0.10.2 jaxlib==0.10.2
cat > "$folder/program.py" <<'PY'
import jax
import jax.numpy as jnp

print(jax.jit(lambda x: jnp.sin(x @ x).sum())(jnp.ones((8, 8))))
PY
start() {
    JAX_PLATFORMS=cpu JAX_COMPILATION_CACHE_DIR="$folder/cache" JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS=0 \
        JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES=-1 "$folder/venv/bin/python" "$folder/program.py" 2>&1
}
start > /dev/null
find "$folder/cache" -name '*-cache' -exec truncate -s 100 {} +
for number in 1 2; do
    warnings=$(start | grep -c 'Error reading persistent compilation cache' || true)
    cut=$(find "$folder/cache" -name '*-cache' -size -2b | wc -l)
    echo "start $number after the cut: $warnings warnings, $cut files still cut"
    test "$warnings" -gt 0
    test "$cut" -gt 0
done
