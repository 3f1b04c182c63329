"""Injects faults into the real product and prints what was lost: ``make trust``.

    python -m benchmarks.trust [--only 7,8 or TEXT] [--quick] [--jobs N] [--json [FILE]] [--list]

Exit code 0: nothing was lost and nothing is wrong in any row; in a kill, only what came after the last save may be
gone. Exit code 1 otherwise, also if a row could not be measured.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from importlib import import_module
from pathlib import Path
from typing import Any

from .bench import ROOT, Bench
from .row import ROWS, Finding, NotRun, Row

MODULES = ("kills", "chains", "run_files", "disk", "failures", "strangers", "readers", "guarding", "machine")
RESULT = Path(__file__).parents[1] / "results" / "trust.json"


def main(words: Sequence[str] | None = None) -> int:
    """Measures the rows and returns the exit code."""
    options = _options(words)
    for name in MODULES:
        import_module(f"{__package__}.{name}")
    rows = [item for _, item in sorted(ROWS.items()) if _chosen(item, options.only)]
    if options.list or not rows:
        for item in rows:
            print(f"{item.number:>3}  {item.fault}: {item.how}")
        return 0 if rows else 2
    folder, started = Path(tempfile.mkdtemp(prefix="dreamerguard-trust-")), time.monotonic()
    bench = Bench(folder)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.default_int_handler)
    try:
        results = measure(bench, rows, options.quick, options.jobs)
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130
    finally:
        if options.keep:
            print(f"kept: {folder}")
        else:
            shutil.rmtree(folder, ignore_errors=True)
    table = [
        as_dict(item, finding, seconds)
        for item, (finding, seconds) in sorted(results.items(), key=lambda x: x[0].number)
    ]
    show(table)
    bad = [line for line in table if line["lost"] or line["wrong"]]
    minutes = (time.monotonic() - started) / 60
    print(f"\n{len(table) - len(bad)} of {len(table)} rows lost nothing and are right; {minutes:.1f} minutes")
    if options.json is not None:
        facts = {"minutes": round(minutes, 1), "cores": os.cpu_count(), "quick": options.quick, "rows": table}
        options.json.write_text(json.dumps(facts, indent=1).replace(str(folder), "FOLDER") + "\n")
    return 1 if bad else 0


def measure(bench: Bench, rows: Sequence[Row], quick: bool, jobs: int) -> dict[Row, tuple[Finding, float]]:
    """Measures rows at the same time, and prints each when it is done."""
    results = {}
    pool = ThreadPoolExecutor(max_workers=jobs)
    try:
        waiting = {pool.submit(_measure_one, bench, item, item.quick if quick else item.times): item for item in rows}
        for done in as_completed(waiting):
            item, (finding, seconds) = waiting[done], done.result()
            results[item] = finding, seconds
            print(f"row {item.number:>2} ({seconds:.0f} s): {item.fault}: {outcome(finding)}", flush=True)
    finally:
        bench.close()  # after Ctrl-C, rows that still wait for a process end with it
        pool.shutdown(cancel_futures=True)
    return results


def _measure_one(bench: Bench, item: Row, times: int) -> tuple[Finding, float]:
    started = time.monotonic()
    try:
        finding = item.inject(bench, times)
    except NotRun as error:
        finding = Finding(wrong=[f"not measured: {error}"])
    except Exception as error:
        where = traceback.extract_tb(error.__traceback__)[-1]
        finding = Finding(
            wrong=[f"not measured: {type(error).__name__}: {error} ({Path(where.filename).name}:{where.lineno})"]
        )
    return finding, time.monotonic() - started


def outcome(finding: Finding) -> str:
    """Returns the column "what was lost" with everything that is wrong."""
    parts = [f"LOST: {'; '.join(finding.lost)}"] if finding.lost else []
    parts += [f"WRONG: {'; '.join(finding.wrong)}"] if finding.wrong else []
    if finding.after_save and not finding.lost:
        parts.append(f"after the last save: {finding.after_save}")
    return "  ".join(parts) or "nothing"


def as_dict(item: Row, finding: Finding, seconds: float) -> dict[str, Any]:
    """Returns a row of the table as plain data."""
    return {
        "row": item.number,
        "fault": item.fault,
        "how": item.how,
        "times": finding.times,
        "lost": finding.lost,
        "wrong": finding.wrong,
        "after_save": finding.after_save,
        "outcome": outcome(finding),
        "message": finding.message,
        "codes": finding.codes,
        "test": item.test,
        "seconds": round(seconds, 1),
    }


def show(table: Sequence[dict[str, Any]]) -> None:
    """Prints the table in Markdown."""
    columns = ("#", "fault", "injected how", "times", "lost", "message", "exit code", "test")
    print(f"\n| {' | '.join(columns)} |\n" + "| --- " * len(columns) + "|")
    for line in table:
        codes = ", ".join(code if count == 1 else f"{code} ({count}x)" for code, count in line["codes"].items())
        cells = (
            line["row"],
            line["fault"],
            line["how"],
            line["times"],
            line["outcome"],
            line["message"][:160],
            codes,
            line["test"] if not line["test"] or (ROOT / line["test"]).exists() else f"{line['test']} is missing",
        )
        print("| " + " | ".join(str(cell).replace("|", "\\|").replace("\n", " ") or "-" for cell in cells) + " |")


def _chosen(item: Row, only: str | None) -> bool:
    if only is None:
        return True
    if only.replace(",", "").isdigit():
        return str(item.number) in only.split(",")
    return only.lower() in f"{item.fault} {item.how} {item.inject.__name__}".lower()


def _options(words: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.trust", description=__doc__.split("\n")[0])
    parser.add_argument("--only", metavar="TEXT", help="rows with these numbers (7,8), or with this text")
    parser.add_argument("--quick", action="store_true", help="fewer injections of each fault")
    parser.add_argument("--jobs", type=int, default=max(os.cpu_count() or 1, 2), help="rows at the same time")
    parser.add_argument("--json", nargs="?", type=Path, const=RESULT, help="also write the table as JSON")
    parser.add_argument("--list", action="store_true", help="print the rows and measure nothing")
    parser.add_argument("--keep", action="store_true", help="keep the folders of the runs")
    return parser.parse_args(words)


if __name__ == "__main__":
    sys.exit(main())
