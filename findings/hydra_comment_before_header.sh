#!/bin/sh
# hydra-core 1.3.8, omegaconf 2.3.1. A plain comment in front of "# @package" voids this line without a message.
# Expected: the file sets ratio to 1024 in the root, because comments are no content.
# Seen: ratio stays 32 and the value of the file lands in exp.ratio, which no program reads.
# Exits with 0 while this is so.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet hydra-core==1.3.8 omegaconf==2.3.1
mkdir -p "$folder/configs/exp"
printf 'defaults: [_self_, {exp: mine}]\nratio: 32\n' > "$folder/configs/main.yaml"
printf '# our licence\n# @package _global_\nratio: 1024\n' > "$folder/configs/exp/mine.yaml"
"$folder/venv/bin/python" - "$folder/configs" <<'PY'
import sys

from hydra import compose, initialize_config_dir

with initialize_config_dir(sys.argv[1], version_base="1.3"):
    found = compose("main")
print(found)
assert found == {"ratio": 32, "exp": {"ratio": 1024}}, "the behaviour changed"
PY
