"""Reads the stored reference curves: one JSON file per release and suite, kept in memory."""

from __future__ import annotations

import json
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, Literal, get_args

from dreamerguard.schema.tasks import data_dir
from dreamerguard.util.json_text import read_json
from dreamerguard.util.regular_files import read_regular, why_unreadable

from .envelope import Calibration, Cells, Envelope, Final, Method, Provenance, Reach, ReferenceSet, ScoreRange

#: Largest reference file that is read.
_MOST = 64 << 20

#: Where the curves were published: by DreamerV3's authors in 2023 with the first release or in 2024 with arXiv v2, or
#: by another laboratory, with the name of its repository. The newest of the authors come first.
Release = Literal["2024", "2023", "tdmpc2"]

#: Releases of DreamerV3's authors.
AUTHORS: tuple[Release, ...] = ("2024", "2023")


def releases(suite: str) -> tuple[Release, ...]:
    """Returns the releases in which DreamerV3's authors publish curves of a suite, newest first."""
    return tuple(release for release in AUTHORS if _has(suite, release))


def task_releases(suite: str, task: str) -> tuple[Release, ...]:
    """Returns the releases of all laboratories that publish curves of a task, the authors' newest first."""
    return tuple(release for release in get_args(Release) if task in envelope_tasks(suite, release))


def newest_envelope(suite: str, task: str) -> Envelope | None:
    """Returns the curves of a task in the first of its releases; None without curves."""
    known = task_releases(suite, task)
    return load_envelope(suite, task, known[0]) if known else None


def envelope_tasks(suite: str, release: Release = "2024") -> list[str]:
    """Returns the tasks of a suite with published curves; an empty list if the release has no such suite."""
    return list(_load(suite, release)["tasks"]) if _has(suite, release) else []


@lru_cache(maxsize=64)
def load_envelope(suite: str, task: str, release: Release = "2024") -> Envelope | None:
    """Returns the published curves of a task, or None if the release has none.

    Args:
      suite: as in `dreamerguard.schema.tasks`, for example ``dmc_proprio``.
      task: name of the task within the suite, for example ``dmc_walker_walk`` or ``atari100k_pong``.
      release: one of `Release`.
    """
    if not _has(suite, release):
        return None
    data = _load(suite, release)
    entry = data["tasks"].get(task)
    return None if entry is None else _envelope(data, task, entry)


def load_calibration(suite: str, release: Release = "2024") -> tuple[Calibration, Method] | None:
    """Returns the false alarm statistics of a suite and the constants behind them, or None without curves."""
    if not _has(suite, release):
        return None
    return _calibration(_load(suite, release))


def load_reference_file(path: Path) -> ReferenceSet:
    """Reads a reference file that ``dreamerguard reference build`` wrote.

    Raises:
      ValueError: the file cannot be read or is not a reference file; the message states why.
    """
    try:
        data = read_json(read_regular(path, _MOST))
        envelopes = {task: _envelope(data, task, entry) for task, entry in data["tasks"].items()}
        calibration, method = _calibration(data)
    except OSError as error:
        raise ValueError(f"{path} cannot be read: {why_unreadable(error)}") from error
    except (ValueError, KeyError, TypeError, AttributeError, IndexError) as error:
        text = f"{path} is not a reference file of format 1 ({type(error).__name__}: {error})"
        raise ValueError(f"{text}; `dreamerguard reference build` writes one") from error
    return ReferenceSet(data["suite"], data["release"], data["note"], envelopes, calibration, method)


def _calibration(data: dict[str, Any]) -> tuple[Calibration, Method]:
    raw = dict(data["calibration"])
    raw["null"] = tuple(raw["null"])
    raw["alarm"] = {float(rate): threshold for rate, threshold in raw["alarm"].items()}
    return Calibration(**raw), Method(**data["method"])


def _has(suite: str, release: str) -> bool:
    return (data_dir() / "reference" / release / f"{suite}.json").is_file()


@cache
def _load(suite: str, release: str) -> dict[str, Any]:
    text = (data_dir() / "reference" / release / f"{suite}.json").read_text(encoding="utf-8")
    data: dict[str, Any] = json.loads(text)
    return data


def _envelope(data: dict[str, Any], task: str, entry: dict[str, Any]) -> Envelope:
    curves = tuple(tuple(curve) for curve in entry["seeds"])
    final, auc = entry["final"], entry["auc"]
    shared = ("suite", "release", "edition", "note", "budget", "action_repeat")
    protocol = ("laboratory", "episodes", "measure", "interval")
    own: dict[str, Any] = {field: entry[field] for field in ("note", "budget", "grid") if field in entry}
    data = {**_usual_protocol(data), **data, **own}
    return Envelope(
        **{field: data[field] for field in shared},
        **{field: data[field] for field in protocol if field in data},
        task=task,
        seeds=entry["n"],
        listed=entry["listed"],
        grid=tuple(data["grid"]),
        median=tuple(entry["median"]),
        min=_extreme(curves, min),
        max=_extreme(curves, max),
        curves=curves,
        start=entry["start"],
        range=entry["range"],
        final=Final(final["median"], final["min"], final["max"], tuple(final["seeds"])),
        auc=ScoreRange(auc["median"], auc["min"], auc["max"]),
        reach={float(share): Reach(float(share), seeds=entry["n"], **row) for share, row in entry["reach"].items()},
        sd=tuple(entry.get("sd", ())),
        pi90_low=tuple(entry.get("pi90_lo", ())),
        pi90_high=tuple(entry.get("pi90_hi", ())),
        alarm=tuple(entry.get("alarm", ())),
        single_seed_floor=entry.get("single_seed_floor"),
        flat_run_caught_at=entry.get("flat_run_caught_at"),
        norm=(entry["norm"][0], entry["norm"][1]),
        source=_provenance(data["source"]),
        own_calibration=data["calibration"]["curves"]
        == sum(row["n"] for row in data["tasks"].values() if row["n"] >= 3),
    )


def _usual_protocol(data: dict[str, Any]) -> dict[str, Any]:
    """Returns laboratory and episodes of a file that does not state them."""
    if data["release"] != "own":
        return {"laboratory": "danijar/dreamerv3"}
    runs = data.get("runs") or [{}]
    return {"laboratory": "", "episodes": "eval" if runs[0].get("scores") == "eval" else "train"}


def _extreme(curves: tuple[Cells, ...], pick: Any) -> Cells:
    cells = ([score for score in cell if score is not None] for cell in zip(*curves, strict=True))
    return tuple(pick(cell) if cell else None for cell in cells)


def _provenance(source: dict[str, str]) -> Provenance:
    return Provenance(source["repository"], source["commit"], source["files"], source["licence"], source["copyright"])
