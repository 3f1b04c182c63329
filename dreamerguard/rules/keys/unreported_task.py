"""No scores are published for this game.

What it does:
  Reports Atari games that the bundled trainer plays and that no paper about DreamerV3 reports. It is information.

Why is this bad:
  The settings are those of the suite. There is no published score to compare the run with, so ``watch`` gives no
  verdict without a reference from your runs.

How to fix:
  Nothing needs a fix. ``dreamerguard reference build`` makes a reference from your runs.
"""

from __future__ import annotations

from dreamerguard.core.finding import Severity
from dreamerguard.rules.rule import Example, Rule

rule = Rule("DG349", "unreported-task", Severity.INFO, dialects=("native",))

GOOD = [Example("dreamerguard train atari_ms_pacman")]
BAD = [Example("dreamerguard train atari_pacman", mark="atari_pacman")]

rule.check(rule.reported)
