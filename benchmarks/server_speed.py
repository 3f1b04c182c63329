"""Measures the language server on a file of yours, in turns with a server of the same library that does nothing.

    python -m benchmarks.server_speed path/to/dreamerv3/configs.yaml [--strokes 40] [--rounds 3] [--line TEXT]

Each round starts both servers, opens the file, and types digits at the end of a line, one at a time: a stroke is sent
when the findings of the one before have come and the whole file has been checked. Times are from the message of the
editor to the first diagnostics of this text. The server that does nothing answers with an empty list: what it takes,
the library takes. Memory is the largest resident set of the server's process. The first round of ours may read the
program's Python for the first time; later ones, as other commands, read what it kept in the user's cache directory.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from benchmarks.lsp_client import LspClient

OURS = [sys.executable, "-m", "dreamerguard", "server"]
BARE = [sys.executable, "-m", "benchmarks.bare_server"]
#: Seconds after the last diagnostics of a text in which the check of the whole file may still come.
_QUIET = 0.2


@dataclass
class Measured:
    """Times of one server, in milliseconds.

    Attributes:
      start: from the start of the process until it is initialized.
      opened: from opening the file to its first diagnostics.
      strokes: from each key stroke to the first diagnostics of the text.
      cpu: CPU time of the server in that time, which other load on the machine disturbs less.
      megabytes: largest resident set.
      findings: diagnostics of the opened file.
    """

    start: float
    opened: float
    strokes: list[float]
    cpu: list[float]
    megabytes: float
    findings: int


def measure(command: list[str], folder: Path, file: Path, line: str, strokes: int) -> Measured:
    """Opens a file in a server and types in it."""
    begin = time.perf_counter()
    client = LspClient(command, folder)
    start = time.perf_counter() - begin
    text, uri = file.read_text(encoding="utf-8"), file.resolve().as_uri()
    item = {"uri": uri, "languageId": "yaml", "version": 1, "text": text}
    sent = client.notify("textDocument/didOpen", {"textDocument": item})
    arrived, message = client.diagnostics(uri, 1)
    opened = arrived - sent
    number, column = _end_of(text, line)
    times, cpu = [], []
    for stroke in range(strokes):
        client.settle(_QUIET)
        place = {"line": number, "character": column + stroke % 2}
        change = (
            {"range": {"start": place, "end": place}, "text": "1"}
            if stroke % 2 == 0
            else {"range": {"start": place | {"character": column}, "end": place}, "text": ""}
        )
        document, used = {"uri": uri, "version": stroke + 2}, client.cpu_seconds()
        sent = client.notify("textDocument/didChange", {"textDocument": document, "contentChanges": [change]})
        times.append(1e3 * (client.diagnostics(uri, stroke + 2)[0] - sent))
        cpu.append(1e3 * (client.cpu_seconds() - used))
    peak = client.peak_megabytes()
    client.end()
    found = len(message["params"]["diagnostics"])
    return Measured(1e3 * start, 1e3 * opened, times, cpu, peak, found)


def _end_of(text: str, line: str) -> tuple[int, int]:
    """Returns number and length of the first line with a text."""
    for number, content in enumerate(text.split("\n")):
        if line in content:
            return number, len(content.rstrip("\r"))
    raise SystemExit(f"no line of the file has {line!r}")


def summary(rounds: list[Measured]) -> dict[str, object]:
    """Returns medians over the rounds, and the slowest of the strokes."""
    strokes = sorted(item for measured in rounds for item in measured.strokes)
    return {
        "start_ms": round(statistics.median(item.start for item in rounds)),
        "first_open_ms": round(rounds[0].opened, 1),
        "open_ms": round(statistics.median(item.opened for item in rounds), 1),
        "stroke_ms": round(statistics.median(strokes), 1),
        "stroke_90_percent_ms": round(strokes[int(0.9 * (len(strokes) - 1))], 1),
        "stroke_slowest_ms": round(strokes[-1], 1),
        "stroke_cpu_ms": round(statistics.median(item for measured in rounds for item in measured.cpu), 1),
        "megabytes": round(max(item.megabytes for item in rounds), 1),
        "findings": rounds[0].findings,
    }


def main() -> None:
    """Prints one JSON object for each server."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("file", type=Path)
    parser.add_argument("--folder", type=Path, help="workspace; by default the folder above that of the file")
    parser.add_argument("--line", default="train_ratio:", help="type at the end of the first line with this text")
    parser.add_argument("--strokes", type=int, default=40)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    folder = given.folder or given.file.resolve().parent.parent
    ours, bare = [], []
    for _ in range(given.rounds):
        ours.append(measure(OURS, folder, given.file, given.line, given.strokes))
        bare.append(measure(BARE, folder, given.file, given.line, given.strokes))
    print(json.dumps({"server": "dreamerguard", **summary(ours)}))
    print(json.dumps({"server": "bare pygls", **summary(bare)}))


if __name__ == "__main__":
    main()
