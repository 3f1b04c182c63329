"""What the configuration beside a log tells: task, suite, action repeat, train ratio, length.

Only the file that the program itself stored is read. A key that is not there gives None, never a guess.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from dreamerguard.core.model import SourceError
from dreamerguard.sources.files import read_source
from dreamerguard.sources.values import nodes
from dreamerguard.sources.values.ruamel import plain_value
from dreamerguard.sources.values.yaml import read_yaml

from .run_log import Facts, Format

#: Where each program keeps its configuration, best first, relative to the run.
_FILES: dict[Format, tuple[str, ...]] = {
    "native": ("run.yaml",),
    "danijar": ("config.yaml",),
    "nm512_torch": (),
    "r2dreamer": (".hydra/config.yaml",),
    "sheeprl": (
        "config.yaml",
        ".hydra/config.yaml",
        "version_0/config.yaml",
        "../.hydra/config.yaml",
        "../config.yaml",
    ),
}


def read_facts(directory: Path, format: Format) -> Facts:
    """The facts of a run directory. A missing or unreadable configuration gives no facts."""
    settings = _settings(directory, format)
    if not settings:
        return Facts()
    return _READERS[format](settings)


def _settings(directory: Path, format: Format) -> dict[str, Any]:
    for name in _FILES[format]:
        try:
            source, problem = read_source(directory / name)
        except SourceError:
            continue
        root = read_yaml(source).root if problem is None else None
        if root is not None and root.entries:
            return dict(_flat(root))
    return {}


def _flat(values: nodes.Mapping, prefix: str = "") -> Iterator[tuple[str, Any]]:
    for entry in values.entries:
        if isinstance(entry.value, nodes.Mapping):
            yield from _flat(entry.value, f"{prefix}{entry.name}.")
        else:
            value, _ = plain_value(entry.value)
            yield f"{prefix}{entry.name}", list(value) if isinstance(value, tuple) else value


def _native(settings: dict[str, Any]) -> Facts:
    batch = _product(settings, "replay.batch_size", "replay.batch_length")
    return Facts(
        task=_text(settings, "task"),
        suite=_text(settings, "suite"),
        edition=_text(settings, "edition"),
        seed=_whole(settings, "seed"),
        action_repeat=_whole(settings, "env.action_repeat"),
        train_ratio=_number(settings, "run.train_ratio"),
        batch_steps=batch,
        frames=_number(settings, "run.frames"),
        settings=settings,
    )


def _danijar(settings: dict[str, Any]) -> Facts:
    task = _text(settings, "task")
    prefix = task.split("_")[0] if task else ""
    repeat = _whole(settings, f"env.{prefix}.repeat") or (1 if task else None)
    steps = _number(settings, "run.steps")
    suite = None
    if prefix == "dmc":
        pixels, vectors = settings.get("env.dmc.image"), settings.get("env.dmc.proprio")
        suite = "dmc_vision" if vectors is False else "dmc_proprio" if pixels is False else None
    # Replayed steps include the context: the logged ratio is (length + context) / length of the setting.
    ratio, length = _number(settings, "run.train_ratio"), _number(settings, "batch_length")
    context = _number(settings, "replay_context") or 0
    if ratio is not None and length:
        ratio *= (length + context) / length
    return Facts(
        task=task,
        suite=suite,
        seed=_whole(settings, "seed"),
        action_repeat=repeat,
        train_ratio=ratio,
        batch_steps=_product(settings, "batch_size", "batch_length"),
        frames=None if steps is None or repeat is None else steps * repeat,
        settings=settings,
    )


def _r2dreamer(settings: dict[str, Any]) -> Facts:
    task, repeat = _text(settings, "env.task"), _whole(settings, "env.action_repeat")
    suite = None
    if task and task.startswith("dmc_"):
        vectors, pixels = settings.get("env.encoder.mlp_keys"), settings.get("env.encoder.cnn_keys")
        suite = "dmc_vision" if vectors == "$^" else "dmc_proprio" if pixels == "$^" else None
    return Facts(
        task=task,
        suite=suite,
        seed=_whole(settings, "seed"),
        action_repeat=repeat,
        train_ratio=_number(settings, "trainer.train_ratio") or _number(settings, "env.train_ratio"),
        batch_steps=_product(settings, "batch_size", "batch_length"),
        frames=_number(settings, "trainer.steps") or _number(settings, "env.steps"),
        settings=settings,
    )


def _sheeprl(settings: dict[str, Any]) -> Facts:
    name, repeat = _text(settings, "env.id"), _whole(settings, "env.action_repeat")
    steps, ratio = _number(settings, "algo.total_steps"), _number(settings, "algo.replay_ratio")
    batch = _product(settings, "algo.per_rank_batch_size", "algo.per_rank_sequence_length")
    target = str(settings.get("env.wrapper._target_", "")).lower()
    task = suite = None
    if name and "dmc" in target:
        domain, kind = settings.get("env.wrapper.domain_name"), settings.get("env.wrapper.task_name")
        task = f"dmc_{domain}_{kind}" if domain and kind else f"dmc_{name}"
        pixels = bool(settings.get("algo.cnn_keys.encoder"))
        suite = "dmc_vision" if pixels else "dmc_proprio"
    elif name and "atari" in target:
        game = re.sub(r"(NoFrameskip|Deterministic)?-v\d+$", "", name.split("/")[-1])
        task = "atari_" + re.sub(r"(?<!^)(?=[A-Z])", "_", game).lower()
    return Facts(
        task=task,
        suite=suite,
        seed=_whole(settings, "seed"),
        action_repeat=repeat,
        train_ratio=None if ratio is None or batch is None else ratio * batch,
        batch_steps=batch,
        frames=None if steps is None or repeat is None else steps * repeat,
        settings=settings,
    )


_READERS = {"native": _native, "danijar": _danijar, "r2dreamer": _r2dreamer, "sheeprl": _sheeprl}


def _number(settings: Mapping[str, Any], key: str) -> float | None:
    value = settings.get(key)
    if isinstance(value, str):  # quoted
        try:
            value = float(value)
        except ValueError:
            return None
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else None


def _whole(settings: Mapping[str, Any], key: str) -> int | None:
    value = _number(settings, key)
    return None if value is None else int(value)


def _product(settings: Mapping[str, Any], *keys: str) -> int | None:
    values = [_whole(settings, key) for key in keys]
    return None if None in values else (values[0] or 0) * (values[1] or 0)


def _text(settings: Mapping[str, Any], key: str) -> str | None:
    value = settings.get(key)
    return value if isinstance(value, str) and value else None
