"""The schema of a sweep file: tasks, seeds, settings and how they vary, the engine, retries and the watch."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema, model_validator

#: Identifier of the JSON Schema; a URN, because the schema is written beside the file and never fetched.
SCHEMA_ID = "urn:dreamerguard:sweep"
#: Largest seed, as in a run file.
_MOST_SEED = 2**31 - 1
_MOST_SEEDS = 10_000


def _text_of_names(value: object) -> object:
    """Accepts a single name where a list of names is expected."""
    return (value,) if isinstance(value, str) else value


def _seeds(value: object) -> object:
    """Converts a number of seeds to the seeds from 0 on."""
    if isinstance(value, bool) or not isinstance(value, int | tuple | list):
        raise ValueError("write the seeds, [0, 1, 2], or their number, 3")
    if isinstance(value, int):
        if not 1 <= value <= _MOST_SEEDS:
            raise ValueError(f"the number of seeds is {value}; it must be from 1 to {_MOST_SEEDS}")
        return tuple(range(value))
    return value


Scalar = bool | int | float | str | None
Value = Scalar | tuple[Scalar, ...]
Settings = dict[str, Value]
Choices = Annotated[tuple[Value, ...], Field(min_length=1)]
Names = Annotated[tuple[str, ...], BeforeValidator(_text_of_names), Field(min_length=1)]
Seed = Annotated[int, Field(ge=0, le=_MOST_SEED)]
_SEEDS_SCHEMA = {
    "anyOf": [
        {"type": "integer", "minimum": 1, "maximum": _MOST_SEEDS},
        {"type": "array", "minItems": 1, "items": {"type": "integer", "minimum": 0, "maximum": _MOST_SEED}},
    ]
}
Seeds = Annotated[tuple[Seed, ...], Field(min_length=1), BeforeValidator(_seeds), WithJsonSchema(_SEEDS_SCHEMA)]


def key(default: Any, *, description: str, **bounds: Any) -> Any:
    """Declares one key with its default; ``bounds`` are pydantic's keywords."""
    return Field(default, description=description, **bounds)


