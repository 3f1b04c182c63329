#!/bin/sh
# elements 3.22.4. JSONLOutput keeps one value of a metric per step.
# Expected: two lines, or their mean, for two episodes that end at the same step between two writes.
# Seen: one line with the second score; the first score is in no file, and nothing is printed.
# A score file written this way has fewer episodes than were played. Exits with 0 while this is so.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet elements==3.22.4
"$folder/venv/bin/python" - "$folder" <<'PY'
import json
import pathlib
import sys
import time

import elements

step = elements.Counter(100)
output = elements.logger.JSONLOutput(elements.Path(sys.argv[1]), "scores.jsonl", "episode/score")
logger = elements.Logger(step, [output])
for score in (1.0, 5.0):
    logger.add({"score": score}, prefix="episode")
logger.write()
time.sleep(2)  # the file is written by another thread
lines = (pathlib.Path(sys.argv[1]) / "scores.jsonl").read_text().splitlines()
print(lines)
assert [json.loads(line) for line in lines] == [{"step": 100, "episode/score": 5.0}], "the behaviour changed"
PY
