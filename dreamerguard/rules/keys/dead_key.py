"""The program declares the key but never reads it.

What it does:
  Reports a value for a key that exists, passes every check and changes nothing. It is information when the value is
  upstream's default, or a default that asks for nothing: ``False``, 0, ``null`` or an empty text. In ``dreamerguard
  lint``, it is also information when a file sets the value; ``dreamerguard check`` warns at that place. If the checkout
  is available, its Python files decide: a key that they read is not reported, and a key of a fork that none of them
  reads is.

Why is this bad:
  The setting looks as if it had an effect. For example, ``replay.priosignal`` does not select the signal of prioritized
  replay, and ``run.duration`` does not end a run (danijar/dreamerv3 at e3f0224).

How to fix:
  Remove the setting, and look for the key that has the effect you want.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from dreamerguard.core.finding import Finding, Severity
from dreamerguard.core.run import ResolvedRun
from dreamerguard.core.source import Label
from dreamerguard.rules.helpers.example_files import with_torch_preset
from dreamerguard.rules.rule import Example, Rule

rule = Rule(
    "DG332", "dead-key", Severity.WARNING, dialects=("danijar", "nm512_torch", "r2dreamer", "sheeprl", "torchrl")
)

GOOD = [Example("python dreamerv3/main.py --configs crafter --run.steps 2e6 --logdir logs")]
BAD = [
    Example("python dreamerv3/main.py --configs crafter --run.duration 3600 --logdir logs", mark="--run.duration 3600"),
    Example(
        "python dreamer.py --configs crafter2 --debug True --logdir logs",
        files={
            "configs.yaml": with_torch_preset("seed: 1")["configs.yaml"]
            .replace("mine", "crafter2")
            .replace("seed: 0", "seed: 0\n  debug: False")
        },
        mark="--debug True",
    ),
]

#: A key with signs that no name has: ``.*\\.layers: 2``, ``--.*unroll False``.
_PATTERN = re.compile(r"[^\s:=]*[*\\+^$?|()]")
#: Values with which a key asks for nothing, 0 with them, so that nobody misses an effect.
_OFF = (False, None, "")


@rule.check
def check(run: ResolvedRun) -> Iterator[Finding]:
    for key, known in run.keys.items():
        if not known.dead or key not in run.settings:
            continue
        setting = run.settings[key]
        span = setting.last.span
        if span is None or _PATTERN.match(span.text):
            continue  # a pattern that also sets other keys
        if setting.chosen and setting.value != known.default:
            declared = setting.chain[0].span
            secondary = (Label(declared, "declared here"),) if declared is not None and declared != span else ()
            yield rule.at(
                span,
                f"{key} has no effect: {known.dead}",
                key=key,
                severity=Severity.INFO if run.in_file(span) else None,  # `check` warns where it stands
                secondary=secondary,
            )
        elif run.whole and len(setting.chain) == 1:
            yield rule.at(
                span,
                f"{key} has no effect: {known.dead}",
                key=key,
                severity=Severity.INFO if setting.last.upstream or setting.value in _OFF else None,
                upstream=run.upstream if setting.last.upstream else "",
            )
