"""A later preset overrides the model size of an earlier preset.

What it does:
  Reports a preset of model sizes when a later preset sets most of its widths to other values, and presets in front of
  ``defaults``, which sets every key.

Why is this bad:
  Presets apply from left to right. ``dmc_proprio`` of danijar/dreamerv3 includes ``size1m``, so ``--configs size50m
  dmc_proprio`` trains the smallest model with 512 recurrent units, not 4096.

How to fix:
  Name the task's preset first and the size last.

References:
  https://github.com/danijar/dreamerv3/blob/e3f02248693a79dc8b0ebd62c93683888ddaccfe/README.md
"""

from __future__ import annotations

from collections.abc import Iterator

from dreamerguard.core.finding import Finding, Severity
from dreamerguard.core.run import ResolvedRun
from dreamerguard.core.source import Label
from dreamerguard.core.values import spell_scalar
from dreamerguard.rules.rule import Example, Rule

rule = Rule("DG334", "overridden-preset", Severity.ERROR, dialects=("danijar", "nm512_torch"))

GOOD = [
    Example("python dreamerv3/main.py --configs dmc_proprio size50m --logdir logs"),
    Example("python dreamerv3/main.py --configs size50m crafter --logdir logs"),
]
BAD = [
    Example("python dreamerv3/main.py --configs size50m dmc_proprio --logdir logs", mark="size50m"),
    Example("python dreamerv3/train.py --configs large dmc_vision --logdir logs", mark="large"),
    Example("python dreamerv3/main.py --configs crafter defaults --logdir logs", mark="defaults"),
]

_WIDTHS = {
    "deter",
    "hidden",
    "units",
    "classes",
    "stoch",
    "depth",
    "cnn_depth",
    "layers",
    "mlp_layers",
    "mlp_units",
    "blocks",
}


@rule.check
def check(run: ResolvedRun) -> Iterator[Finding]:
    yield from _reset(run)
    for index, preset in enumerate(run.presets):
        if not preset.keys or not {key.rpartition(".")[2] for key in preset.keys} <= _WIDTHS:
            continue
        later = {item.name: item for item in run.presets[index + 1 :] if item.name != "defaults"}
        for name, other in later.items():
            changed = [key for key in preset.keys if _overrides(run, key, preset.name, name)]
            if 2 * len(changed) > len(preset.keys):
                shown = next((key for key in changed if key.endswith("deter")), changed[0])
                yield rule.at(
                    preset.span,
                    f"{name} overrides the sizes of {preset.name}: {shown} is {run.settings[shown].value}",
                    label="applied first",
                    key=shown,
                    severity=Severity.WARNING,
                    secondary=(Label(other.span, "applied last"),),
                    help=f"write --configs {name} {preset.name}",
                )
                break


def _reset(run: ResolvedRun) -> Iterator[Finding]:
    """Finds ``defaults`` behind other presets: it sets every key, so nothing of them is left."""
    for index, preset in enumerate(run.presets):
        earlier = [item for item in run.presets[:index] if item.known and item.name != preset.name]
        if preset.name != "defaults" or not earlier:
            continue
        names = " ".join(item.name for item in earlier)
        ratio = run.setting("train_ratio")
        shown = f": {ratio.key} is {spell_scalar(ratio.value)}" if ratio is not None else ""
        yield rule.at(
            preset.span,
            f"defaults behind {names} resets every setting{shown}",
            label="applied last",
            key=ratio.key if ratio is not None else "",
            secondary=tuple(Label(item.span, "applied first") for item in earlier),
            help="leave defaults out: the program applies it first anyway",
        )
        return


def _overrides(run: ResolvedRun, key: str, first: str, last: str) -> bool:
    """Returns whether the later of two presets gives a key another value."""
    values = {layer.name: layer.value for layer in run.settings[key].chain if layer.kind == "preset"}
    return first in values and last in values and values[first] != values[last]
