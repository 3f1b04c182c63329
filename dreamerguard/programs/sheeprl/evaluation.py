"""``sheeprl-eval checkpoint_path=...``: plays with the agent of a checkpoint, under the checkpoint's configuration.

Its own configuration holds a handful of keys. ``env`` (except ``capture_video``), ``exp``, ``algo`` and ``fabric``
(except ``accelerator``) are replaced by the ``config.yaml`` two folders above the checkpoint (sheeprl at 33b6366,
``sheeprl/cli.py`` and ``sheeprl/configs/eval_config.yaml``).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from dreamerguard.core.finding import Problem
from dreamerguard.core.machine import Machine
from dreamerguard.core.run import ResolvedRun
from dreamerguard.core.setting import Layer, Setting, UnknownKey
from dreamerguard.core.source import Label, Origin, Value
from dreamerguard.programs.hydra.command import read_hydra_arguments
from dreamerguard.programs.hydra.overrides import HydraOverride, Opaque
from dreamerguard.programs.shared.stored_run import is_present, missing_checkpoint, read_stored, stored_beside
from dreamerguard.sources.argv import Command
from dreamerguard.sources.commands.launch import Launch

NAMES = ("sheeprl-eval", "sheeprl_eval.py")
#: Options of ``algo`` that train something else.
OTHERS = re.compile(r"(a2c|ppo|sac|droq|dreamer_v[12]|p2e_dv[123])(_\w*)?")
_CHECKPOINT = "checkpoint_path"
_TITLE = "Eclectic-Sheep/sheeprl at 33b6366, eval_config.yaml"
_DEFAULTS: dict[str, Value] = {
    "fabric.accelerator": "cpu",
    "env.capture_video": True,
    "seed": None,
    "num_threads": 1,
    "disable_grads": True,
    _CHECKPOINT: None,
    "float32_matmul_precision": "high",
}
_REPLACED = ("env", "exp", "algo", "fabric")


def resolve_evaluation(command: Command, launch: Launch, machine: Machine, folder: Path) -> ResolvedRun:
    """Returns the run of an evaluation; it has no budget."""
    words = read_hydra_arguments(launch.arguments)
    own = read_stored(folder / "sheeprl/configs/eval_config.yaml", "sheeprl/configs/eval_config.yaml")
    declared = {**_DEFAULTS, **(dict.fromkeys(own.items) if own is not None else {})}
    origin = Origin(_TITLE)
    chains = {key: [Layer("defaults", "eval_config", value, origin)] for key, value in declared.items()}
    unknown: list[UnknownKey] = []
    problems = list(words.problems)
    for item in words.overrides:
        if item.key in chains:
            chains[item.key].append(_layer(item))
        elif item.kind != "set":
            problems += _dropped(item)
        elif not item.key.startswith("hydra"):
            unknown.append(UnknownKey(item.key, item.text, item.span, item.key_span, certain=own is not None))
    settings = {key: Setting(key, tuple(chain)) for key, chain in chains.items()}
    if not command.open:
        problems += _checkpoint(settings[_CHECKPOINT], launch, folder)
    return ResolvedRun(
        dialect="sheeprl",
        anchor=command.span,
        settings=settings,
        roles={},
        keys={},
        unknown=tuple(unknown),
        problems=tuple(problems),
        machine=machine,
        edition=_TITLE,
        upstream=_TITLE,
        trains=False,
        other=_algorithm(settings[_CHECKPOINT], folder),
        seen=own is not None,
        files=(own.name,) if own is not None else (),
        overrides=len(words.overrides),
    )


def _algorithm(checkpoint: Setting, folder: Path) -> str:
    """Returns the algorithm of a checkpoint if it is not DreamerV3: of its configuration, or else of its path."""
    stored = stored_beside(checkpoint, folder)
    item = stored.find("algo.name") if stored is not None else None
    if item is not None:
        name = str(item.value)
        return "" if "dreamer_v3" in name else name
    parts = Path(str(checkpoint.value)).parts
    return next((part for part in parts if OTHERS.fullmatch(part)), "")


def _layer(item: HydraOverride) -> Layer:
    value = item.text if isinstance(item.value, Opaque) or item.unknown else item.value
    return Layer("command line", "command line", value, item.span, item.value_span)


def _dropped(item: HydraOverride) -> Iterator[Problem]:
    """Yields the problem of an added key in a group that the checkpoint's configuration replaces."""
    group = item.key.partition(".")[0]
    if group in _REPLACED:
        text = f"sheeprl-eval ignores {item.key}: the checkpoint's configuration replaces {group}"
        yield Problem("unread-by-script", text, Label(item.span), item.key)


def _checkpoint(setting: Setting, launch: Launch, folder: Path) -> Iterator[Problem]:
    value, place = setting.value, setting.last.span
    if place is None or value in (None, "", "null"):
        text = f"{launch.name} has no {_CHECKPOINT}: it stops, because it needs a checkpoint to load"
        yield Problem("missing-checkpoint", text, Label(launch.place.span), _CHECKPOINT, help=f"add {_CHECKPOINT}=PATH")
        return
    yield from missing_checkpoint(setting, folder)
    if is_present(setting, folder) and stored_beside(setting, folder) is None:
        text = f"there is no config.yaml two folders above {value}, so the program cannot load the run's settings"
        yield Problem("missing-checkpoint", text, Label(place), _CHECKPOINT)
