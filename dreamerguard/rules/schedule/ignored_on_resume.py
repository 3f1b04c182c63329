"""Resuming ignores settings of the command.

What it does:
  Lists the settings beside ``checkpoint.resume_from`` of sheeprl that the configuration of the checkpoint replaces.

Why is this bad:
  On resuming, the old configuration is merged over the command. Only ``algo.total_steps``, ``algo.learning_starts``,
  ``checkpoint.resume_from``, ``root_dir`` and ``run_name`` take effect; everything else is ignored without a message.
  Arguments that repeat the old settings are harmless. If the stored configuration can be read, the run is judged by it.

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
from dreamerguard.core.setting import Setting
from dreamerguard.core.source import Label, Span
from dreamerguard.rules.rule import Example, Rule

rule = Rule("DG714", "ignored-on-resume", Severity.WARNING, confidence=Confidence.MEDIUM, dialects=("sheeprl",))

GOOD = [Example("sheeprl exp=dreamer_v3_100k_boxing checkpoint.resume_from=logs/ckpt_1.ckpt algo.total_steps=200000")]
BAD = [
    Example(
        "sheeprl exp=dreamer_v3_100k_boxing checkpoint.resume_from=logs/ckpt_1.ckpt algo.actor.ent_coef=1e-3",
        mark="algo.actor.ent_coef=1e-3",
    ),
    Example(
        "sheeprl exp=dreamer_v3_100k_boxing checkpoint.resume_from=logs/v0/checkpoint/1.ckpt seed=7 algo.horizon=9",
        files={"logs/v0/config.yaml": "seed: 7\nalgo: {name: dreamer_v3, horizon: 15}\n"},
        mark="algo.horizon=9",
    ),
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
    ignored = _replaced(run) if run.resumed else _written(run)
    if not ignored:
        return
    places = [_written_at(item) or run.anchor for item in ignored]
    names = ", ".join(item.key for item in ignored)
    yield rule.at(
        places[0],
        f"resuming ignores {names}: the checkpoint's configuration replaces {'it' if len(ignored) == 1 else 'them'}",
        key=ignored[0].key,
        secondary=(Label(run.place(resumed), "resumes here"), *(Label(place) for place in places[1:])),
        help=f"change {run.resumed or 'config.yaml beside the checkpoint'}",
    )


def _written(run: ResolvedRun) -> list[Setting]:
    """Returns the settings of the command, where the stored configuration is not known."""
    found = [
        item
        for key, item in run.settings.items()
        if item.last.kind == "command line" and key not in _KEPT and not key.startswith("env.wrapper.")
    ]
    return sorted(found, key=lambda item: run.place(item).start)


def _replaced(run: ResolvedRun) -> list[Setting]:
    """Returns the settings of the command that the stored configuration changes."""
    found = [item for item in run.settings.values() if item.last.kind == "file" and _written_at(item) is not None]
    return sorted(found, key=lambda item: (_written_at(item) or run.anchor).start)


def _written_at(setting: Setting) -> Span | None:
    return next((layer.span for layer in reversed(setting.chain) if layer.kind == "command line"), None)
