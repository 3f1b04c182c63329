"""Resuming ignores settings of the command.

What it does:
  Lists the settings beside ``checkpoint.resume_from`` of sheeprl that the configuration of the checkpoint replaces.

Why is this bad:
  On resuming, the old configuration is merged over the command. Only ``algo.total_steps``, ``algo.learning_starts``,
  ``checkpoint.resume_from``, ``root_dir`` and ``run_name`` take effect; everything else is ignored without a message.
  Arguments that repeat the old settings are harmless.

How to fix:
  Change the ``config.yaml`` beside the checkpoint, or start a new run.

References:
  https://github.com/Eclectic-Sheep/sheeprl/blob/33b636681fd8b5340b284f2528db8821ab8dcd0b/sheeprl/cli.py#L47
  https://github.com/Eclectic-Sheep/sheeprl/issues/187
"""

from __future__ import annotations

from collections.abc import Iterator

from dreamerguard.core.finding import Confidence, Finding, Severity
from dreamerguard.core.run import ResolvedRun
from dreamerguard.core.source import Label
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
    ignored = [
        item
        for key, item in run.settings.items()
        if item.last.kind == "command line" and key not in _KEPT and not key.startswith("env.wrapper.")
    ]
    ignored.sort(key=lambda item: run.place(item).start)
    if not ignored:
        return
    names = ", ".join(item.key for item in ignored)
    yield rule.at(
        run.place(ignored[0]),
        f"resuming ignores {names}: the checkpoint's configuration replaces {'it' if len(ignored) == 1 else 'them'}",
        key=ignored[0].key,
        secondary=(Label(run.place(resumed), "resumes here"), *(Label(run.place(item)) for item in ignored[1:])),
        help="change config.yaml beside the checkpoint",
    )
