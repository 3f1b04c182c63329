"""Logs that hold rows of metrics by step but are no directory of a program: W&B runs, and exported histories."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from dreamerguard.core.log_format import LogEvidence, LogLayout, RunFacts, StoredSettings
from dreamerguard.programs.registry import log_layouts
from dreamerguard.util.regular_files import open_regular

from . import exports
from .exports import MOST_JSON, ExportError, ExportTail
from .json_lines import JsonFile
from .packed_rows import Row
from .run_log import LogProblem, RunLog
from .wandb_files import WandbTail, first_rows, is_wandb

#: Bytes read to recognise the program.
_HEAD = 4 << 20
#: Endings of files that may be given instead of a directory.
SUFFIXES = (".wandb", ".csv", ".json", ".jsonl")
#: Keys of steps, the best first: of sheeprl's logger, of synced TensorBoard events, of W&B, of its charts.
_STEPS = ("trainer/global_step", "global_step", "_step", "Step", "step")


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
            return f"it has no column of steps ({', '.join(_STEPS)}). It has {shown}"
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
    with open_regular(path) as file:
        head = file.read(MOST_JSON + 1 if path.suffix == ".json" else _HEAD)
    config: Mapping[str, Any] = {}
    try:
        if path.suffix == ".wandb":
            if not is_wandb(head):
                return RowSource(path, problem="it does not start as a W&B file does")
            config, rows = first_rows(head)
        elif len(head) > MOST_JSON:
            return RowSource(path, problem="it is larger than 64 MiB: export it as CSV or as JSON lines")
        else:
            rows = exports.first_rows(path.name, head)
    except ExportError as error:
        return RowSource(path, problem=str(error))
    keys = tuple(dict.fromkeys(key for row in rows for key in row))
    steps = any(key in keys for key in _steps_of())
    found = LogEvidence(path, frozenset(keys), frozenset(keys), frozenset(keys))
    layout = next((item for item in log_layouts() if item.wrote(found) and _scores(item).keys() & set(keys)), None)
    return RowSource(path, layout if steps else None, config, keys)


def _steps_of() -> Iterator[str]:
    yield from (layout.x for layout in log_layouts())
    yield from _STEPS


def _scores(layout: LogLayout) -> dict[str, Any]:
    return {**{key: kind for keys in layout.files.values() for key, kind in keys.items()}, **layout.event_scores}


class RowFile(JsonFile):
    """Reads a file of rows into a `RunLog`: each becomes JSON lines with frames, and those are read as of a program.

    Args:
      source: the file.
      log: gets the scores and metrics; its layout must be that of `row_layout`.
      repeat: environment frames per agent step.
    """

    def __init__(self, source: RowSource, log: RunLog, repeat: int) -> None:
        super().__init__(source.path, log.layout, log)
        self._own_x = source.layout.x if source.layout is not None else ""
        self._scores_of, self._repeat_of_steps = log.layout.files[source.path.name], repeat
        if source.path.suffix == ".wandb":
            self.tail: Any = WandbTail(source.path)
            self.tail.prepare(self._lines, self._scores_of)
        else:
            self.tail = ExportTail(source.path)
            self.tail.prepare(self._lines)

    def read(self) -> bool:
        """Reads the rows appended since the last call. Returns whether the file changed."""
        changed = super().read()
        damaged = self.tail.records.damaged if isinstance(self.tail, WandbTail) else 0
        if damaged:
            text = "records that do not match their checksum are left out"
            self._log.note(LogProblem("damaged record", self.tail.path.name, text, damaged))
        return changed

    def _lines(self, row: Row) -> Iterator[str]:
        """Yields the scores and the other values of a row as JSON lines; nothing for a row without a step."""
        own = row.get(self._own_x)
        step = own if own is not None else next((row[key] for key in _STEPS if key in row), None)
        if step is None:
            return
        x = step * (1 if own is not None else self._repeat_of_steps)
        for key in self._scores_of:
            if key in row:
                yield exports.line(x, {key: row[key]})
        others = {key: value for key, value in row.items() if key not in self._scores_of}
        yield exports.line(x, others | {"step": x})


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
