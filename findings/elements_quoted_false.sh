#!/bin/sh
# elements 3.22.4. A quoted 'False' in a preset turns a switch on; the same text as a flag turns it off.
# Expected: False in both cases, or an error as for the flag "--jax.prealloc 1".
# Seen: Config.update({"jax.prealloc": "False"}) gives True; Flags with "--jax.prealloc False" gives False.
# Exits with 0 while this is so.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet elements==3.22.4
"$folder/venv/bin/python" - <<'PY'
import elements

config = elements.Config({"jax": {"prealloc": True}})
preset = config.update({"jax.prealloc": "False"}).jax.prealloc
flag = elements.Flags(config).parse(["--jax.prealloc", "False"]).jax.prealloc
print("preset:", preset, "flag:", flag)
assert (preset, flag) == (True, False), "the behaviour changed"
PY
