"""The command sets the same key twice.

What it does:
  Reports an override that a later argument of the same command replaces. It is information when both have the same
  value, when the first one is in an array or a function of a script, whose flags several commands share, and when the
  second one stands behind a long command, as if appended to it.

Why is this bad:
  The last value wins. In a long command, the first one looks as if it took effect.

How to fix:
  Keep one of the two. Overrides of values in files are intended and are not reported.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

from dreamerguard.core.finding import Finding, Severity
from dreamerguard.core.run import ResolvedRun
from dreamerguard.core.setting import Setting
from dreamerguard.core.source import Label, Span
from dreamerguard.core.values import spell_scalar
from dreamerguard.rules.rule import Example, Rule
from dreamerguard.util.hints import did_you_mean

#: Ends an array or a function of a shell script.
_CLOSES = re.compile(r"^[ \t]*[)}]|\)[ \t]*$", re.MULTILINE)

#: So many overrides between the two.
_MANY = 4

rule = Rule("DG003", "repeated-override", Severity.WARNING)

GOOD = [Example("dreamerguard train dmc_walker_walk seed=2")]
BAD = [
    Example("dreamerguard train dmc_walker_walk seed=1 seed=2", mark="seed=2"),
    Example("dreamerguard train dmc_walker_walk task=dmc_walker_run", mark="task=dmc_walker_run"),
]


@rule.check
def check(run: ResolvedRun) -> Iterator[Finding]:
    """Compares neighbouring layers of the command line."""
    if not run.overrides:
        return
    for setting in run.settings.values():
        layers = [layer for layer in setting.chain if layer.kind == "command line"]
        for first, second in pairwise(layers):
            if first.span is None or second.span is None:
                continue
            same = first.value == second.value
            sibling = _sibling(run, setting) if same else None
            yield rule.at(
                second.span,
                f"{setting.key} is set twice; {spell_scalar(second.value)} {'both times' if same else 'wins'}"
                f"{did_you_mean(sibling)}",
                label="the last one wins",
                key=setting.key,
                severity=Severity.INFO if (same and sibling is None) or _meant(run, first.span, second.span) else None,
                secondary=(Label(first.span, "has no effect"),),
            )


def _meant(run: ResolvedRun, first: Span, second: Span) -> bool:
    """Returns whether the second one is there to replace the first one."""
    return _shared(first, second) or _appended(run, first, second)


def _appended(run: ResolvedRun, first: Span, second: Span) -> bool:
    """Returns whether the second one is the last of many overrides of one text, far behind the first one."""
    layers = (layer for setting in run.settings.values() for layer in setting.chain if layer.kind == "command line")
    starts = [layer.span.start for layer in layers if layer.span is not None and layer.span.source is second.source]
    between = sum(first.start < start < second.start for start in starts)
    return first.source is second.source and second.start >= max(starts) and between >= _MANY


def _shared(first: Span, second: Span) -> bool:
    """Returns whether the first one stands in an array or a function of a script, whose flags a command may replace."""
    if first.source.name != second.source.name or first.source.name.endswith(".py") or second.start < first.end:
        return False
    return _CLOSES.search(first.source.text, first.end, second.start) is not None


def _sibling(run: ResolvedRun, setting: Setting) -> str | None:
    """Returns the decoder's key where the encoder's key is set twice and the decoder's key is not set."""
    other = f"{setting.key.removesuffix('.encoder')}.decoder"
    decoder = run.settings.get(other) if setting.key.endswith(".encoder") else None
    return other if decoder is not None and decoder.last.kind != "command line" else None
