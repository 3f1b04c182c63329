"""Errors of environments become failures of the run, apart from the wish to stop."""

from __future__ import annotations

import jax
import pytest

from dreamerguard_agent.envs import ActionNotFinite, EnvError, EnvsFailed, WaitEnded
from dreamerguard_agent.failures import (
    DeviceFailed,
    EnvironmentFailed,
    PolicyDiverged,
    device_failures,
    environment_failures,
)


@pytest.mark.parametrize(
    ("error", "kind", "message"),
    [
        (EnvError("a simulation became unstable"), EnvironmentFailed, "a simulation became unstable"),
        (EnvsFailed("worker process 0 ended"), EnvironmentFailed, "worker process 0 ended"),
        (
            ZeroDivisionError("division by zero"),
            EnvironmentFailed,
            "an environment failed: ZeroDivisionError: division",
        ),
        (ActionNotFinite("the action is not finite"), PolicyDiverged, "the action is not finite"),
        (WaitEnded("worker process 0 does not answer"), WaitEnded, "worker process 0 does not answer"),
    ],
)
def test_errors_are_converted(error: Exception, kind: type[Exception], message: str) -> None:
    with pytest.raises(kind, match=f"^{message}"), environment_failures():
        raise error


def test_a_wish_to_end_the_process_is_no_failure_of_an_environment() -> None:
    with pytest.raises(KeyboardInterrupt), environment_failures():
        raise KeyboardInterrupt


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (MemoryError(), "memory ran out: out of memory. Close other programs"),
        (
            jax.errors.JaxRuntimeError("RESOURCE_EXHAUSTED: Out of memory allocating 8 bytes\nmore"),
            "memory ran out: RES",
        ),
        (jax.errors.JaxRuntimeError("INTERNAL: ECC error"), "the device failed: INTERNAL: ECC error. The last"),
    ],
)
def test_memory_and_device_failures_are_not_bugs(error: Exception, says: str) -> None:
    with pytest.raises(DeviceFailed) as caught, device_failures():
        raise error
    assert str(caught.value).startswith(says) and caught.value.frames is None
    assert "more" not in str(caught.value)
