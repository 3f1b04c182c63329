#!/bin/sh
# tensorboard 2.20.0. A restart marker at step F also removes the value that was written at F before the restart.
# Expected: SessionLog.START at F removes larger steps only, as the comments in event_accumulator.py state.
# Seen: the value at F is removed too; a marker at F + 1 keeps it. TensorBoard logs a warning with the number of removed
# scalars. A run that saved at F and marks F when it resumes loses the value at F from the display; the file keeps it.
# Exits with 0 while this is so.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet tensorboard==2.20.0 'setuptools<81'
"$folder/venv/bin/python" - "$folder" <<'PY'
import pathlib
import sys

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.compat.proto.event_pb2 import Event, SessionLog
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.summary.writer.event_file_writer import EventFileWriter


def steps(folder, marker):
    writer = EventFileWriter(str(folder))
    for step in (100, 200, 300):
        value = Summary.Value(tag="score", simple_value=float(step))
        writer.add_event(Event(step=step, wall_time=step, summary=Summary(value=[value])))
    writer.close()
    writer = EventFileWriter(str(folder), filename_suffix=".resumed")
    writer.add_event(Event(step=marker, wall_time=1000, session_log=SessionLog(status=SessionLog.START)))
    value = Summary.Value(tag="score", simple_value=400.0)
    writer.add_event(Event(step=400, wall_time=1001, summary=Summary(value=[value])))
    writer.close()
    events = EventAccumulator(str(folder))
    events.Reload()
    return [item.step for item in events.Scalars("score")]


root = pathlib.Path(sys.argv[1])
seen = {marker: steps(root / str(marker), marker) for marker in (300, 301)}
print(seen)
assert seen == {300: [100, 200, 400], 301: [100, 200, 300, 400]}, "the behaviour changed"
PY
