"""Defines the protocol of Atari games, with the names of danijar/dreamerv3 (``env.atari`` in its ``configs.yaml``)."""

from __future__ import annotations

from typing import Literal

from .section_base import Section, setting


class AtariSection(Section):
    """Protocol of Atari games. The defaults are those of ``atari``; the suite ``atari100k`` sets other values."""

    sticky: bool = setting(True, "Each frame repeats the last action with probability 0.25.")
    gray: bool = setting(True, "Gray images instead of colors.")
    actions: Literal["all", "needed"] = setting("all", "All 18 actions, or those that the game needs.")
    lives: Literal["unused", "discount", "reset"] = setting(
        "unused",
        "Effect of a lost life. unused: none. discount: the step is terminal and the episode goes on. reset: the"
        " episode ends, and the next one starts a new game, as in danijar/dreamerv3.",
    )
    noops: int = setting(
        30, "Most frames without an action at the start of an episode; the number is drawn.", unit="frames", ge=0
    )
    length: int = setting(
        108_000, "Longest episode; a limit does not count as terminal.", unit="environment frames", ge=1
    )
    autostart: bool = setting(False, "Press FIRE and UP at the start of an episode, in games with FIRE.")
