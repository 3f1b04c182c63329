"""The keys of a native run, read from `RunConfig`, and the habits that people bring from other programs."""

from __future__ import annotations

import types
from collections.abc import Iterator
from functools import cache
from typing import Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from dreamerguard.schema import RunConfig

from .key import Condition, Key, Kind, Renamed

_KINDS: dict[object, Kind] = {
    bool: "boolean",
    int: "integer",
    float: "number",
    str: "text",
    tuple[int, ...]: "integers",
}
_BOUNDS = {
    "ge": "low",
    "le": "high",
    "gt": "above",
    "lt": "below",
    "multiple_of": "multiple",
    "min_length": "fewest",
    "max_length": "most",
}


@cache
def native_keys() -> dict[str, Key]:
    """Dotted key -> key, in the order of the schema."""
    return {key.path: key for key in _keys(RunConfig, "")}


def _keys(model: type[BaseModel], prefix: str) -> Iterator[Key]:
    for name, info in model.model_fields.items():
        path = f"{prefix}{name}"
        if isinstance(info.annotation, type) and issubclass(info.annotation, BaseModel):
            yield from _keys(info.annotation, f"{path}.")
        else:
            yield _key(path, info)


def _key(path: str, info: FieldInfo) -> Key:
    annotation, optional = _unwrap(info.annotation)
    choices = get_args(annotation) if get_origin(annotation) is Literal else ()
    bounds: dict[str, Any] = {
        bound: getattr(item, name) for item in info.metadata for name, bound in _BOUNDS.items() if hasattr(item, name)
    }
    extra = info.json_schema_extra if isinstance(info.json_schema_extra, dict) else {}
    return Key(
        path,
        "choice" if choices else _KINDS[annotation],
        None if info.is_required() else info.default,
        description=info.description or "",
        unit=str(extra.get("unit", "")),
        choices=choices,
        optional=optional,
        **bounds,
    )


def _unwrap(annotation: Any) -> tuple[Any, bool]:
    if get_origin(annotation) in (Union, types.UnionType):
        inner = [item for item in get_args(annotation) if item is not type(None)]
        return inner[0], True
    return annotation, False


_STEPS = "it counts environment frames: agent steps x env.action_repeat"
_UPDATES = "it counts replayed steps, not updates: multiply updates per step by replay.batch_size x replay.batch_length"

