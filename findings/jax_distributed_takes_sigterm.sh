#!/bin/sh
# jax 0.10.2, jaxlib 0.10.2 on CPUs, one process. A program has a handler for SIGTERM, as trainers have that save before a
# batch system ends them, and calls jax.distributed.initialize.
# Expected: SIGTERM calls the handler.
# Seen: nothing happens at all. JAX's preemption service, which is on by default (jax_enable_preemption_service), puts a
# handler of its own in its place, from C++, and the program neither saves nor ends.
# Exits with 0 while this is so.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet jax==0.10.2 jaxlib==0.10.2
cat > "$folder/stop.py" <<'PY'
import os
import signal
import sys
import time

import jax

signal.signal(signal.SIGTERM, lambda *_: print("handled", flush=True))
jax.config.update("jax_enable_preemption_service", sys.argv[2] == "on")
jax.distributed.initialize(sys.argv[1], 1, 0)
os.kill(os.getpid(), signal.SIGTERM)
time.sleep(1)
print("goes on", flush=True)
PY
export JAX_PLATFORMS=cpu
for service in on off; do
  port=$("$folder/venv/bin/python" -c 'import socket; s = socket.socket(); s.bind(("localhost", 0)); print(s.getsockname()[1])')
  "$folder/venv/bin/python" "$folder/stop.py" "localhost:$port" "$service" > "$folder/$service" 2> /dev/null
  echo "preemption service $service: $(tr '\n' ' ' < "$folder/$service")"
done
! grep -q handled "$folder/on"
grep -q handled "$folder/off"
