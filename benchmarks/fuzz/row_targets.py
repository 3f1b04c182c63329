"""Targets for logs of rows: W&B files, damaged and with sound checksums around damaged records, and exports."""

from __future__ import annotations

import json

from .log_targets import folder

#: Separates the records, or the name of an export from its content.
_CUT = b"\n=====\n"


def _look(name: str, data: bytes) -> object:
    from dreamerguard.logs import LogError
    from dreamerguard.regression.watch.watcher import Watcher

    with folder() as here:
        (here / name).write_bytes(data)
        try:
            log = Watcher(here / name, "dmc_walker_walk", "dmc_proprio", 2).look().log
        except LogError as error:
            return str(error)[:20]
        if log is None:
            return None
        assert all(-1e15 <= y <= 1e15 and 0 <= x <= 1e15 for x, y in log.train)
        return min(len(log.train), 40), tuple(sorted(problem.kind for problem in log.problems)), len(log.facts.settings)


def wandb_file(data: bytes) -> object:
    """Reads bytes as a file, and as records that get sound checksums."""
    from tests.logs.wandb_writer import HEADER, log_bytes

    raw = _look("run-a.wandb", HEADER + data)
    return raw, _look("run-b.wandb", log_bytes(data.split(_CUT)))


def wandb_files() -> list[bytes]:
    """Returns a file without its first bytes, and records."""
    from tests.logs.wandb_writer import HEAD, config, history, log_bytes, run

    start = run({"task": "dmc_walker_walk", "env": {"dmc": {"repeat": 2}}, "run": {"steps": 9000}})
    rows = [history({"episode/score": 2.0 * i, "train/loss/dyn": 1.0, "a": {"b": i}}, 1000 * i) for i in range(40)]
    records = [start, *rows, config({"late": 1}), history({"media": "x" * 40_000, "episode/score": 1.0}, 50_000)]
    return [log_bytes(records)[HEAD:], _CUT.join(records[:20]), _CUT.join(records)]


def export(data: bytes) -> object:
    """Reads an export; its ending stands in the first line."""
    name, _, content = data.partition(_CUT)
    ending = name.decode("ascii", "replace")
    return _look(f"a.{ending if ending in ('csv', 'json', 'jsonl') else 'csv'}", content)


def exports() -> list[bytes]:
    """Returns exports of every form."""
    rows = [{"_step": 1000 * i, "episode/score": 2.0 * i, "train/loss/dyn": 1.0} for i in range(40)]
    lines = [",".join(map(str, row.values())) for row in rows]
    chart = 'Step,"a - episode/score","a - episode/score__MIN"\n' + "\n".join(lines) + "\n"
    columns = {key: {str(i): row[key] for i, row in enumerate(rows)} for key in rows[0]}
    return [
        b"csv" + _CUT + ("_step,episode/score,x\n" + "\n".join(lines) + "\n").encode(),
        b"csv" + _CUT + chart.encode(),
        b"json" + _CUT + json.dumps(rows).encode(),
        b"json" + _CUT + json.dumps(columns).encode(),
        b"jsonl" + _CUT + "".join(json.dumps(row) + "\n" for row in rows).encode(),
    ]
