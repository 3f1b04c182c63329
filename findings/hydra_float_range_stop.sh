#!/bin/sh
# hydra-core 1.3.8. A sweep over range(0.1,0.4,0.1) runs 0.4, and one over range(0.1,0.5,0.1) does not run 0.5.
# Expected: the values are start + step*i while that is below the stop, as Hydra's page on extended override syntax
# says; 0.1 + 0.1*3 is 0.4 in Python.
# Seen: the step is added up with decimal.Decimal, which gets binary floats and rounds their sums at 28 digits. So some
# sweeps have one run too many: of 70 that start at their step and stop at a multiple of it, 19 run the stop.
# Exits with 0 while this is so.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet hydra-core==1.3.8
cat > "$folder/app.py" <<'PY'
import hydra


@hydra.main(version_base="1.3", config_path=None)
def main(config):
    print(config.x)


main()
PY
cd "$folder"
"$folder/venv/bin/python" app.py --multirun '+x=range(0.1,0.4,0.1)' | grep -v HYDRA > first
"$folder/venv/bin/python" app.py --multirun '+x=range(0.1,0.5,0.1)' | grep -v HYDRA > second
echo "range(0.1,0.4,0.1): $(tr '\n' ' ' < first)"
echo "range(0.1,0.5,0.1): $(tr '\n' ' ' < second)"
test "$(tail -n 1 first)" = 0.4
test "$(tail -n 1 second)" = 0.4
"$folder/venv/bin/python" - <<'PY'
from hydra.core.override_parser.overrides_parser import OverridesParser

parser = OverridesParser.create()
containing = []
for step in ("0.1", "0.2", "0.05", "0.25", "0.3", "0.01", "0.0001"):
    for count in range(1, 11):
        stop = f"{float(step) * (count + 1):.10g}"
        swept = list(parser.parse_override(f"x=range({step},{stop},{step})").sweep_iterator())
        if len(swept) != count:
            containing.append((step, stop))
assert 0.1 + 0.1 * 3 == 0.4
print(len(containing), "of 70 ranges contain their stop, for example", containing[0], containing[3])
assert len(containing) == 19, "the behaviour changed"
PY
