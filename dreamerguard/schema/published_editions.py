"""Defines the editions of the published settings."""

from __future__ import annotations

from typing import Literal

#: The editions differ by up to 8 times in updates per frame. ``paper-2023`` is arXiv v1 (with its code 8fa35f8 where
#: the paper states no value), ``paper-2025`` the Nature paper and arXiv v2 (with code 2411f7d), ``head``
#: danijar/dreamerv3 at e3f0224. ``r2dreamer`` is NM512/r2dreamer at 546e4fa, for suites that no edition of
#: danijar/dreamerv3 has (Meta-World) or for which only r2dreamer states a length (Memory Maze). ``tdmpc2`` is
#: danijar/dreamerv3 as the laboratory of nicklashansen/tdmpc2 ran it on tasks that DreamerV3's authors do not report.
Edition = Literal["paper-2023", "paper-2025", "head", "r2dreamer", "tdmpc2"]
