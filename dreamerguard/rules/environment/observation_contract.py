"""An observation or a reward differs from its declared space or from the program's needs.

What it does:
  Compares the observations of two random episodes with the declared spaces: keys, shapes, numbers that are not finite,
  and the flags ``is_first``, ``is_last`` and ``is_terminal`` where the program reads them. Reports rewards that are not
  finite. Observations that are text are information.

Why is this bad:
  dreamerv3-torch and danijar/dreamerv3 stop with an assertion, or train on numbers that corrupt every gradient.

How to fix:
  Correct the environment or its declared spaces.
"""

from __future__ import annotations

from collections.abc import Iterator

from dreamerguard.core.environment import Episode, Observed, Probe, Space
from dreamerguard.core.finding import Finding, Severity
from dreamerguard.core.run import ResolvedRun
from dreamerguard.rules.rule import Example, Rule

rule = Rule("DG802", "observation-contract", Severity.ERROR)

#: Keys that a program always reads, with any encoder (dreamerv3-torch at 6ef8646, models.py:182-191, with an image even
#: where the agent sees none; danijar/dreamerv3 at e3f0224, embodied/core/wrappers.py).
_FLAGS = {
    "danijar": ("is_first", "is_last", "is_terminal"),
    "nm512_torch": ("is_first", "is_terminal", "image"),
    "r2dreamer": ("is_first", "is_last", "is_terminal"),
}

#: Programs that add the flags themselves to environments with the interface of dm_env or gym (danijar/dreamerv3 at
#: e3f0224, embodied/envs/from_dm.py and from_gym.py).
_ADDED = {"danijar": ("dmenv", "gym")}

GOOD = [
    Example(
        "dreamerguard train dmc_walker_walk",
        probe=Probe(
            spaces={"height": Space(())}, observations={"height": Observed(())}, episodes=(Episode(1000, 31.4, 0.2),)
        ),
    )
]
BAD = [
    Example(
        "dreamerguard train dmc_walker_walk",
        mark="dmc_walker_walk",
        probe=Probe(observations={"height": Observed((3,), finite=False)}, episodes=(Episode(1000, 31.4, 0.2),)),
    ),
    Example(
        "dreamerguard train dmc_walker_walk",
        mark="dmc_walker_walk",
        probe=Probe(episodes=(Episode(1000, 31.4, 0.2, not_finite=3),)),
    ),
    Example(
        "dreamerguard train dmc_walker_walk",
        mark="dmc_walker_walk",
        probe=Probe(
            spaces={"a": Space((3,))}, observations={"a": Observed((4,))}, episodes=(Episode(1000, 31.4, 0.2),)
        ),
    ),
]


@rule.check
def check(run: ResolvedRun) -> Iterator[Finding]:
    if run.probe is None or run.probe.error:
        return
    for text in _mistakes(run.probe, run.dialect):
        yield rule.at_task(run, text)
    texts = [name for name, seen in run.probe.observations.items() if seen.kind == "text"]
    if texts:
        names = ", ".join(texts)
        yield rule.at_task(
            run,
            f"observation {names} is text, which no encoder reads"
            if len(texts) == 1
            else f"observations {names} are text, which no encoder reads",
            severity=Severity.INFO,
            help="leave it out of the observations, or convert it to numbers in the environment",
        )


def _mistakes(probe: Probe, dialect: str) -> Iterator[str]:
    flags = () if probe.interface in _ADDED.get(dialect, ("dmenv",)) else _FLAGS.get(dialect, ())
    missing = [name for name in flags if probe.observations and name not in probe.observations]
    if missing:
        yield f"the observations lack {', '.join(missing)}, which the program reads"
    bad = sum(episode.not_finite for episode in probe.episodes)
    if bad:
        yield f"{bad:,} of {sum(episode.length for episode in probe.episodes):,} rewards are not finite"
    for name, seen in probe.observations.items():
        declared = probe.spaces.get(name)
        if not seen.finite and not (bad and name == "reward"):
            yield f"observation {name} contains numbers that are not finite"
        if seen.varying:
            yield f"observation {name} changes its shape during an episode"
        elif declared is not None and declared.classes is None and declared.shape != seen.shape:
            yield f"observation {name} has shape {list(seen.shape)}, but its declared shape is {list(declared.shape)}"
