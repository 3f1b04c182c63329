#!/bin/sh
# jax 0.10.2, jaxlib 0.10.2 on CPUs, two processes. The first collective prints to standard output.
# Expected: log lines go to standard error, where JAX's own messages are, and follow the level of logging.
# Seen: "[Gloo] Rank 0 is connected to 1 peer ranks. ..." in the standard output of each process, from C++, also with
# TF_CPP_MIN_LOG_LEVEL=3. A program that prints its result as JSON gives its reader another line first.
# Exits with 0 while this is so.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet jax==0.10.2 jaxlib==0.10.2
cat > "$folder/add.py" <<'PY'
import json
import sys

import jax
import numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec

jax.distributed.initialize(sys.argv[1], 2, int(sys.argv[2]))
mesh = Mesh(np.asarray(jax.devices()), ("host",))
mine = jax.device_put(np.ones(1, np.float32), jax.local_devices()[0])
both = jax.make_array_from_single_device_arrays((2,), NamedSharding(mesh, PartitionSpec("host")), [mine])
total = jax.jit(lambda x: x.sum(), out_shardings=NamedSharding(mesh, PartitionSpec()))(both)
print(json.dumps({"total": float(total)}))
PY
port=$("$folder/venv/bin/python" -c 'import socket; s = socket.socket(); s.bind(("localhost", 0)); print(s.getsockname()[1])')
export JAX_PLATFORMS=cpu TF_CPP_MIN_LOG_LEVEL=3
"$folder/venv/bin/python" "$folder/add.py" "localhost:$port" 1 > "$folder/1.out" 2> "$folder/1.err" &
"$folder/venv/bin/python" "$folder/add.py" "localhost:$port" 0 > "$folder/0.out" 2> "$folder/0.err"
wait
cat "$folder/0.out" "$folder/1.out"
for number in 0 1; do
  grep -q '"total": 2.0' "$folder/$number.out"
  grep -q '^\[Gloo\]' "$folder/$number.out"
done
