"""What becomes of a run after an attempt: finished, refused, stopped, continued, tried again, or failed for good."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from .jobs.job_folder import AttemptEnd
from .plan.sweep_file import RetrySettings
from .states import State, SweptRow

_REFUSED = 78
#: Exit codes after which another attempt cannot help. 2: wrong usage; 126, 127: the program cannot be started.
_FINAL = {
    2: "the command cannot start as it is",
    126: "the program cannot be executed",
    127: "the program does not exist",
}
#: The same for `dreamerguard train`; see docs/runs.md.
_FINAL_NATIVE = {65: "the run directory cannot be continued as it is", 72: "losses or actions are not finite"}
#: Attempts in a row that a signal ended although the run made no progress.
_MOST_INTERRUPTIONS = 20


@dataclass(frozen=True, slots=True)
class Settlement:
    """What becomes of a run.

    Attributes:
      state: its new state.
      kind: how the attempt ended, for the record.
      why: why the run ended, or why it waits; empty if it finished.
      failed: whether the attempt counts as a failure.
      pause: seconds before the next attempt.
      facts: exit code, times and host, if known.
    """

    state: State
    kind: str
    why: str = ""
    failed: bool = False
    pause: float = 0.0
    facts: Mapping[str, Any] = field(default_factory=dict)


def settle(row: SweptRow, ending: AttemptEnd, retries: RetrySettings) -> Settlement:
    """Returns what becomes of a run after an attempt that ended.

    Args:
      row: the run before.
      ending: how the attempt ended.
      retries: when a failed run is started again.
    """
    facts = asdict(ending)
    native = row.words[:2] == ("dreamerguard", "train")
    code = ending.code
    if code == 0:
        return Settlement("finished", "finished", facts=facts)
    if row.stop_reason or ending.stop == "hopeless":
        return Settlement("stopped", "stopped", row.stop_reason or ending.why, facts=facts)
    if native and code == _REFUSED:
        return Settlement("refused", "refused", "lint refused it at its start; see its output", facts=facts)
    if ending.stop == "pause":
        return Settlement("waiting", "paused", facts=facts)
    if ending.signalled and row.attempt - row.failures < _MOST_INTERRUPTIONS:
        return Settlement("waiting", "interrupted", f"a signal ended it (exit code {code}); it continues", facts=facts)
    final = _FINAL | (_FINAL_NATIVE if native else {})
    if code in final:
        why = ending.why or f"{final[code]} (exit code {code})"
        return Settlement("failed", "failed", why, failed=True, facts=facts)
    return _again(row, f"exit code {code}", retries, facts)


def lost(row: SweptRow, retries: RetrySettings, *, excused: str = "") -> Settlement:
    """Returns what becomes of a run whose worker has gone without a word: killed, or its machine is down.

    Args:
      row: the run before.
      retries: when a failed run is started again.
      excused: why the attempt does not count as a failure; empty if it does.
    """
    if row.stop_reason:
        return Settlement("stopped", "stopped", row.stop_reason)
    if excused:
        return Settlement("waiting", "lost", excused)
    return _again(row, "its worker was killed, or its machine is down", retries, {})


def _again(row: SweptRow, what: str, retries: RetrySettings, facts: Mapping[str, Any]) -> Settlement:
    failures = row.failures + 1
    if failures > retries.count:
        tries = f" after {failures} attempts" if failures > 1 else ""
        return Settlement("failed", "failed", f"{what}{tries}", failed=True, facts=facts)
    pause = min(retries.backoff * 2 ** (failures - 1), retries.longest)
    why = f"{what}; attempt {row.attempt + 1} in {pause:g} s"
    return Settlement("waiting", "failed", why, failed=True, pause=pause, facts=facts)
