"""Fuzzes one target for some minutes and stores what failed."""

from __future__ import annotations

import hashlib
import os
import random
import signal
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from .bounds import Failure, attempt, limit_memory
from .mutations import mutate, shorter
from .targets import Target

#: Inputs that are kept for further mutation.
_KEPT = 4000


@dataclass
class Session:
    """One target in one process.

    Attributes:
      target: what is fuzzed.
      seconds, megabytes: bounds of one input.
      out: folder of failing inputs.
      rng: chooses the inputs.
      runs: inputs so far.
      failures: kind of failure -> stored file.
    """

    target: Target
    seconds: float
    megabytes: int
    out: Path
    rng: random.Random
    runs: int = 0
    failures: dict[str, Path] = field(default_factory=dict)
    _corpus: list[bytes] = field(default_factory=list)
    _outcomes: set[object] = field(default_factory=set)

    def fuzz(self, until: Callable[[], bool], current: int) -> None:
        """Runs inputs until told to stop. Writes each one to the file ``current`` first, in case the process ends."""
        seeds = [seed for seed in self.target.seeds() if seed]
        self._corpus = list(seeds)
        self._run(seeds[0], current)  # loads the libraries that parsing needs: memory is limited after that
        limit_memory(self.megabytes)
        for seed in seeds[1:]:
            self._run(seed, current)
        while not until():
            source = self.rng.choice(self._corpus if self.rng.random() < 0.7 else seeds)
            self._run(mutate(source, self._corpus, self.target.words, self.rng), current)

    def _run(self, data: bytes, current: int) -> None:
        os.pwrite(current, len(data).to_bytes(8, "little") + data, 0)
        outcome, failure = attempt(self.target.run, data, self.seconds)
        self.runs += 1
        if failure is not None:
            self._keep(data, failure)
        elif outcome not in self._outcomes and len(self._corpus) < _KEPT:
            self._outcomes.add(outcome)
            self._corpus.append(data)

    def _keep(self, data: bytes, failure: Failure) -> None:
        if failure.kind in self.failures:
            return

        def fails(candidate: bytes) -> bool:
            again = attempt(self.target.run, candidate, self.seconds)[1]
            return again is not None and again.kind == failure.kind

        small = shorter(data, fails, 20 if failure.kind.startswith("TooSlow") else 2000)
        self.failures[failure.kind] = store(self.out, self.target.name, small, failure)


def store(out: Path, target: str, data: bytes, failure: Failure) -> Path:
    """Writes a failing input, and beside it what it did. Returns the path of the input."""
    out.mkdir(parents=True, exist_ok=True)
    path = out / f"{target}-{hashlib.sha256(data).hexdigest()[:12]}"
    path.write_bytes(data)
    path.with_name(path.name + ".txt").write_text(f"{failure.kind}\n\n{failure.text}", encoding="utf-8")
    return path


def fuzz_apart(target: Target, minutes: float, bounds: tuple[float, int], out: Path, seed: int) -> tuple[int, int]:
    """Fuzzes in a process of its own, and in another one if that ends. Returns inputs and kinds of failures.

    ``minutes`` are of processor time, so a busy machine changes only how long it takes.
    """
    left, runs, kinds, number = 60 * minutes, 0, set[str](), 0
    while left > 0 and number < 20:
        current = os.memfd_create("current")
        answers, tell = os.pipe()
        child = os.fork()
        if not child:
            os.close(answers)
            _child(Session(target, *bounds, out, random.Random(f"{seed} {number}")), left, current, tell)
        os.close(tell)
        with os.fdopen(answers) as stream:
            lines = stream.read().splitlines()
        _, status, used = os.wait4(child, 0)
        left -= used.ru_utime + used.ru_stime
        runs += int(lines[0]) if lines else 0
        kinds |= set(lines[1:])
        if os.waitstatus_to_exitcode(status) > 0 and not runs:
            raise RuntimeError(f"{target.name} failed before its first input")
        if os.WIFSIGNALED(status):
            length = int.from_bytes(os.pread(current, 8, 0), "little")
            name = signal.Signals(os.WTERMSIG(status)).name
            store(out, target.name, os.pread(current, length, 8), Failure(f"{name} ended the process", ""))
            kinds.add(f"{name} ended the process")
        os.close(current)
        number += 1
    return runs, len(kinds)


def _child(session: Session, seconds: float, current: int, tell: int) -> None:
    code = 1
    try:
        session.fuzz(lambda: time.process_time() >= seconds, current)
        code = 0
    except Exception:
        traceback.print_exc()
        raise
    finally:
        with os.fdopen(tell, "w") as stream:
            stream.write("\n".join([str(session.runs), *session.failures]))
        os._exit(code)


def again(target: Target, files: Sequence[Path], seconds: float) -> list[Failure]:
    """Runs stored inputs. Returns the failures."""
    found = (attempt(target.run, file.read_bytes(), seconds)[1] for file in files)
    return [failure for failure in found if failure is not None]
