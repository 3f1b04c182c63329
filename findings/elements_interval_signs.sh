#!/bin/sh
# elements 3.22.4. Zero and negative intervals mean the opposite in elements.when.Every (steps) and Clock (seconds).
# Expected: one convention in one module, for example 0 for always and a negative number for never in both.
# Seen: Every(0) never fires and Every(-1) always; Clock(0) always fires and Clock(-1) never.
# DreamerV3 has both kinds of intervals in its settings. Exits with 0 while this is so.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet elements==3.22.4
"$folder/venv/bin/python" - <<'PY'
from elements import when

seen = {}
for interval in (0, -1):
    every, clock = when.Every(interval), when.Clock(interval)
    seen[interval] = ([every(step) for step in range(1, 5)], [clock() for _ in range(4)])
print(seen)
never, always = [False] * 4, [True] * 4
assert seen == {0: (never, always), -1: (always, never)}, "the behaviour changed"
PY
