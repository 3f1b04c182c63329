"""Logs that hold rows of metrics by step but are no directory of a program: W&B runs, and exported histories."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import chain
from pathlib import Path
from typing import Any

from dreamerguard.core.log_format import LogEvidence, LogLayout, RunFacts, ScoreKind, StoredSettings
from dreamerguard.programs.registry import log_layouts
from dreamerguard.util.regular_files import open_regular

from . import exports
from .csv_exports import ExportError
from .exports import MOST_JSON, ExportTail
from .json_lines import SAMPLED, JsonFile
from .order import are_scores, are_steps, is_step
from .row_blocks import STEPS, Wanted
from .run_log import FILES, LogProblem, RunLog
from .wandb_files import WandbTail, first_rows, is_wandb

#: Bytes read to recognise the program.
_HEAD = 4 << 20
#: Endings of files that may be given instead of a directory.
SUFFIXES = (".wandb", ".csv", ".json", ".jsonl")


@dataclass(frozen=True, slots=True)
class RowSource:
    """A file of rows.

    Attributes:
      path: the file.
      layout: layout of the program that logged them; None if it is not recognised.
      config: the configuration in the file, as nested mappings.
      keys: keys of the first rows.
      problem: why it cannot be read; empty if it can.
    """

    path: Path
    layout: LogLayout | None = None
    config: Mapping[str, Any] = field(default_factory=dict)
    keys: tuple[str, ...] = ()
    problem: str = ""

    @property
    def facts(self) -> RunFacts:
        """The facts in the configuration."""
        values = dict(_flat(self.config))
        return self.layout.facts(StoredSettings(values)) if self.layout is not None and values else RunFacts()

    @property
    def why_no_log(self) -> str:
        """Why the file is no log; empty if it is one."""
        if self.layout is not None:
            return ""
        if "training_iteration" in self.keys:
            return "it is a file of RLlib. Its logs are not read; `dreamerguard lint` checks its settings"
        if self.problem or not self.keys:
            return self.problem or "it holds no row"
        shown = ", ".join(self.keys[:8]) + (", ..." if len(self.keys) > 8 else "")
        if not any(key in self.keys for key in _steps_of()):
            return f"it has no column of steps ({', '.join(STEPS)}). It has {shown}"
        return f"it has no score of a supported program. It has {shown}"


def source_path(path: Path) -> Path | None:
    """Returns the file of rows at a path: the file itself, or the newest W&B file of its directory; None without one.

    Raises:
      OSError: the directory cannot be read.
    """
    if path.suffix in SUFFIXES and path.is_file():
        return path
    found = [item for item in path.glob("run-*.wandb") if item.is_file()] if path.is_dir() else []
    return max(found, key=lambda item: item.stat().st_mtime, default=None)


def read_source(path: Path) -> RowSource:
    """Recognises the program that logged the rows of a file.

    Raises:
      OSError: the file cannot be read.
    """
    config: Mapping[str, Any] = {}
    try:
        with open_regular(path) as file:
            if path.suffix == ".wandb":
                head = file.read(_HEAD)
                if not is_wandb(head):
                    return RowSource(path, problem="it does not start as a W&B file does")
                config, rows = first_rows(head, chain.from_iterable(map(_scores, log_layouts())))
            elif path.suffix == ".json" and os.fstat(file.fileno()).st_size > MOST_JSON:
                return RowSource(path, problem="it is larger than 64 MiB: export it as CSV or as JSON lines")
            else:
                rows = exports.first_rows(path.name, file)
    except ExportError as error:
        return RowSource(path, problem=str(error))
    keys = tuple(dict.fromkeys(key for row in rows for key in row))
    steps = any(key in keys for key in _steps_of())
    found = LogEvidence(path, frozenset(keys), frozenset(keys), frozenset(keys))
    layout = next((item for item in log_layouts() if item.wrote(found) and _scores(item).keys() & set(keys)), None)
    return RowSource(path, layout if steps else None, config, keys)


def _steps_of() -> Iterator[str]:
    yield from (layout.x for layout in log_layouts())
    yield from STEPS


def _scores(layout: LogLayout) -> dict[str, Any]:
    return {**{key: kind for keys in layout.files.values() for key, kind in keys.items()}, **layout.event_scores}


class RowFile(JsonFile):
    """Reads a file of rows into a `RunLog`, as the program's own log with the same keys is read.

    Args:
      source: the file.
      log: gets the scores and metrics; its layout must be that of `row_layout`.
      repeat: environment frames per agent step.
    """

    def __init__(self, source: RowSource, log: RunLog, repeat: int) -> None:
        super().__init__(source.path, log.layout, log)
        self._kinds = log.layout.files[source.path.name]
        own = source.layout.x if source.layout is not None else ""
        mixed = log.facts.mixes_evaluations is not False
        wanted = Wanted(own, tuple(self._kinds), log.layout.evaluation_rows if mixed else "", repeat)
        rows = (WandbTail if source.path.suffix == ".wandb" else ExportTail)(source.path)
        rows.prepare(wanted)
        self._rows = self.tail = rows

    def read(self) -> bool:
        """Reads the rows appended since the last call. Returns whether the file changed."""
        changed, name = super().read(), self.tail.path.name
        if isinstance(self._rows, WandbTail):
            if self._rows.records.damaged:
                text = "records that do not match their checksum are left out"
                self._log.note(LogProblem("damaged record", name, text, self._rows.records.damaged))
        elif self._rows.damaged:
            text = "it is not valid JSON up to its end; the rows before the fault count"
            self._log.note(LogProblem("damaged record", name, text))
        return changed

    def _read_appended(self, backlog: int) -> None:
        for block in self._rows.row_blocks(SAMPLED * self._rows.stride(self._rows.size) / backlog):
            if "cut back" in self.tail.events:
                self._events()
            for key, (frames, values) in block.scores.items():
                self._add(key, self._kinds[key], frames, values)
            self._log.evaluation_steps.update(filter(is_step, block.evaluations))
            for x, row in block.rows:
                self._metric_row(row | {self._layout.x: x})
            if self._hopeless():
                return

    def _add(self, key: str, kind: ScoreKind, frames: list[float], values: list[float]) -> None:
        if frames and are_steps(frames) and are_scores(values):
            if kind == "train":
                self._log.bad_scores = 0
            self._useful = True
            self._extend(kind, frames, values, FILES)
            return
        rows = ({self._layout.x: x, key: y} for x, y in zip(frames, values, strict=True))
        self._scores(rows, key, kind, FILES)


def row_layout(source: RowSource) -> LogLayout:
    """Returns the program's layout for a file of rows: the same keys, in one file, by frames."""
    assert source.layout is not None
    name = source.path.name
    return replace(
        source.layout,
        title=f"W&B ({source.layout.title})",
        x="step",
        files={name: _scores(source.layout)},
        copies={},
        metrics=(name,),
        event_scores={},
        csv_scores={},
    )


def _flat(values: Mapping[str, Any], prefix: str = "") -> Iterable[tuple[str, Any]]:
    for name, value in values.items():
        if isinstance(value, Mapping) and value:
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value
