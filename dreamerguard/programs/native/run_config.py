"""Converts the resolved settings of a run of the bundled trainer to a budget and to the trainer's configuration."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from dreamerguard.core.budget import Budget, replay_bytes, usable_budget, warmup
from dreamerguard.core.finding import Problem
from dreamerguard.core.run import Thresholds
from dreamerguard.core.setting import Setting
from dreamerguard.core.source import Label, Span
from dreamerguard.schema.consistency import CHECKS, split_batch

if TYPE_CHECKING:
    from dreamerguard.schema import RunConfig


def native_budget(settings: Mapping[str, Setting]) -> Budget | None:
    """Returns the budget of the settings; None if its figures cannot be computed."""
    size, length = settings["replay.batch_size"].number, settings["replay.batch_length"].number
    return usable_budget(
        Budget(
            frames=settings["run.frames"].number,
            action_repeat=settings["env.action_repeat"].number,
            train_ratio=settings["run.train_ratio"].number,
            batch_size=size,
            batch_length=length,
            warmup_steps=warmup(size, length, settings["run.envs"].number, settings["replay.context"].number),
        )
    )


def native_thresholds(settings: Mapping[str, Setting]) -> Thresholds:
    """Returns the user's limits of the update budget."""
    return Thresholds(settings["guard.warn_update_budget"].number, settings["guard.refuse_update_budget"].number)


def native_replay_bytes(settings: Mapping[str, Setting], budget: Budget, on_cpu: bool) -> float:
    """Returns the least bytes of the replay buffer of all seeds: images, recurrent states and classes.

    Recurrent states have the compute type. Vectors, actions and rewards are not counted; they are small. The bundled
    trainer allocates no more than the run fills, and stores the class of a latent variable in one byte.
    """
    images = 0 if settings["env.observation"].value == "proprio" else 1 + len(_cameras(settings["env.cameras"].value))
    gray = settings["suite"].value in ("atari", "atari100k") and settings["env.atari.gray"].value is True
    side = settings["env.image_size"].number
    image = (1 if gray else 3) * side * side * images
    state = (4 if on_cpu else 2) * settings["model.deter"].number + settings["model.stoch"].number
    stored = replay_bytes(settings["replay.capacity"].number, budget.agent_steps, image + state)
    return settings["seeds"].number * stored


def _cameras(value: object) -> Sequence[object]:
    return value if isinstance(value, list | tuple) else ()


def inconsistent(settings: Mapping[str, Setting], anchor: Span) -> Iterator[Problem]:
    """Yields a problem for each section with settings that contradict each other."""
    for section, check in CHECKS.items():
        prefix = f"{section}."
        values = {key.removeprefix(prefix): item.value for key, item in settings.items() if key.startswith(prefix)}
        message = check(values)
        if message:
            yield _inconsistent(f"{section}.", message, settings, anchor)
    devices, batch, seeds = (settings[key] for key in ("runtime.devices", "replay.batch_size", "seeds"))
    if message := split_batch(int(devices.number), int(batch.number), int(seeds.number)):
        yield _inconsistent("", message, settings, anchor)


def build_config(settings: Mapping[str, Setting]) -> RunConfig:
    """Builds the trainer's configuration from settings without problems."""
    from dreamerguard.schema import RunConfig

    nested: dict[str, Any] = {}
    for key, setting in settings.items():
        *path, leaf = key.split(".")
        target = nested
        for part in path:
            target = target.setdefault(part, {})
        target[leaf] = setting.value
    return RunConfig.model_validate(nested)


def _inconsistent(prefix: str, message: str, settings: Mapping[str, Setting], anchor: Span) -> Problem:
    named = [settings[key] for word in message.split() if (key := f"{prefix}{word}") in settings]
    spans = [Label(item.last.span, f"{item.key} is set here") for item in named if item.last.span is not None]
    primary, *others = spans or [Label(anchor)]
    section = prefix.removesuffix(".")
    text, key = (f"{section}: {message}", section) if section else (message, named[0].key)
    return Problem("inconsistent-settings", text, primary, key, tuple(others))
