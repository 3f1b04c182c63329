"""Starts a new run from the parameters of another run, or of danijar/dreamerv3.

Parameters, the slow value and the normalisation of returns are taken. Optimizer, replay and counters begin at zero.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import jax
import numpy as np

from .algorithm.learner import TrainState
from .algorithm.losses import ReturnScale
from .checkpoints import names
from .checkpoints.array_file import Array
from .checkpoints.checkpoint import Checkpoint
from .checkpoints.elements_folder import find_elements, read_elements
from .checkpoints.errors import Damaged, DoesNotMatch, NoSoundCheckpoint, OtherFormat
from .checkpoints.folder import newest_sound, steps_in

#: Networks whose parameters are trained: the first parts of their paths.
NETWORKS = ("con", "dec", "dyn", "enc", "pol", "rew", "val")
_AT = re.compile(r"(.+)@([0-9][0-9_,]*)", re.DOTALL)


@dataclass(frozen=True)
class Pretrained:
    """Numbers of trained agents.

    Attributes:
      source: folder of the checkpoint.
      facts: its origin, as JSON, for the manifest of the new run.
      agents: number of agents; with several, every array has an axis of this length in front.
      params: parameters by path.
      slow: slow value under the paths of the value; empty if unknown.
      retnorm: ``lo`` and ``hi`` of returns; empty if unknown.
      parts: patterns of the paths to take; empty for all.
    """

    source: Path
    facts: Mapping[str, Any]
    agents: int
    params: Mapping[str, Array]
    slow: Mapping[str, Array]
    retnorm: Mapping[str, Array]
    parts: tuple[str, ...] = ()

    def applied(self, state: TrainState, agents: int) -> tuple[TrainState, str]:
        """Puts the parameters into new agents.

        Args:
          state: of the new agents, on the device.
          agents: number of new agents. They all get the parameters of one stored agent, or one each.

        Returns:
          The state, and one line about what was taken.

        Raises:
          DoesNotMatch: parameters are missing or have other shapes, or the numbers of agents differ.
        """
        if self.agents not in (1, agents):
            raise DoesNotMatch(
                f"{self.source} has {self.agents} agents, and this run has {agents}. Set seeds={self.agents},"
                " or start from a run with one agent"
            )
        wanted = {path: value for path, value in state.params.items() if self._takes(path)}
        taken = {path: value for path, value in self.params.items() if self._takes(path)}
        self._check(taken, wanted, agents)
        params = state.params | self._placed(taken, state.params, agents)
        slow, retnorm = state.slow, state.retnorm
        values = {path: params[path] for path in slow}
        if any(path in taken for path in slow):
            fits = {path for path in self.slow if path in taken and self.slow[path].shape == taken[path].shape}
            stored = {path: self.slow[path] if path in fits else taken[path] for path in slow if path in taken}
            slow = values | self._placed(stored, state.slow, agents)
            if self.retnorm:
                like = {"lo": retnorm.lo, "hi": retnorm.hi}
                retnorm = ReturnScale(**self._placed(self.retnorm, like, agents))
        line = f"starts from {self.source}: {len(taken)} of {len(state.params)} parameters"
        return TrainState(params, state.opt_state, slow, retnorm, state.step), line

    def _takes(self, path: str) -> bool:
        return not self.parts or any(_fits(path, part) for part in self.parts)

    def _check(self, taken: Mapping[str, Array], wanted: Mapping[str, Any], agents: int) -> None:
        for part in self.parts:
            if not any(_fits(path, part) for path in (*self.params, *wanted)):
                raise DoesNotMatch(
                    f"--from-parts: no parameter fits {part!r}; networks are {', '.join(NETWORKS)}, and paths are"
                    f" written like {next(iter(sorted(self.params)), 'dyn/dynin0/kernel')}"
                )
        skip = self.agents > 1
        stored = {path: (value.dtype.name, value.shape[skip:]) for path, value in taken.items()}
        shapes = {path: jax.ShapeDtypeStruct(value.shape[agents > 1 :], value.dtype) for path, value in wanted.items()}
        try:
            names.check_same(stored, shapes)
        except DoesNotMatch as error:
            raise DoesNotMatch(
                f"the parameters of {self.source} do not fit this run; there differ:\n{error}\nUse the same model and"
                " spaces, or take only networks that fit, for example --from-parts dyn"
            ) from None

    def _placed(self, stored: Mapping[str, Array], like: Mapping[str, Any], agents: int) -> dict[str, Any]:
        placed = {}
        for path, value in stored.items():
            shape, dtype = like[path].shape, like[path].dtype
            placed[path] = jax.device_put(np.array(np.broadcast_to(value, shape), dtype))
        return placed


def read_pretrained(text: str, parts: Sequence[str] = ()) -> Pretrained:
    """Reads the parameters of another run. Changes nothing there.

    Args:
      text: a run directory, with ``@FRAMES`` for another checkpoint than the newest; or a log directory or
        checkpoint of danijar/dreamerv3.
      parts: paths to take, or their beginnings, or patterns with ``*``; empty for all.

    Raises:
      NoSoundCheckpoint: there is no checkpoint, or it cannot be used.
      OtherFormat: another version wrote it.
      OSError: it cannot be read.
    """
    path, frames = split_frames(text)
    if steps_in(path / "checkpoints"):
        return _from_run(path / "checkpoints", frames, tuple(parts))
    folder = find_elements(path)
    if folder is None:
        kind = "has no checkpoint" if path.is_dir() else "does not exist" if not path.exists() else "is not a folder"
        raise NoSoundCheckpoint(
            f"{path} {kind}. --from takes a run directory, or a log directory of danijar/dreamerv3 (with ckpt/latest)"
        )
    if frames is not None:
        raise NoSoundCheckpoint(
            f"{path} is of danijar/dreamerv3: name the folder of the checkpoint instead of @{frames}"
        )
    return _from_elements(folder, tuple(parts))


def split_frames(text: str) -> tuple[Path, int | None]:
    """Splits ``RUN@FRAMES``. A folder with such a name is taken as it is."""
    match = None if Path(text).exists() else _AT.fullmatch(text)
    if match is None:
        return Path(text), None
    return Path(match[1]), int(match[2].replace("_", "").replace(",", ""))


def _from_run(directory: Path, frames: int | None, parts: tuple[str, ...]) -> Pretrained:
    found = _newest(directory) if frames is None else _at_frames(directory, frames)
    learner = found.part("learner")
    below = {
        name: {path.removeprefix(f"{name}/"): value for path, value in learner.items() if path.startswith(f"{name}/")}
        for name in ("params", "slow", "retnorm")
    }
    agents = int(np.prod(learner["step"].shape, dtype=np.int64)) if "step" in learner else 1
    facts: dict[str, Any] = {"checkpoint": str(found.folder.resolve()), "format": "dreamerguard"}
    facts |= {name: int(found.numbers[name]) for name in ("frames", "updates")}
    return Pretrained(found.folder, facts, agents, below["params"], below["slow"], below["retnorm"], parts)


def _newest(directory: Path) -> Checkpoint:
    found, damaged = newest_sound(directory)
    if found is None or damaged:
        newest = f"checkpoint {max(damaged)} is damaged ({damaged[max(damaged)]})" if damaged else "it is empty"
        raise NoSoundCheckpoint(f"{directory}: {newest}; name a sound one as RUN@FRAMES")
    return found


def _at_frames(directory: Path, frames: int) -> Checkpoint:
    stored: list[str] = []
    for step in steps_in(directory):
        try:
            found = Checkpoint.open(directory / str(step))
        except (Damaged, FileNotFoundError) as error:
            stored.append(f"{step} agent steps (damaged: {error})")
            continue
        except OtherFormat as error:
            raise OtherFormat(f"the checkpoint {directory / str(step)} {error}") from None
        if found.numbers["frames"] == frames:
            return found
        stored.append(f"{found.numbers['frames']:,} frames")
    raise NoSoundCheckpoint(f"{directory} has no checkpoint at {frames:,} frames; it has {', '.join(stored)}")


def _from_elements(folder: Path, parts: tuple[str, ...]) -> Pretrained:
    arrays, updates = read_elements(folder)
    params = {path: value for path, value in arrays.items() if path.partition("/")[0] in NETWORKS}
    slow = {
        f"val/{path.removeprefix('slowval/')}": value for path, value in arrays.items() if path.startswith("slowval/")
    }
    facts = {"checkpoint": str(folder.resolve()), "format": "danijar/dreamerv3", "updates": updates}
    return Pretrained(folder, facts, 1, params, slow, _return_scale(arrays), parts)


def _return_scale(arrays: Mapping[str, Array]) -> dict[str, Array]:
    """Returns the percentiles of returns; with a correction for the first updates, corrected."""
    found = {name: arrays[path] for name in ("lo", "hi") if (path := f"retnorm/{name}/value") in arrays}
    corr = arrays.get("retnorm/corr/value")
    if len(found) < 2 or any(value.shape for value in found.values()):
        return {}
    if corr is not None and not corr.shape and corr > 0:
        return {name: np.asarray(value / corr, np.float32) for name, value in found.items()}
    return found


def _fits(path: str, part: str) -> bool:
    return path == part or path.startswith(f"{part.rstrip('/')}/") or fnmatchcase(path, part)
