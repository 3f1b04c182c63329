"""Lists the tasks whose episodes have no time limit, with what ends them and the source."""

from __future__ import annotations

from dreamerguard.util.fast_dataclass import dataclass

from .task_data import Citation


@dataclass(frozen=True, slots=True)
class Endless:
    """A task without a time limit: what ends its episodes, and the source that states both."""

    ends: str
    source: Citation


_LQR = Endless(
    "an episode ends only where the norm of the state is below 1e-6",
    Citation(
        "dm_control, suite/lqr.py",
        "https://github.com/google-deepmind/dm_control/blob/87e046bfeab1d6c1ffb40f9ee2a7459a38778c74/dm_control/suite/lqr.py",
        "_DEFAULT_TIME_LIMIT and LQRLevel.get_termination",
    ),
)
#: Task -> why its episodes may not end. A test compares this with the limits of dm_control's suite.
ENDLESS = {"dmc_lqr_lqr_2_1": _LQR, "dmc_lqr_lqr_6_2": _LQR}


def without_limit(task: str) -> Endless | None:
    """Returns what is known of a task without a time limit; None for other tasks and tasks that are not known."""
    return ENDLESS.get(task)