class SweepSection(BaseModel):
    """A frozen group of a sweep file. It refuses unknown keys, so that a misspelt key is never ignored."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Draw(SweepSection):
    """One random value; exactly one of these keys."""

    uniform: tuple[float, float] | None = key(None, description="Between two bounds.")
    log_uniform: tuple[float, float] | None = key(None, description="Between two bounds above zero, by logarithm.")
    integer: tuple[int, int] | None = key(None, description="A whole number between two bounds, both included.")
    choice: Choices | None = key(None, description="One of these values.")

    @model_validator(mode="after")
    def _check(self) -> Self:
        kind = _only(self, "a draw", ("uniform", "log_uniform", "integer", "choice"))
        if kind != "choice":
            low, high = getattr(self, kind)
            if low > high:
                raise ValueError(f"{kind}: the lower bound {low} is above the upper bound {high}")
            if kind == "log_uniform" and low <= 0:
                raise ValueError(f"log_uniform: the lower bound {low} must be greater than 0")
        return self


class RandomDraws(SweepSection):
    """Random combinations. A larger count, or another key, keeps the values that were drawn before."""

    count: int = Field(description="Number of combinations.", ge=1, le=100_000)
    seed: int = key(0, description="Seed of the draws.", ge=0)
    draw: dict[str, Draw] = Field(description="Setting -> how its value is drawn.", min_length=1)


class VaryBlock(SweepSection):
    """How settings vary; exactly one of these keys. Several blocks are combined with each other."""

    grid: dict[str, Choices] | None = key(None, description="Setting -> values; every combination of them.")
    zip: dict[str, Choices] | None = key(None, description="Setting -> values, as many each; first with first.")
    list: tuple[Settings, ...] | None = key(None, description="Combinations, each a table of settings.")
    random: RandomDraws | None = key(None, description="Combinations drawn at random.")

    @model_validator(mode="after")
    def _check(self) -> Self:
        kind = _only(self, "a block of vary", ("grid", "zip", "list", "random"))
        if kind == "zip" and len({len(values) for values in (self.zip or {}).values()}) > 1:
            sizes = ", ".join(f"{key} has {len(values)}" for key, values in (self.zip or {}).items())
            raise ValueError(f"zip needs as many values of every setting: {sizes}")
        if kind == "list" and len({frozenset(item) for item in self.list or ()}) != 1:
            raise ValueError("list needs at least one combination, and the same settings in each")
        return self


class EngineSettings(SweepSection):
    """Where the runs run, and what each of them takes."""

    kind: Literal["embedded", "ray", "slurm"] = key("embedded", description="This machine, Ray or Slurm.")
    cores_per_run: float = key(1.0, description="Processor cores of each run.", gt=0)
    gpus_per_run: float = key(
        0.0, description="GPUs of each run; a part of one, such as 0.5, lets runs share it.", ge=0
    )
    memory_per_run: float | None = key(None, description="Main memory of each run, in gigabytes.", gt=0)
    slots: int | None = key(
        None, description="Most runs at the same time; by default as many as the cores and GPUs allow.", ge=1
    )
    gpus: tuple[int, ...] | None = key(None, description="embedded: GPUs to use; by default all that are visible.")
    address: str | None = key(
        None, description="ray: address of a cluster, auto for the one of this machine; without it, Ray starts here."
    )
    partition: str | None = key(None, description="slurm: partition.")
    account: str | None = key(None, description="slurm: account.")
    hours: float | None = key(None, description="slurm: time limit of each job; a longer run is requeued.", gt=0)
    options: dict[str, str | int | float | bool] = key(
        {}, description="slurm: further options of sbatch, without dashes."
    )

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.gpus_per_run > 1 and not self.gpus_per_run.is_integer():
            raise ValueError("gpus_per_run above 1 must be a whole number")
        return self


class RetrySettings(SweepSection):
    """When a run that failed is started again. A run that was saved by a signal continues without counting."""

    count: int = key(2, description="How often a failed run is started again.", ge=0, le=100)
    backoff: float = key(30.0, description="Seconds before the first retry; doubled each time.", ge=0)
    longest: float = key(3600.0, description="Longest pause in seconds.", ge=0)


class WatchSettings(SweepSection):
    """How runs are watched together, and when one is stopped."""

    interval: float = key(30.0, description="Seconds between two looks.", ge=0.2)
    stop: bool = key(True, description="Whether hopeless runs are stopped; otherwise they are only reported.")
    against: Annotated[tuple[Literal["reference", "best"], ...], BeforeValidator(_text_of_names)] = key(
        ("reference", "best"),
        description="What makes a run hopeless: far below the published agent, or below the sweep's own best.",
    )
    rate: float = key(
        0.05,
        description="Most probability of stopping a combination that is as good as what it is compared with, over all"
        " runs and looks of the sweep.",
        gt=0,
        lt=0.5,
    )
    halving: bool = key(
        False,
        description="Whether the worse half of the combinations is stopped at 1/8, 1/4 and 1/2 of the length too; this"
        " promises no error rate.",
    )
    reference: str | None = key(None, description="Published curves of a release, or a file; as in watch.")
    suite: str | None = key(None, description="Suite, if several have the tasks; as in watch.")
    kill_after: float = key(120.0, description="Seconds from SIGTERM to SIGKILL for a run that is stopped.", ge=0)


class SweepFile(SweepSection):
    """A sweep: tasks x seeds x settings."""

    name: str = key("sweep", description="Name for people.", min_length=1, max_length=100)
    description: str = key("", description="What the sweep is to find out.")
    tasks: Names = Field(description="Tasks, for example [dmc_walker_walk, atari_pong].")
    seeds: Seeds = Field(description="The seeds, or their number: 3 stands for 0, 1 and 2.")
    config: str | None = key(None, description="Run file with settings of every run, as of train --config.")
    settings: Settings = key({}, description="Settings of every run.")
    task_settings: dict[str, Settings] = key({}, description="Task -> settings of its runs; they win over settings.")
    vary: tuple[VaryBlock, ...] = key((), description="How settings vary; blocks are combined with each other.")
    command: str | tuple[str, ...] | None = key(
        None,
        description="Command of another training program, with {task}, {seed}, {logdir} and each setting that varies,"
        " as {run.train_ratio}. Without it, the runs are of dreamerguard train.",
    )
    dialect: str | None = key(None, description="The program of the command if it is not recognised, danijar:2023.")
    frames: float | None = key(
        None, description="Environment frames of each run, if the command of another program does not state them.", gt=0
    )
    env: dict[str, str] = key({}, description="Environment variables of the runs.")
    allow: dict[str, str] = key({}, description="Rule -> reason, for findings that are accepted.")
    on_refused: Literal["skip", "stop"] = key(
        "skip", description="What happens if lint refuses a run: leave it out, or start nothing."
    )
    on_unchecked: Literal["run", "skip", "stop"] = key(
        "run", description="What happens if lint cannot check a command of another program."
    )
    frames_per_second: float | None = key(
        None, description="Environment frames of a run in a second, for the plan, if you know them.", gt=0
    )
    engine: EngineSettings = key(EngineSettings(), description="Where the runs run.")
    retries: RetrySettings = key(RetrySettings(), description="Retries of failed runs.")
    watch: WatchSettings = key(WatchSettings(), description="The watch over all runs.")

    @property
    def seed_list(self) -> tuple[int, ...]:
        """The seeds, each once."""
        return tuple(dict.fromkeys(self.seeds))

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.command is not None and (self.config is not None or self.settings or self.task_settings):
            raise ValueError(
                "command starts another program: write its settings into the command, and leave out config, settings"
                " and task_settings"
            )
        if self.command is None and (self.dialect is not None or self.frames is not None):
            raise ValueError("dialect and frames describe the command of another program: they need command")
        unknown = [task for task in self.task_settings if task not in self.tasks]
        if unknown:
            raise ValueError(f"task_settings names {unknown[0]}, which is not among the tasks")
        return self


def _only(part: SweepSection, what: str, names: tuple[str, ...]) -> str:
    """Returns the one key of a group that is set.

    Raises:
      ValueError: none or several are set.
    """
    found = [name for name in names if getattr(part, name) is not None]
    if len(found) != 1:
        raise ValueError(f"{what} has exactly one of the keys {', '.join(names)}")
    return found[0]


def sweep_schema() -> dict[str, Any]:
    """Returns the JSON Schema (draft 2020-12) of a sweep file."""
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": SCHEMA_ID}
    return head | SweepFile.model_json_schema() | {"title": "DreamerGuard sweep"}
