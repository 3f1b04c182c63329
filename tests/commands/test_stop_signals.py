"""Signals during a run: acknowledged at once, obeyed at once where nothing can be lost, and a second one ends it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

from dreamerguard.commands.shared.stop_signals import STOPPING

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(os.name != "posix", reason="needs signals of Linux or macOS"),
]
#: Seconds that only a program that hangs reaches.
SAFETY = 600.0
HEAD = """
import sys, time
from dreamerguard.commands.shared.stop_signals import StopSignals
def ready():
    print("ready", flush=True)
"""
STARTING = """
with StopSignals() as stop:
    stop.before_end(lambda: print("released", flush=True))
    ready()
    time.sleep(3600)
"""
#: Uses the processor in one call that never returns to Python code, as a compilation does.
COMPILING = """
import threading
with StopSignals() as stop:
    ready()
    lock = threading.Lock()
    lock.acquire()
    import ctypes
    ctypes.CDLL(None).sleep(3600)
    ctypes.CDLL(None).sleep(3600)
"""
TRAINING = """
with StopSignals() as stop:
    stop()
    ready()
    while not stop():
        time.sleep(0.01)
    print("saved", stop.received.name, flush=True)
"""
HANGING = """
with StopSignals() as stop:
    stop()
    ready()
    time.sleep(3600)
"""
WRITING = """
import threading
exec(compile('''
def put():
    print("half", flush=True)
    ready()
    time.sleep(0.5)
    print("whole", flush=True)
    time.sleep(0)
''', "/somewhere/lru_cache.py", "exec"))
with StopSignals() as stop:
    put()
    time.sleep(3600)
"""


def start(text: str, **words: object) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", HEAD + text]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **words)  # type: ignore[call-overload]
    while process.stdout.readline() not in ("ready\n", ""):
        pass
    return process  # type: ignore[no-any-return]


@pytest.mark.parametrize("number", STOPPING)
@pytest.mark.parametrize("text", [STARTING, COMPILING], ids=["starting", "compiling"])
def test_before_the_first_step_the_process_ends_and_says_that_nothing_is_lost(
    number: signal.Signals, text: str
) -> None:
    process = start(text)
    process.send_signal(number)
    out, err = process.communicate(timeout=SAFETY)
    assert process.returncode == 128 + number
    assert (
        err == f"stopping: {number.name}; no step was taken since the start, so there is nothing to save\n"
        and out == ("released\n" if text is STARTING else "")
    )


@pytest.mark.parametrize("number", STOPPING)
def test_during_training_the_run_is_asked_to_stop(number: signal.Signals) -> None:
    process = start(TRAINING)
    process.send_signal(number)
    out, err = process.communicate(timeout=SAFETY)
    assert (process.returncode, out) == (0, f"saved {number.name}\n")
    assert err == f"stopping: {number.name}; the run is saved after this step. A second signal ends it at once\n"


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (signal.SIGTERM, signal.SIGTERM),
        (signal.SIGTERM, signal.SIGINT),
        (signal.SIGINT, signal.SIGTERM),
        (signal.SIGHUP, signal.SIGTERM),
    ],
)
def test_a_second_signal_of_any_kind_ends_a_run_that_does_not_stop(
    first: signal.Signals, second: signal.Signals
) -> None:
    process = start(HANGING)
    process.send_signal(first)
    assert first.name in process.stderr.readline()
    process.send_signal(second)
    _, err = process.communicate(timeout=SAFETY)
    assert process.returncode == 128 + second
    assert err == f"stopping now: second signal, {second.name}; the last checkpoint stays\n"


@pytest.mark.parametrize("number", sorted(set(STOPPING) - {signal.SIGINT, signal.SIGTERM}))
def test_an_ignored_signal_stays_ignored(number: signal.Signals) -> None:
    process = start(f"import signal\nsignal.signal({int(number)}, signal.SIG_IGN)\n" + TRAINING)
    process.send_signal(number)
    process.send_signal(signal.SIGTERM)
    out, err = process.communicate(timeout=SAFETY)
    assert out == "saved SIGTERM\n"
    assert number.name not in err


@pytest.mark.parametrize("number", [signal.SIGUSR1, signal.SIGUSR2, signal.SIGXCPU])
def test_a_repeated_warning_of_a_batch_system_does_not_end_a_run_that_saves(number: signal.Signals) -> None:
    """The kernel repeats SIGXCPU every second."""
    process = start(HANGING)
    process.send_signal(number)
    assert number.name in process.stderr.readline()
    process.send_signal(number)
    process.send_signal(signal.SIGTERM)
    _, err = process.communicate(timeout=SAFETY)
    assert process.returncode == 128 + signal.SIGTERM
    assert err == "stopping now: second signal, SIGTERM; the last checkpoint stays\n"


def test_a_full_or_closed_error_stream_does_not_keep_the_process() -> None:
    full, closed = (
        start(
            "import os\nos.set_blocking(2, False)\ntry:\n    while os.write(2, b'x' * 4096): pass\n"
            "except BlockingIOError: pass\nos.set_blocking(2, True)\n" + STARTING
        ),
        start("import os\nos.close(2)\n" + STARTING),
    )
    for process in (full, closed):
        process.send_signal(signal.SIGTERM)
        assert process.wait(SAFETY) == 128 + signal.SIGTERM
        process.communicate()


def test_a_file_of_the_compilation_cache_is_finished() -> None:
    process = start(WRITING)
    process.send_signal(signal.SIGTERM)
    out, _ = process.communicate(timeout=SAFETY)
    assert process.returncode == 128 + signal.SIGTERM
    assert out == "whole\n"
