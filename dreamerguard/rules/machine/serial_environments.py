"""The program steps its environments one after the other.

What it does:
  Reports several environments in one process. ``run.debug`` of danijar/dreamerv3 is True by default and disables
  separate processes. ``parallel`` of dreamerv3-torch is False.

Why is this bad:
  A step of N slow environments takes N times as long. Fast environments are quicker this way.

How to fix:
  Set ``--run.debug False`` or ``--parallel True``, and compare frames per second.

References:
  https://github.com/NM512/dreamerv3-torch/issues/43
"""

from __future__ import annotations

from collections.abc import Iterator

from dreamerguard.core.finding import Finding, Severity
from dreamerguard.core.run import ResolvedRun
from dreamerguard.core.values import spell_scalar
from dreamerguard.rules.rule import Example, Rule

rule = Rule("DG520", "serial-environments", Severity.INFO, dialects=("danijar", "nm512_torch"))

GOOD = [Example("python dreamerv3/main.py --configs crafter --run.debug False --run.envs 8 --logdir logs")]
BAD = [
    Example("python dreamerv3/main.py --configs crafter --run.envs 8 --logdir logs", mark="--run.envs 8"),
    Example("python dreamer.py --configs dmc_vision --envs 16 --logdir logs", mark="--envs 16"),
]

_SEVERAL = 4


@rule.check
def check(run: ResolvedRun) -> Iterator[Finding]:
    envs = run.setting("envs")
    switch = run.settings.get("run.debug" if run.edition == "2025" else "parallel")
    serial = switch is not None and switch.value is (run.edition == "2025")
    if envs is None or switch is None or not serial or any(preset.name == "debug" for preset in run.presets):
        return
    known = run.settings.get("script")
    if known is not None and str(known.value).startswith("parallel"):
        return
    if (
        run.whole
        and switch.last.span is not None
        and len(switch.chain) == 1
        and switch.last.upstream
        and not run.presets
    ):
        yield rule.at(
            switch.last.span,
            f"{switch.key} {switch.value} steps all environments one after the other",
            key=switch.key,
            upstream=run.upstream,
        )
    elif envs.chosen and envs.number >= _SEVERAL:
        yield rule.at(
            run.place(envs),
            f"{switch.key} {switch.value} steps the {spell_scalar(envs.value)} environments one after the other",
            key=envs.key,
            upstream=run.upstream if switch.last.upstream else "",
        )
