"""States between which scores a task can end, so that no interval is shown outside of them.

DeepMind Control except LQR: a reward is between 0 and 1, and an episode has 1000 steps
(https://arxiv.org/abs/1801.00690). Crafter: 22 achievements; lost health costs 0.1 each
(https://arxiv.org/abs/2109.06780). Atari: the games of the Arcade Learning Environment at a9a043e2
(``src/ale/games/supported``). Both sides' points and where they end bound Boxing, Fishing Derby, Pong and Surround;
Skiing only takes time away. That code states no bound for Double Dunk, Pitfall and Tennis: theirs have no source, and
seeds beyond them widen the limits (`reference_limits`). The games without a negative score only add up the score on the
screen. None: no limit is known.
"""

from __future__ import annotations

from .envelope import Envelope

Limits = tuple[float | None, float | None]

#: Atari games in which a score can be negative: lowest and highest score.
_NEGATIVE: dict[str, Limits] = {
    "boxing": (-100, 100),
    "double_dunk": (-24, 24),
    "fishing_derby": (-99, 99),
    "ice_hockey": (None, None),
    "journey_escape": (None, None),
    "pitfall": (None, 114_000),
    "pong": (-21, 21),
    "private_eye": (None, None),
    "skiing": (None, 0),
    "surround": (-10, 10),
    "tennis": (-24, 24),
}

#: The games of the published curves in which points are never taken away.
_POSITIVE = """
    alien amidar assault asterix asteroids atlantis bank_heist battle_zone beam_rider berzerk bowling breakout
    centipede chopper_command crazy_climber defender demon_attack enduro freeway frostbite gopher gravitar hero
    jamesbond kangaroo krull kung_fu_master montezuma_revenge ms_pacman name_this_game phoenix qbert riverraid
    road_runner robotank seaquest solaris space_invaders star_gunner time_pilot tutankham up_n_down venture
    video_pinball wizard_of_wor yars_revenge zaxxon"""


def score_limits(suite: str, task: str) -> Limits:
    """Returns the lowest and the highest possible score of a task; None where no limit is known."""
    if suite in ("dmc_proprio", "dmc_vision", "tdmpc2"):
        return (None, None) if task.startswith("dmc_lqr") else (0.0, 1000.0)
    if suite == "crafter":
        return -0.9, 22.0
    if suite in ("atari", "atari100k"):
        game = task.removeprefix(f"{suite}_")
        return _NEGATIVE.get(game, (0.0 if game in _POSITIVE.split() else None, None))
    return None, None


def reference_limits(envelope: Envelope) -> Limits:
    """Returns the possible scores of a reference's task, widened to scores that its seeds have all the same."""
    low, high = (0.0, 1.0) if envelope.measure == "success" else score_limits(envelope.suite, envelope.task)
    seen = [value for curve in envelope.curves for value in curve if value is not None]
    if not seen:
        return low, high
    return None if low is None else min(low, *seen), None if high is None else max(high, *seen)


def within(value: float | None, limits: Limits) -> float | None:
    """Returns the value, or the limit that it exceeds; None for None."""
    low, high = limits
    if value is None:
        return None
    value = value if low is None else max(value, low)
    return value if high is None else min(value, high)
