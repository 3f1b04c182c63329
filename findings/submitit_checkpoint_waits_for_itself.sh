#!/bin/sh
# submitit 1.5.4, Python 3.11. A job that waits for a child with Popen.wait, and waits for it again in `checkpoint`.
# Expected: `checkpoint` waits for the child, returns, and the job is put back into the queue.
# Seen: submitit calls `checkpoint` in its signal handler, within the first Popen.wait, which holds the lock of the
# object. The second wait tries to get that lock for ever; the child has long ended, and the job hangs until its limit.
# os.waitid with WNOWAIT instead of Popen.wait ends. Exits with 0 while this is so.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet submitit==1.5.4
cat > "$folder/job.py" <<'PY'
import os
import pathlib
import subprocess
import sys
import time

import submitit

WAIT = sys.argv[1]


class Job:
    def __init__(self, wait):
        self.wait = wait

    def __call__(self):
        self.child = subprocess.Popen(["sleep", "60"])
        pathlib.Path("started").touch()
        return self.child.wait()

    def checkpoint(self):
        self.child.terminate()
        if self.wait == "popen":
            self.child.wait()
        else:
            os.waitid(os.P_PID, self.child.pid, os.WEXITED | os.WNOWAIT)
        pathlib.Path("checkpointed").touch()
        return submitit.helpers.DelayedSubmission(Job(self.wait))


if __name__ == "__main__":
    executor = submitit.LocalExecutor("log")
    executor.update_parameters(timeout_min=1)
    job = executor.submit(Job(WAIT))
    while not pathlib.Path("started").exists():
        time.sleep(0.1)
    time.sleep(1)
    with open(f"/proc/{job.job_id}/task/{job.job_id}/children") as file:
        os.kill(int(file.read().split()[0]), 12)  # SIGUSR2, as Slurm sends it before a limit
    time.sleep(10)
    print(WAIT, "ends" if pathlib.Path("checkpointed").exists() else "hangs")
    os.kill(int(job.job_id), 9)
PY
export PYTHONPATH="$folder"
for wait in popen waitid; do
  mkdir "$folder/$wait"
  (cd "$folder/$wait" && "$folder/venv/bin/python" "$folder/job.py" "$wait") | tee -a "$folder/said"
done
grep -q '^popen hangs' "$folder/said"
grep -q '^waitid ends' "$folder/said"
