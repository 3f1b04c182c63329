#!/bin/sh
# dm_control 1.0.50 with Python 3.13. It declares Python 3.9 or later, and its wheel is for any Python.
# Expected: `pip install dm_control` works with Python 3.13, as with 3.12.
# Seen: it needs labmaze, whose last release 1.0.6 has no wheel for Python 3.13; a build from source needs Bazel. So the
# control suite, which does not use labmaze, cannot be installed by pip alone. With Python 3.12 there is a wheel.
# Exits with 0 while this is so.
set -eu
unset PYTHONPATH
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
pip="$folder/venv/bin/pip"
"$pip" download --quiet --no-deps --dest "$folder" dm_control==1.0.50
unzip -p "$folder"/dm_control-1.0.50-*.whl '*/METADATA' | grep -E '^Requires-(Python|Dist: labmaze)'
for version in 3.12 3.13; do
  if "$pip" download --quiet --no-deps --dest "$folder" --only-binary :all: --platform manylinux2014_x86_64 \
    --python-version "$version" labmaze==1.0.6 2>"$folder/$version"; then
    echo "Python $version: a wheel"
  else
    echo "Python $version: $(grep -o 'No matching distribution found for .*' "$folder/$version")"
  fi
done | tee "$folder/seen"
test "$(sed -n 1p "$folder/seen")" = "Python 3.12: a wheel"
test "$(sed -n 2p "$folder/seen")" = "Python 3.13: No matching distribution found for labmaze==1.0.6"
