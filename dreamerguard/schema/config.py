"""Defines `RunConfig`: all settings that determine the result of a run of the bundled trainer."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from .consistency import split_batch
from .env_section import EnvSection
from .published_editions import Edition
from .section_base import Section, setting
from .sections import (
    CheckpointSection,
    EvalSection,
    GuardSection,
    LoggingSection,
    LossSection,
    ModelSection,
    NumbersSection,
    OptimizerSection,
    ReplaySection,
    RunSection,
    RuntimeSection,
)
from .sizes import SizeName


class RunConfig(Section):
    """One DreamerV3 run of the bundled trainer."""

    task: str = setting(
        ...,
        "Task to learn, for example dmc_walker_walk; `dreamerguard tasks` lists them. gym:ID and minigrid:ID are"
        " environments of these libraries. With env.make, a name of your choice.",
    )
    suite: str | None = setting(
        None, "Suite of the defaults if several suites have the task, for example dmc_vision. Usually inferred."
    )
    edition: Edition | None = setting(
        None, "Edition of the published defaults; null takes the suite's default edition."
    )
    size: SizeName = setting("size12m", "Named model size; sets model.deter, hidden, classes, units and depth.")
    purpose: Literal["full", "short"] = setting(
        "full",
        "full: total updates are compared with the task's whole budget. short: the run is short on purpose, and only"
        " updates per frame are compared.",
    )
    seed: int = setting(0, "First seed of initialisation, replay, policy and environments.", ge=0, lt=2**31)
    seeds: int = setting(1, "Independent agents, with seeds seed, seed + 1, ...", unit="agents", ge=1, le=4096)
    run: RunSection = Field(default_factory=RunSection, description="Length and train ratio.")
    env: EnvSection = Field(default_factory=EnvSection, description="Presentation of the task.")
    replay: ReplaySection = Field(default_factory=ReplaySection, description="Replay buffer and batch shape.")
    model: ModelSection = Field(default_factory=ModelSection, description="Network widths.")
    optimizer: OptimizerSection = Field(default_factory=OptimizerSection, description="Optimizer.")
    loss: LossSection = Field(default_factory=LossSection, description="Losses.")
    runtime: RuntimeSection = Field(default_factory=RuntimeSection, description="Device and precision.")
    logging: LoggingSection = Field(default_factory=LoggingSection, description="Logging.")
    eval: EvalSection = Field(default_factory=EvalSection, description="Evaluation.")
    checkpoint: CheckpointSection = Field(default_factory=CheckpointSection, description="Checkpoints.")
    numbers: NumbersSection = Field(default_factory=NumbersSection, description="Numbers that are not finite.")
    guard: GuardSection = Field(default_factory=GuardSection, description="Thresholds of the guard.")

    @model_validator(mode="after")
    def _check_devices(self) -> RunConfig:
        if wrong := split_batch(self.runtime.devices, self.replay.batch_size, self.seeds):
            raise ValueError(wrong)
        return self
