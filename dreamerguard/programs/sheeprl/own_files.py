"""What the files of a sheeprl checkout say of a run: options that it lacks, values left open, stacked frames."""

from __future__ import annotations

from collections.abc import Iterator

from dreamerguard.core.finding import Problem
from dreamerguard.core.run import ResolvedRun
from dreamerguard.core.source import Label, Span
from dreamerguard.programs.hydra.composed import Composed
from dreamerguard.programs.shared.find_checkout import checkout_of

#: ``cfg.env.frame_stack = -1`` in ``sheeprl/algos/dreamer_v3/dreamer_v3.py``; environments get that value too.
STACKS = {"env.frame_stack": "dreamer_v3 sets it to -1 at the start: no frames are stacked"}


def stacks_nothing(composed: Composed) -> bool:
    """Returns whether a run asks for stacked frames and the algorithm, of the checkout if it is there, stacks none."""
    if composed.value("algo.name") != "dreamer_v3" or not composed.number("env.frame_stack") > 1:
        return False
    if composed.checkout is None:
        return True
    code = checkout_of(composed.checkout.folder)
    files = code.index.files.items() if code is not None else ()
    own = [file.data for name, file in files if name.endswith("algos/dreamer_v3/dreamer_v3.py")]
    return all(data is not None and b"env.frame_stack = -1" in data for data in own)


def lacks_shipped(composed: Composed) -> bool:
    """Returns whether a checkout lacks a chosen option that upstream has: the installed package may be what runs."""
    lacking = (item.name.partition("=") for item in composed.composition.presets if not item.known)
    names = (f"{group}/{option}" for group, _, option in lacking)
    return composed.checkout is not None and any(composed.table.load(name) is not None for name in names)


def missing_values(composed: Composed, run: ResolvedRun) -> Iterator[Problem]:
    """Yields the problem of mandatory settings without a value: the program asks for all of them before it trains."""
    missing = composed.composition.missing() if composed.whole and not run.unread else []
    if not missing:
        return
    keys = " and ".join(setting.key for setting in missing[:3])
    places = [origin for setting in missing if isinstance(origin := setting.last.origin, Span)]
    yield Problem(
        "missing-value",
        f"{keys} {'has' if len(missing) == 1 else 'have'} no value, so the program stops",
        Label(run.anchor),
        missing[0].key,
        secondary=tuple(Label(place, "mandatory") for place in places[:1]),
        help=f"set {missing[0].key} in the experiment or on the command line",
    )
