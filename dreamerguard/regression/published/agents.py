"""States which agent made published curves, and what that means for a run that is compared with them.

An edition is a set of settings. The published curves are of the agents of their time; a program runs its own algorithm
whatever edition its settings have.
"""

from __future__ import annotations

from collections.abc import Collection

from dreamerguard.schema.published_editions import Edition

#: Edition -> the agent that made its curves.
AGENTS: dict[Edition, str] = {
    "paper-2023": "the agent of arXiv v1 (January 2023, danijar/dreamerv3 at 8fa35f8)",
    "paper-2025": "the agent of arXiv v2 and the Nature paper (danijar/dreamerv3 at 2411f7d)",
    "head": "danijar/dreamerv3 at e3f0224",
    "r2dreamer": "NM512/r2dreamer at 546e4fa",
    "tdmpc2": "danijar/dreamerv3 (2023, commit not stated) in the laboratory of nicklashansen/tdmpc2",
}
#: The algorithm of the bundled trainer, in every edition.
BUNDLED = "danijar/dreamerv3 at e3f0224"
_OTHERS = "a run of another program or version is another agent and may score differently"


def curves_caveat(edition: Edition, program: str) -> str:
    """Returns one sentence: who made the curves of an edition, and what that means for a run of a program."""
    made = f"the reference curves were made by {AGENTS[edition]}"
    if program == "native":
        return (
            f"{made}; the bundled trainer runs the algorithm of {BUNDLED} in every edition, so a difference in score"
            " may be one of the agents"
        )
    return f"{made}; {_OTHERS}"


def agent_of(program: str) -> str:
    """Returns what a run of a program trains, in words."""
    return f"bundled trainer ({BUNDLED})" if program == "native" else program


def own_curves_caveat(programs: Collection[str]) -> str:
    """Returns one sentence: which programs made a custom reference, and what that means for other runs."""
    made = ", ".join(agent_of(program) for program in sorted(set(programs)))
    return f"Its curves were made by {made}; {_OTHERS}."
