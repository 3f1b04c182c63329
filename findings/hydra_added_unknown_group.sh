#!/bin/sh
# hydra-core 1.3.8, omegaconf 2.3.1. "+group/sub=option" with a group that does not exist composes.
# Expected: an error, because a slash is in groups only and "group=nope" with a missing option is an error.
# Seen: the configuration gets a key named "modell/size", the option is not loaded, and nothing is printed.
# Exits with 0 while this is so.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet hydra-core==1.3.8 omegaconf==2.3.1
mkdir -p "$folder/configs/model/size"
printf 'units: 256\n' > "$folder/configs/main.yaml"
printf '# @package _global_\nunits: 1024\n' > "$folder/configs/model/size/large.yaml"
"$folder/venv/bin/python" - "$folder/configs" <<'PY'
import sys

from hydra import compose, initialize_config_dir

with initialize_config_dir(sys.argv[1], version_base="1.3"):
    right = compose("main", overrides=["+model/size=large"])
    found = compose("main", overrides=["+modell/size=large"])
print(right, found)
assert right == {"units": 1024}
assert found == {"units": 256, "modell/size": "large"}, "the behaviour changed"
PY
