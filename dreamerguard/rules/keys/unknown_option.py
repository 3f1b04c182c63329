"""The configuration group has no such option.

What it does:
  Looks ``group=option`` up in the configuration folder of the checkout, or in upstream's files when no checkout is
  visible. In the second case, it reports only misspelt options, because a fork may have more. It also reports a group
  that the defaults list does not have, and a group that must be chosen but is not. In a page that names the option's
  file because the reader should write it, this is information.

Why is this bad:
  Hydra stops before the program trains.

How to fix:
  Use one of the options that the message names. Add a group that the defaults list lacks with ``+group=option``.

References:
  https://hydra.cc/docs/1.3/advanced/defaults_list/
"""

from __future__ import annotations

from collections.abc import Iterator

from dreamerguard.core.finding import Finding, Severity
from dreamerguard.core.run import ResolvedRun, fix
from dreamerguard.core.source import Edit, Span
from dreamerguard.rules.rule import Example, Rule

rule = Rule("DG316", "unknown-option", Severity.ERROR, dialects=("r2dreamer", "sheeprl", "danijar", "nm512_torch"))

GOOD = [
    Example("python train.py env=dmc_vision model=size50M"),
    Example("sheeprl exp=dreamer_v3 env=atari env.id=PongNoFrameskip-v4"),
]
BAD = [
    Example(
        "python train.py env=dmc_vision model=size50m0",
        mark="model=size50m0",
        fixed="python train.py env=dmc_vision model=size50M",
    ),
    Example("sheeprl env=atari", mark="sheeprl"),
]


@rule.check
def check(run: ResolvedRun) -> Iterator[Finding]:
    """Reports missing options, with a fix where one option is near."""
    for problem in run.problems:
        if problem.rule != rule.name:
            continue
        place, near, span = problem.place, problem.value, problem.label.span
        edit = Edit(place, near) if place is not None and isinstance(near, str) else None
        yield rule.at(
            span,
            problem.message,
            key=problem.key,
            fix=fix(edit, f"choose {near}", safe=True) if edit is not None else None,
            help=problem.help,
            severity=Severity.INFO if _announced(span) else None,
        )


def _announced(span: Span) -> bool:
    """Returns whether the page with the command asks its reader to write the option's file first."""
    option = span.text.strip("'\"").partition("=")[2]
    return bool(option) and span.source.name.endswith(".md") and f"{option}.yaml" in span.source.text
