"""A key is in a section where the program does not read it.

What it does:
  Reports names in the configuration that upstream reads in another section: ``total_steps`` at the root of a sheeprl
  experiment instead of under ``algo``, ``act_entropy`` under ``env`` of r2dreamer instead of under ``model``. Also
  reports ``algo.train_every`` where sheeprl reads only ``algo.replay_ratio``, which replaced it. It is information if
  the key that upstream reads has the same value, or if the command sets that key.

Why is this bad:
  Hydra accepts new keys in a file. The value looks set, but the run uses another one: ``dreamer_v3_XL_crafter`` of
  sheeprl trains for 5 M steps although its file says 1 M.

How to fix:
  Move the key into the section that the message names.

References:
  https://github.com/Eclectic-Sheep/sheeprl/issues/218
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from dreamerguard.core.finding import Finding, Severity
from dreamerguard.core.run import ResolvedRun
from dreamerguard.core.setting import Setting
from dreamerguard.core.values import spell_scalar
from dreamerguard.rules.helpers.example_files import R2_COMMAND, with_r2_env
from dreamerguard.rules.rule import Example, Rule

rule = Rule("DG319", "misplaced-key", Severity.WARNING, dialects=("r2dreamer", "sheeprl"))

GOOD = [Example("sheeprl exp=dreamer_v3_100k_ms_pacman")]
BAD = [
    Example("sheeprl exp=dreamer_v3_XL_crafter", mark="sheeprl exp=dreamer_v3_XL_crafter"),
    Example(
        R2_COMMAND,
        files=with_r2_env("act_entropy: 1e-2"),
        mark="act_entropy: 1e-2",
    ),
]

#: Names that users write at the root or elsewhere, and the keys that sheeprl's code reads.
_SHEEPRL = {
    "total_steps": "algo.total_steps",
    "learning_starts": "algo.learning_starts",
    "replay_ratio": "algo.replay_ratio",
    "per_rank_batch_size": "algo.per_rank_batch_size",
    "per_rank_sequence_length": "algo.per_rank_sequence_length",
    "per_rank_pretrain_steps": "algo.per_rank_pretrain_steps",
    "cnn_keys": "algo.cnn_keys",
    "mlp_keys": "algo.mlp_keys",
    "num_envs": "env.num_envs",
    "action_repeat": "env.action_repeat",
    "screen_size": "env.screen_size",
    "log_every": "metric.log_every",
    "logger": "metric.logger",
    "env.total_steps": "algo.total_steps",
    "env.replay_ratio": "algo.replay_ratio",
    "algo.num_envs": "env.num_envs",
    "buffer.learning_starts": "algo.learning_starts",
}
#: Names that r2dreamer's code reads under ``model`` only.
_R2_MODEL = ("act_entropy", "kl_free", "imag_horizon", "lamb", "rep_loss", "agc")
_R2 = {f"env.{name}": f"model.{name}" for name in _R2_MODEL} | {name: f"model.{name}" for name in _R2_MODEL}


@rule.check
def check(run: ResolvedRun) -> Iterator[Finding]:
    """Compares the value with the value that takes effect."""
    places = _SHEEPRL if run.dialect == "sheeprl" else _R2
    yield from _replaced(run)
    for name, right in places.items():
        for key in _below(run, name):
            yield from _finding(run, run.settings[key], f"{right}{key.removeprefix(name)}")
            return


def _set_rightly(counts: Setting | None) -> bool:
    """Returns whether the command sets the key that counts."""
    return counts is not None and counts.last.kind == "command line"


def _replaced(run: ResolvedRun) -> Iterator[Finding]:
    """Finds the key that ``algo.replay_ratio`` replaced in 2024, where the edition reads only the new one."""
    old, new = run.settings.get("algo.train_every"), run.settings.get("algo.replay_ratio")
    if run.dialect != "sheeprl" or old is None or new is None or not old.chosen:
        return
    meant = 1 / old.number if old.number > 0 else 0.0
    same = meant == new.number
    yield rule.at(
        old.last.span or run.anchor,
        f"{old.key} {spell_scalar(old.value)} has no effect: algo.replay_ratio"
        f"{' means the same' if same else f' stays {spell_scalar(new.value)}'}",
        key=old.key,
        severity=Severity.INFO if same else None,
        help=f"set algo.replay_ratio to {spell_scalar(float(f'{meant:.3g}'))}" if 0 < meant < math.inf else "",
    )


def _below(run: ResolvedRun, name: str) -> list[str]:
    """Returns the key itself, or the first key in the section of that name."""
    if name in run.settings:
        return [name]
    if "." in name:
        return []
    return [key for key in run.settings if key.startswith(f"{name}.")][:1]


def _finding(run: ResolvedRun, setting: Setting, right: str) -> Iterator[Finding]:
    counts = run.settings.get(right)
    section = f"{right.partition('.')[0]}."
    if counts is None and ("." not in setting.key or not any(key.startswith(section) for key in run.settings)):
        return  # an edition that reads the key here
    same = counts is not None and counts.value == setting.value
    kept = " has the same value" if same else f" stays {spell_scalar(counts.value)}" if counts else " is read instead"
    where = f" ({setting.last.origin})" if setting.last.span is None else ""
    yield rule.at(
        setting.last.span or run.anchor,
        f"{setting.key} {spell_scalar(setting.value)} has no effect{where}: {right}{kept}",
        key=setting.key,
        severity=Severity.INFO if same or _set_rightly(counts) else None,
        help=f"move it to {right}",
        upstream="" if setting.chosen else run.upstream,
    )
