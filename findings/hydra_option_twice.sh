#!/bin/sh
# hydra-core 1.3.8, omegaconf 2.3.1. Whether "+group=option" may repeat the chosen option depends on the option's file.
# Expected: an error in both cases: the group is in the defaults list already.
# Seen: an error for a file without a defaults list; a file with one is merged a second time without a message.
# Exits with 0 while this is so.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet hydra-core==1.3.8 omegaconf==2.3.1
mkdir -p "$folder/configs/env" "$folder/configs/model"
printf 'defaults: [_self_, {env: dmc}, {model: small}]\n' > "$folder/configs/main.yaml"
printf 'repeat: 2\n' > "$folder/configs/env/dmc.yaml"
printf 'act: silu\n' > "$folder/configs/model/base.yaml"
printf 'defaults: [base, _self_]\nunits: 256\n' > "$folder/configs/model/small.yaml"
"$folder/venv/bin/python" - "$folder/configs" <<'PY'
import sys

from hydra import compose, initialize_config_dir
from hydra.errors import ConfigCompositionException

with initialize_config_dir(sys.argv[1], version_base="1.3"):
    try:
        compose("main", overrides=["+env=dmc"])
        sys.exit("the behaviour changed: +env=dmc composes")
    except ConfigCompositionException as error:
        print("+env=dmc:", error)
    found = compose("main", overrides=["+model=small"])
print("+model=small:", found)
assert found == {"env": {"repeat": 2}, "model": {"act": "silu", "units": 256}}, "the behaviour changed"
PY
