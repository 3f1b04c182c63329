#!/bin/sh
# opensimplex 0.4.5.1, the noise library of crafter 1.8.3. Its wheel installs a top-level package `tests`.
# Expected: after `pip install crafter`, a project that keeps its tests in `tests/` without an `__init__.py` can import
# them as `tests.helpers`, as before.
# Seen: a regular package on the path comes before a namespace package, so `import tests.helpers` finds the package of
# opensimplex in site-packages and raises ModuleNotFoundError. Exits with 0 while this is so.
set -eu
unset PYTHONPATH
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
mkdir -p "$folder/project/tests"
echo 'ANSWER = 42' > "$folder/project/tests/helpers.py"
cd "$folder/project"
look() {
    "$folder/venv/bin/python" -c 'import tests.helpers; print(tests.helpers.ANSWER)' 2>&1 | tail -1
}
before=$(look)
"$folder/venv/bin/pip" install --quiet opensimplex==0.4.5.1 crafter==1.8.3
after=$(look)
echo "before: $before"
echo "after: $after"
test "$before" = 42
test "$after" = "ModuleNotFoundError: No module named 'tests.helpers'"
