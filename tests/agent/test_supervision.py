"""The time limit of a step follows from the steps themselves."""

from dreamerguard_agent.envs.vector.supervision import EVERY, FLOOR, REMEMBERED, TIMES, StepTimes


def test_quick_steps_have_the_floor_as_limit() -> None:
    times = StepTimes()
    assert times.limit == FLOOR
    for _ in range(2 * EVERY):
        times.add(0.01)
    assert times.limit == FLOOR


def test_slow_steps_raise_the_limit_and_a_single_stall_does_not() -> None:
    times = StepTimes()
    for _ in range(REMEMBERED):
        times.add(4.0)
    assert times.limit == TIMES * 4.0
    times.add(1000.0)
    for _ in range(EVERY):
        times.add(4.0)
    assert times.limit == TIMES * 4.0


def test_a_configured_limit_is_kept() -> None:
    times = StepTimes(7.0)
    for _ in range(EVERY):
        times.add(100.0)
    assert times.limit == 7.0
