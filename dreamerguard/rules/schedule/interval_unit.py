"""The interval looks like steps, but the program counts seconds.

What it does:
  Reports ``run.log_every`` and ``report_every`` of 10 000 and more, and ``save_every`` of 20 000 and more, in
  danijar/dreamerv3. In a fork, reports ``eval_every`` too if its run script counts it in seconds, and leaves out
  intervals that the script counts in steps, as in ``Every(args.save_every)``. ``save_every`` is information where the
  script saves once more behind its training loop: only a crash loses work.

Why is this bad:
  10 000 seconds are 2.8 hours between two log lines; 20 000 seconds are 5.6 hours of work that a crash loses.

How to fix:
  Write seconds.

References:
  https://github.com/danijar/dreamerv3/blob/e3f02248693a79dc8b0ebd62c93683888ddaccfe/embodied/core/clock.py
"""

from __future__ import annotations

from collections.abc import Iterator

from dreamerguard.core.finding import Finding, Severity
from dreamerguard.core.run import ResolvedRun
from dreamerguard.core.values import spell_scalar
from dreamerguard.rules.helpers.intervals import is_never
from dreamerguard.rules.rule import Example, Rule
from dreamerguard.util.text import number_of

rule = Rule("DG723", "interval-unit", Severity.WARNING, dialects=("danijar",))

GOOD = [
    Example("python dreamerv3/main.py --configs crafter --run.log_every 300 --logdir logs"),
    Example("python dreamerv3/main.py --configs crafter --run.save_every 999999 --logdir logs"),
]
BAD = [
    Example("python dreamerv3/main.py --configs crafter --run.log_every 1e4 --logdir logs", mark="--run.log_every 1e4")
]

_MANY = {"save_every": 2e4, "log_every": 1e4, "report_every": 1e4, "eval_every": 1e4}


@rule.check
def check(run: ResolvedRun) -> Iterator[Finding]:
    for name in _MANY:
        setting = run.settings.get(f"run.{name}")
        if setting is None or setting.key in run.units.stepped:
            continue
        if name == "eval_every" and setting.key not in run.units.timed:
            continue  # upstream's editions count it in steps
        if setting.chosen and setting.number >= _MANY[name] and not is_never(setting):
            yield rule.at(
                run.place(setting),
                f"{setting.key} {spell_scalar(setting.value)} means"
                f" {number_of(f'{setting.number / 3600:.2g}', 'hour')}",
                label="unit: seconds",
                key=setting.key,
                severity=Severity.INFO if _costs_little(run, name) else None,
            )


def _costs_little(run: ResolvedRun, name: str) -> bool:
    """Returns whether an interval is only worth knowing: in a file of presets, other code may also save or log."""
    if name == "save_every" and run.units.saves_last:
        return True
    return name == "report_every" or run.whole or run.in_file(run.place(run.settings[f"run.{name}"]))
