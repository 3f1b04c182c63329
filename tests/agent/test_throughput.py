"""Speeds and the time left, with a clock that the test sets."""

import math

from dreamerguard_agent.runtime.throughput import Throughput


def test_no_time_left_is_shown_before_a_whole_reading_with_updates() -> None:
    now = [0.0]
    speed = Throughput(0, 0, lambda: now[0])
    left = []
    for frames, updates in ((1000, 0), (1500, 10), (1600, 110), (1600, 110)):  # warm-up, its end, training, a pause
        now[0] += 1.0
        left.append(speed.read(frames, updates, 2000)["time/left"])
    assert left == [math.inf, math.inf, 4.0, math.inf]
