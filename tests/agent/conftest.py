"""Parity tests compare with golden numbers through the `parity` fixture; the summary shows the largest deviations."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import jax
import pytest

from .parity import Parity
from .same_runs import quick_compilation

_NAME = "parity"


@pytest.fixture(scope="module", autouse=True)
def _full_precision() -> Iterator[None]:
    """Of the whole module: a fixture of a module would else compile other programs than its tests."""
    with jax.default_matmul_precision("highest"):
        yield


@pytest.fixture(scope="module")
def quick_programs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Compiles with few optimizations, and every program once: for tests whose numbers are compared with each other.

    Modules share the programs, each xdist worker its own: JAX does not write them in a way that two processes could.
    """
    with quick_compilation(tmp_path_factory.getbasetemp() / "programs"):
        yield


@pytest.fixture
def parity(request: pytest.FixtureRequest) -> Parity:
    """Compares arrays and remembers how far they were off: as properties of the test, which xdist workers send back."""
    return Parity(lambda *measured: request.node.user_properties.append((_NAME, measured)))


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Prints group, number of arrays, largest deviation and tolerance of everything that was compared."""
    groups: dict[str, tuple[int, float, float]] = {}
    for report in (*terminalreporter.stats.get("passed", ()), *terminalreporter.stats.get("failed", ())):
        for name, value in report.user_properties:
            if name == _NAME and report.when == "call":
                group, deviation, tolerance = value
                arrays, worst, _ = groups.get(group, (0, 0.0, tolerance))
                groups[group] = (arrays + 1, max(worst, deviation), tolerance)
    if not groups:
        return
    terminalreporter.section("parity with the reference")
    terminalreporter.write_line(f"{'group':<40} {'arrays':>6} {'largest deviation':>18} {'tolerance':>10}")
    for group, (arrays, worst, tolerance) in sorted(groups.items()):
        terminalreporter.write_line(f"{group:<40} {arrays:>6} {worst:>18.2e} {tolerance:>10.1e}")
