"""Formats the plan of ``train --dry-run`` as text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from dreamerguard.core.values import spell_scalar
from dreamerguard.util.text import number_of


def render_plan(plan: Mapping[str, Any]) -> str:
    """Returns the plan as blocks of lines: settings with their origin, budget, memory, run directory and time."""
    blocks = (
        ("settings, with the layer that set each", _settings(plan["settings"])),
        ("budget of each agent", _budget(plan["budget"])),
        ("memory", _memory(plan["memory"])),
        ("run directory", _directory(plan["directory"])),
        ("time", _time(plan["time"])),
    )
    return "\n\n".join("\n".join([title, *(f"  {line}" for line in lines)]) for title, lines in blocks) + "\n"


def _settings(rows: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    cells = [(row["key"], spell_scalar(row["value"]), _origin(row)) for row in rows]
    yield from _columns(cells)


def _origin(row: Mapping[str, Any]) -> str:
    """Returns ``command line:1:36``, ``file run.yaml:2:1``, ``suite (dmc_proprio, edition paper-2025)`` or the like."""
    if row["layer"] in ("command line", "schema"):
        return str(row["place"])
    return f"file {row['place']}" if row["layer"] == "file" else f"{row['layer']} ({row['place']})"


def _budget(budget: Mapping[str, Any]) -> Iterator[str]:
    run, reference = budget["run"], budget["reference"]
    rows = [("", "this run", "published" if reference else "")]
    for name, key in (
        ("frames", "frames"),
        ("agent steps", "agent_steps"),
        ("updates", "updates"),
        ("updates per frame", "updates_per_frame"),
    ):
        rows.append((name, _number(run[key]), _number(reference[key]) if reference else ""))
    yield from _columns(rows)
    share = budget["update_share"]
    if share is None:
        yield "nothing is published for this task, so there is no share"
        return
    counted = "updates per frame" if budget["purpose"] == "short" else "updates"
    part = f"as many {counted} as published" if abs(share - 1) < 0.005 else f"{share:.3g} of the published {counted}"
    yield f"{part} ({budget['suite']}, edition {budget['edition']})"


def _memory(memory: Mapping[str, Any]) -> Iterator[str]:
    if memory["total"] is None:
        yield f"not estimated: {memory['unknown']}"
        if memory["least_replay"] is not None:
            yield f"the full replay takes at least {_bytes(memory['least_replay'])}"
        return
    place = "main memory" if memory["device"] == "cpu" else f"{memory['device']} memory"
    limit = f" of {_bytes(memory['available'])}" if memory["available"] is not None else ""
    yield f"about {_bytes(memory['total'])}{limit} {place}"
    yield ", ".join(f"{name} {_bytes(size)}" for name, size in memory["parts"].items() if size)
    yield from _storages(memory)


def _storages(memory: Mapping[str, Any]) -> Iterator[str]:
    """Yields the chosen storage of the replay, and a line with the memory for each storage."""
    if memory["storage"] is None:
        yield "replay.storage=auto: the memory of the device decides at the start; with each storage, the run needs"
    else:
        yield f"replay.storage={memory['storage']} ({memory['reason']}); with each storage, the run needs"
    device = "main memory" if memory["device"] == "cpu" else f"{memory['device']} memory"
    names = {"device": device, "host": "main memory", "disk": "disk space"}
    for storage, need in memory["storages"].items():
        parts = []
        for place, size in need.items():
            if size:
                most = memory["limits"][place]
                parts.append(f"{_bytes(size)}{f' of {_bytes(most)}' if most is not None else ''} {names[place]}")
        yield f"  {storage:<6}  {', '.join(parts)}"


def _directory(place: Mapping[str, Any]) -> Iterator[str]:
    if place["state"] == "created":
        yield f"{place['path']} would be created"
    elif place["checkpoint"] is None:
        yield f"{place['path']} would be continued; it has no checkpoint, so the run starts from the beginning"
    else:
        yield f"{place['path']} would be continued from its checkpoint at {place['checkpoint']:,} agent steps"


def _time(time: Mapping[str, Any]) -> Iterator[str]:
    if time["seconds"] is None:
        yield "not measured: no run with these settings on this machine beside the run directory"
    else:
        yield f"about {_duration(time['seconds'])} for {time['frames_left']:,.0f} frames, without compilation"
        yield (
            f"estimated from {time['frames_per_second']:.1f} frames/s, the median of"
            f" {number_of(time['rows'], 'log row')} of {time['run']}, which ran with the same settings on this machine"
        )
    if time["published"] is not None:
        yield f"published: {time['published']['time']} ({time['published']['source']})"


def _columns(rows: Sequence[tuple[str, str, str]]) -> Iterator[str]:
    widths = [max(len(row[column]) for row in rows) for column in range(2)]
    for first, second, third in rows:
        yield f"{first:<{widths[0]}}  {second:>{widths[1]}}  {third}".rstrip()


def _number(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:,.0f}" if abs(value) >= 1000 or float(value).is_integer() else f"{value:.4g}"


def _bytes(count: float) -> str:
    for unit, name in ((1e12, "TB"), (1e9, "GB"), (1e6, "MB")):
        if count >= unit:
            return f"{count / unit:.1f} {name}"
    return f"{count / 1000:.1f} kB"


def _duration(seconds: float) -> str:
    minutes = round(seconds / 60)
    if minutes < 1:
        return f"{seconds:.0f} s"
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02d} min"