#: Key of another code base, or a common habit -> the native key. From danijar/dreamerv3 (2023 to e3f0224),
#: NM512/dreamerv3-torch at 6ef8646, NM512/r2dreamer at 546e4fa and Eclectic-Sheep/sheeprl at 33b6366.
NATIVE_RENAMES: dict[str, Renamed] = {
    "run.steps": Renamed("run.frames", _STEPS),
    "steps": Renamed("run.frames", _STEPS),
    "total_steps": Renamed("run.frames", _STEPS),
    "trainer.steps": Renamed("run.frames"),
    "algo.total_steps": Renamed("run.frames", _STEPS),
    "frames": Renamed("run.frames"),
    "train_ratio": Renamed("run.train_ratio"),
    "trainer.train_ratio": Renamed("run.train_ratio"),
    "env.train_ratio": Renamed("run.train_ratio"),
    "replay_ratio": Renamed("run.train_ratio", _UPDATES),
    "run.replay_ratio": Renamed("run.train_ratio", _UPDATES),
    "algo.replay_ratio": Renamed("run.train_ratio", _UPDATES),
    "run.num_envs": Renamed("run.envs"),
    "num_envs": Renamed("run.envs"),
    "envs": Renamed("run.envs"),
    "envs.amount": Renamed("run.envs"),
    "env.num_envs": Renamed("run.envs"),
    "env.env_num": Renamed("run.envs"),
    "batch_size": Renamed("replay.batch_size"),
    "run.batch_size": Renamed("replay.batch_size"),
    "algo.per_rank_batch_size": Renamed("replay.batch_size"),
    "batch_length": Renamed("replay.batch_length"),
    "run.batch_length": Renamed("replay.batch_length"),
    "algo.per_rank_sequence_length": Renamed("replay.batch_length"),
    "replay.size": Renamed("replay.capacity"),
    "replay_size": Renamed("replay.capacity"),
    "dataset_size": Renamed("replay.capacity"),
    "buffer.size": Renamed("replay.capacity"),
    "buffer.max_size": Renamed("replay.capacity"),
    "replay_context": Renamed("replay.context"),
    "learning_rate": Renamed("optimizer.lr"),
    "lr": Renamed("optimizer.lr"),
    "model_lr": Renamed("optimizer.lr", "one optimizer trains all networks"),
    "opt.lr": Renamed("optimizer.lr"),
    "agent.opt.lr": Renamed("optimizer.lr"),
    "agent.opt.learning_rate": Renamed("optimizer.lr"),
    "optimizer.learning_rate": Renamed("optimizer.lr"),
    "agent.opt.agc": Renamed("optimizer.agc"),
    "agent.opt.eps": Renamed("optimizer.eps"),
    "agent.opt.warmup": Renamed("optimizer.warmup"),
    "action_repeat": Renamed("env.action_repeat"),
    "env.repeat": Renamed("env.action_repeat"),
    "env.dmc.repeat": Renamed("env.action_repeat"),
    "env.atari.repeat": Renamed("env.action_repeat"),
    "env.frame_skip": Renamed("env.action_repeat"),
    "env.size": Renamed("env.image_size"),
    "env.dmc.size": Renamed("env.image_size"),
    "env.screen_size": Renamed("env.image_size"),
    "env.dmc.camera": Renamed("env.camera"),
    "env.id": Renamed("task"),
    "env.task": Renamed("task"),
    "model_size": Renamed("size"),
    "model.size": Renamed("size"),
    "configs": Renamed("suite", "suites, editions and sizes are separate keys: suite, edition, size"),
    "agent.dyn.rssm.deter": Renamed("model.deter"),
    "agent.dyn.rssm.hidden": Renamed("model.hidden"),
    "agent.dyn.rssm.stoch": Renamed("model.stoch"),
    "agent.dyn.rssm.classes": Renamed("model.classes"),
    "agent.dyn.rssm.blocks": Renamed("model.blocks"),
    "rssm.deter": Renamed("model.deter"),
    "dyn_deter": Renamed("model.deter"),
    "dyn_hidden": Renamed("model.hidden"),
    "dyn_stoch": Renamed("model.stoch"),
    "dyn_discrete": Renamed("model.classes"),
    "imag_horizon": Renamed("loss.imag_length"),
    "imag_length": Renamed("loss.imag_length"),
    "agent.imag_length": Renamed("loss.imag_length"),
    "agent.horizon": Renamed("loss.horizon"),
    "discount": Renamed("loss.horizon", "the discount is 1 - 1/horizon: 0.997 is horizon 333"),
    "jax.platform": Renamed("runtime.platform"),
    "jax.platforms": Renamed("runtime.platform"),
    "platform": Renamed("runtime.platform"),
    "device": Renamed("runtime.platform"),
    "fabric.accelerator": Renamed("runtime.platform"),
    "jax.precision": Renamed("runtime.dtype"),
    "jax.compute_dtype": Renamed("runtime.dtype"),
    "precision": Renamed("runtime.dtype", "it is a name: float32 or bfloat16"),
    "run.log_every": Renamed("logging.every"),
    "log_every": Renamed("logging.every", "it counts seconds"),
    "run.save_every": Renamed("checkpoint.every"),
    "checkpoint.keep_last": Renamed("checkpoint.keep"),
    "run.eval_every": Renamed("eval.every", "it counts environment frames"),
    "eval_every": Renamed("eval.every"),
    "run.eval_eps": Renamed("eval.episodes"),
    "eval_episode_num": Renamed("eval.episodes"),
    "run.seed": Renamed("seed"),
}

_IMAGE_KEYS = (
    "env.image_size",
    "env.camera",
    "model.depth",
    "model.image_mults",
    "model.image_kernel",
    "model.image_blocks",
)

#: Settings of native runs that only some runs read.
NATIVE_CONDITIONS: tuple[Condition, ...] = (
    Condition(_IMAGE_KEYS, "env.observation", ("vision",)),
    Condition(("optimizer.anneal",), "optimizer.schedule", ("linear", "cosine")),
    Condition(("eval.episodes",), "eval.every", (), unless=(0,)),
)
