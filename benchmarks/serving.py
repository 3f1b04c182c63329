"""Implements the protocol between `benchmarks.update` and the programs that it times. Needs only Python, for the peers.

A worker describes itself in one line of JSON, then reads numbers: for ``3`` it does three updates and answers with
three pairs of wall-clock and processor seconds, and with the peak memory of its process.
"""

import argparse
import json
import os
import resource
import sys
import time

#: Observation shapes and number of actions of walker-walk.
OBSERVATIONS = {"orientations": (14,), "height": (), "velocity": (9,)}
ACTIONS = 6
#: Shape of an image observation: height, width, channels of bytes.
IMAGE = (64, 64, 3)


def parser() -> argparse.ArgumentParser:
    """Returns the parser of options that every worker has."""
    made = argparse.ArgumentParser()
    made.add_argument("--size", default="size1m")
    made.add_argument("--dtype", default="float32")
    made.add_argument("--batch", type=int, default=16)
    made.add_argument("--length", type=int, default=64)
    made.add_argument("--observations", default="vectors", choices=("vectors", "pixels"))
    return made


def peer_parser() -> argparse.ArgumentParser:
    """Returns the parser of a peer's options, with its checkout and whether to use the CPU."""
    made = parser()
    made.add_argument("--checkout", required=True)
    made.add_argument("--cpu", action="store_true")
    return made


def own_output():
    """Reserves standard output for answers: later prints of the program go to standard error."""
    sys.stdout.flush()
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    return answers


class Requests:
    """Reads requests for updates and answers them one after the other.

    Args:
      answers: stream from `own_output`.
      about: description of the worker: ``device``, ``versions``, ``parameters``, ``compile_s``.
    """

    def __init__(self, answers, about):
        self.answers = answers
        self._say(about)
        self.times = []
        self.due = self._next()

    def done(self, wall, busy):
        """Records one update and waits for the next request; returns False when the requests end."""
        self.times.append((wall, busy))
        if len(self.times) >= self.due:
            self._say({"times": self.times, "peak_gib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20})
            self.times, self.due = [], self._next()
        return self.due > 0

    def _say(self, message):
        print(json.dumps(message), file=self.answers, flush=True)

    def _next(self):
        line = sys.stdin.readline()
        return int(line) if line.strip() else 0


def serve(one, answers, about):
    """Does updates by calling ``one()`` until the input ends."""
    requests = Requests(answers, about)
    going = requests.due > 0
    while going:
        wall, busy = time.perf_counter(), time.process_time()
        one()
        going = requests.done(time.perf_counter() - wall, time.process_time() - busy)
