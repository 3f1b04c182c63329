"""RLlib's DreamerV3, which is configured in Python. `sources.commands.rllib` turns a configuration into a command.

Layers: the defaults of ``DreamerV3Config``, then the values that the code sets, in their order. What the code computes
is unknown here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from dreamerguard.core.finding import Problem
from dreamerguard.core.machine import Machine
from dreamerguard.core.run import ResolvedRun, Units
from dreamerguard.core.setting import Layer, Setting, UnknownKey
from dreamerguard.core.source import Label
from dreamerguard.core.values import as_number, read_value, spell_scalar
from dreamerguard.programs.interface import Program
from dreamerguard.programs.shared.known_tasks import check_task
from dreamerguard.programs.shared.limits import beyond_limits, role_limits
from dreamerguard.programs.shared.python_call import is_open
from dreamerguard.sources.argv import Command, Override, read_arguments
from dreamerguard.sources.commands.launch import read_launch
from dreamerguard.sources.commands.rllib import RLLIB_MODULE
from dreamerguard.util.hints import nearest

from .keys import DEFAULTS, KEYS, LIMITS, ORIGIN, RENAMED, ROLES, TITLE
from .published import rllib_budget, rllib_reference


class RLlib(Program):
    """The DreamerV3 of ray-project/ray."""

    name = "rllib"

    def detect(self, command: Command, folder: Path) -> str | None:
        """Recognises the command that stands for a configuration in Python."""
        launch = read_launch(command)
        if launch is None or not launch.module or launch.program != RLLIB_MODULE:
            return None
        return "the code makes a DreamerV3Config of ray.rllib"

    def can_read(self, command: Command) -> bool:
        """Returns whether the command stands for a configuration in Python."""
        return self.detect(command, Path()) is not None

    def resolve(self, command: Command, machine: Machine, folder: Path) -> ResolvedRun:
        """Puts the values of the code over the defaults."""
        launch = read_launch(command)
        assert launch is not None, "detect() saw a program"
        chains = {key: [Layer("defaults", "DreamerV3Config", value, ORIGIN)] for key, value in DEFAULTS.items()}
        unknown: list[UnknownKey] = []
        overrides = [item for item in read_arguments(launch.arguments, {}) if isinstance(item, Override)]
        for item in overrides:
            layer = _layer(item)
            if item.key in KEYS:
                chain = chains.setdefault(item.key, [])
                chain[:] = [*(replace(earlier, kind="file") for earlier in chain), layer]  # code may change its values
            elif item.key in RENAMED or nearest(item.key, KEYS):
                unknown.append(UnknownKey(item.key, layer.value, item.span, item.span, certain=item.key in RENAMED))
        settings = {key: Setting(key, tuple(chain)) for key, chain in chains.items()}
        values = {key: setting.value for key, setting in settings.items()}
        reference = rllib_reference(values)
        return ResolvedRun(
            dialect=self.name,
            anchor=launch.place.span,
            settings=settings,
            roles=ROLES,
            keys=KEYS,
            renamed=RENAMED,
            unknown=tuple(unknown),
            problems=tuple(_problems(settings)),
            budget=rllib_budget(values, reference),
            reference=reference,
            purpose="full" if settings.get(ROLES["frames"]) is not None else "short",
            units=Units(length="agent steps"),
            machine=machine,
            upstream=TITLE,
            constants=DEFAULTS,
            files=(command.source.name,),
            sources=(command.source,),
            overrides=len(overrides),
        )


PROGRAM = RLlib()


def _layer(item: Override) -> Layer:
    value = read_value(item.value) if item.value is not None else None
    place = item.value_span
    editable = place if place is not None and place.text == item.value else None
    return Layer("command line", "the code", value, item.span, editable)


def _problems(settings: Mapping[str, Setting]) -> Iterator[Problem]:
    found = [*_choices(settings), *_contradictions(settings)]
    yield from found
    yield from beyond_limits(settings, (*role_limits(ROLES), *LIMITS), found)
    task = settings.get("env")
    problem = check_task(_as_dmc(task), frozenset({"dmc"})) if task is not None else None
    if problem is not None:
        yield problem


def _as_dmc(task: Setting) -> Setting | None:
    """Returns the setting with the name that other programs give a task of the DeepMind Control Suite."""
    if not isinstance(task.value, str) or not task.value.startswith("DMC/"):
        return None
    last = task.last
    name = f"dmc_{task.value.removeprefix('DMC/').replace('/', '_')}"
    return Setting(task.key, (Layer(last.kind, last.name, name, last.origin),))


def _choices(settings: Mapping[str, Setting]) -> Iterator[Problem]:
    for key in ("model_size", "replay_buffer_config.type"):
        setting = settings[key]
        place, value = setting.last.span, setting.value
        if setting.chosen and place is not None and value not in KEYS[key].choices and not is_open(str(value)):
            yield Problem("unknown-choice", "", Label(place), key, value=value)


def _contradictions(settings: Mapping[str, Setting]) -> Iterator[Problem]:
    """Yields the contradictions at which ``DreamerV3Config.validate`` stops."""
    actor, critic = settings["train_actor"], settings["train_critic"]
    place = critic.last.span or actor.last.span
    if actor.value is True and critic.value is False and place is not None:
        text = "train_critic is false while train_actor is true: the program refuses this"
        yield Problem("inconsistent-settings", text, Label(place), "train_critic", help="set train_actor to False too")
    batch, learners = settings["batch_size_B"], settings["num_learners"]
    size, count = as_number(batch.value), as_number(learners.value)
    place = batch.last.span or learners.last.span
    if count > 1 and size >= 1 and size % count and place is not None:
        text = (
            f"batch_size_B {spell_scalar(batch.value)} is not a multiple of num_learners {spell_scalar(learners.value)}"
        )
        yield Problem(
            "inconsistent-settings", text, Label(place), "batch_size_B", help=f"use a multiple of {count:.0f}"
        )
