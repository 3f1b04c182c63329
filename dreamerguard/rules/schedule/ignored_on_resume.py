"""Settings that resuming drops.

What it does:
  Lists the settings beside sheeprl's ``checkpoint.resume_from`` that the configuration of the checkpoint replaces.

Why is this bad:
  On resuming, the old configuration is merged over the command. Only ``algo.total_steps``, ``algo.learning_starts``,
  ``checkpoint.resume_from``, ``root_dir`` and ``run_name`` count; everything else is dropped without a word. Words that
  repeat the old run's are harmless.

How to mend:
  Change the ``config.yaml`` beside the checkpoint, or start a new run.

References:
  https://github.com/Eclectic-Sheep/sheeprl/blob/33b636681fd8b5340b284f2528db8821ab8dcd0b/sheeprl/cli.py#L47
  https://github.com/Eclectic-Sheep/sheeprl/issues/187
"""

from __future__ import annotations

from collections.abc import Iterator

from dreamerguard.model import Confidence, Finding, Label, Severity
from dreamerguard.resolved import ResolvedRun
from dreamerguard.rules.rule import Example, Rule

rule = Rule("DG714", "ignored-on-resume", Severity.WARNING, confidence=Confidence.MEDIUM, dialects=("sheeprl",))

GOOD = [Example("sheeprl exp=dreamer_v3_100k_boxing checkpoint.resume_from=logs/ckpt_1.ckpt algo.total_steps=200000")]
BAD = [
    Example(
        "sheeprl exp=dreamer_v3_100k_boxing checkpoint.resume_from=logs/ckpt_1.ckpt algo.actor.ent_coef=1e-3",
        mark="algo.actor.ent_coef=1e-3",
    )
]

_KEPT = frozenset(
    {"checkpoint.resume_from", "algo.total_steps", "algo.learning_starts", "root_dir", "run_name", "env.id", "exp_name"}
)


@rule.check
def check(run: ResolvedRun) -> Iterator[Finding]:
    """Looks for other settings on the command line."""
    resumed = run.settings.get("checkpoint.resume_from")
    if resumed is None or resumed.last.kind != "command line" or not resumed.value:
        return
    dropped = [
        item
        for key, item in run.settings.items()
        if item.last.kind == "command line" and key not in _KEPT and not key.startswith("env.wrapper.")
    ]
    dropped.sort(key=lambda item: run.place(item).start)
    if not dropped:
        return
    names = ", ".join(item.key for item in dropped)
    yield rule.at(
        run.place(dropped[0]),
        f"resuming drops {names}: the checkpoint's own configuration replaces {'it' if len(dropped) == 1 else 'them'}",
        key=dropped[0].key,
        secondary=(Label(run.place(resumed), "resumes here"), *(Label(run.place(item)) for item in dropped[1:])),
        help="change config.yaml beside the checkpoint",
    )
