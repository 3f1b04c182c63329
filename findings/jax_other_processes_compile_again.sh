#!/bin/sh
# jax 0.10.2, jaxlib 0.10.2 on CPUs, two processes with one folder of compiled programs, started three times.
# Expected: from the second start on, both processes read their programs from the folder.
# Seen: process 0 does; process 1 compiles every program again at every start. JAX names an entry by the numbers of the
# devices, which differ between processes, but lets only process 0 write ("Not writing persistent cache entry since
# process_id != 0"). The start of a run is as slow as its slowest process.
# Exits with 0 while this is so.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet jax==0.10.2 jaxlib==0.10.2
cat > "$folder/add.py" <<'PY'
import sys
from collections import Counter

import jax
import numpy as np

seen = Counter()
jax.monitoring.register_event_listener(lambda name, **_: seen.update([name.rpartition("/")[2]]))
jax.config.update("jax_compilation_cache_dir", sys.argv[3])
jax.config.update("jax_persistent_cache_min_compile_time_secs", 0)
jax.config.update("jax_persistent_cache_min_entry_size_bytes", -1)
jax.distributed.initialize(sys.argv[1], 2, int(sys.argv[2]))
jax.jit(lambda x: (x * x).sum())(np.ones(1000, np.float32)).block_until_ready()
print(f"process {sys.argv[2]}: read {seen['cache_hits']} of {seen['compile_requests_use_cache']}")
PY
export JAX_PLATFORMS=cpu
for start in 1 2 3; do
  port=$("$folder/venv/bin/python" -c 'import socket; s = socket.socket(); s.bind(("localhost", 0)); print(s.getsockname()[1])')
  "$folder/venv/bin/python" "$folder/add.py" "localhost:$port" 1 "$folder/cache" > "$folder/1.out" &
  "$folder/venv/bin/python" "$folder/add.py" "localhost:$port" 0 "$folder/cache" > "$folder/0.out"
  wait
done
cat "$folder/0.out" "$folder/1.out"
grep -q "process 0: read 1 of 1" "$folder/0.out"
grep -q "process 1: read 0 of 1" "$folder/1.out"
