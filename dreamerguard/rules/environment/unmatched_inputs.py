"""The encoder selects none of the observations.

What it does:
  Matches the patterns of ``encoder.mlp_keys`` and ``encoder.cnn_keys`` with the observation keys of the environment.

Why is this bad:
  dreamerv3-torch and r2dreamer stop at the first step. Where only one of two patterns matches nothing, that input is
  left out silently.

How to fix:
  Write a pattern for the listed keys.
"""

from __future__ import annotations

from collections.abc import Iterator

from dreamerguard.core.environment import Observed, Probe
from dreamerguard.core.finding import Finding, Severity
from dreamerguard.core.run import ResolvedRun
from dreamerguard.core.setting import Setting
from dreamerguard.rules.helpers.example_files import TORCH_COMMAND, with_torch_preset
from dreamerguard.rules.rule import Example, Rule
from dreamerguard.util.patterns import Pattern, PatternError

rule = Rule("DG808", "unmatched-inputs", Severity.ERROR, dialects=("nm512_torch", "r2dreamer"))

#: Beginnings of keys that are not inputs.
_FLAGS = ("is_first", "is_last", "is_terminal", "reward", "discount", "log_")

GOOD = [
    Example(
        TORCH_COMMAND,
        files=with_torch_preset("encoder: {mlp_keys: '.*'}", "decoder: {mlp_keys: '.*'}"),
        probe=Probe(interface="dmenv", observations={"position": Observed((3,))}),
    )
]
BAD = [
    Example(
        TORCH_COMMAND,
        files=with_torch_preset(*(f"{side}: {{mlp_keys: postion, cnn_keys: '$^'}}" for side in ("encoder", "decoder"))),
        mark="mlp_keys: postion",
        probe=Probe(interface="dmenv", observations={"position": Observed((3,))}),
    )
]


@rule.check
def check(run: ResolvedRun) -> Iterator[Finding]:
    if run.probe is None or not run.probe.observations:
        return
    seen = {name: len(item.shape) for name, item in run.probe.observations.items() if not name.startswith(_FLAGS)}
    patterns = {kind: _pattern(run, kind) for kind in ("mlp_keys", "cnn_keys")}
    if any(pattern is None for pattern in patterns.values()):
        return
    dims = {"mlp_keys": (0, 1, 2), "cnn_keys": (3,)}
    found = [
        name
        for kind, setting in patterns.items()
        if setting is not None
        for name, size in seen.items()
        if size in dims[kind] and _fits(str(setting.value), name)
    ]
    if not found:
        place = next((item for item in patterns.values() if item is not None and item.chosen), None)
        yield rule.at(
            run.place(place),
            "the encoder's patterns match no observation of the environment",
            key=place.key if place is not None else "",
            help=f"the environment has {', '.join(sorted(seen)) or 'no observations'}",
        )


def _pattern(run: ResolvedRun, kind: str) -> Setting | None:
    return run.settings.get(f"encoder.{kind}") or run.settings.get(f"env.encoder.{kind}")


def _fits(pattern: str, name: str) -> bool:
    try:
        return Pattern(pattern).match(name)
    except PatternError:
        return False
