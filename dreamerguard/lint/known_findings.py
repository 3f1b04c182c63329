"""Reads and writes the baseline: a file of known findings that do not count.

With a baseline, an old project can adopt the linter before it fixes every finding. An entry has a file, a rule, a key
path and a count. It has no line number, because an edit shifts line numbers but not key paths.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from dreamerguard.core.finding import Finding
from dreamerguard.core.source import Source, SourceError, Span
from dreamerguard.lint.settings.model import file_name
from dreamerguard.rules.redirects import current_name
from dreamerguard.util.fast_dataclass import dataclass
from dreamerguard.util.json_text import read_json
from dreamerguard.util.paths import exists
from dreamerguard.util.regular_files import read_regular

VERSION = 1
_MAX_BYTES = 1 << 24


@dataclass(frozen=True, slots=True, order=True)
class KnownFinding:
    """The identity of a finding: file relative to the baseline, name of the rule, key path."""

    file: str
    rule: str
    key: str


@dataclass(frozen=True, slots=True)
class KnownFindings:
    """The content of a baseline. ``spans`` holds the place of each entry in the file."""

    path: Path
    counts: Counter[KnownFinding]
    spans: dict[KnownFinding, Span]

    def entry(self, finding: Finding, folder: Path) -> KnownFinding:
        """Returns the entry for a finding. Paths of findings are relative to ``folder``."""
        return entry_of(finding, self.path, folder)


def entry_of(finding: Finding, path: Path, folder: Path) -> KnownFinding:
    """Returns the entry for a finding in the baseline at ``path``. Paths of findings are relative to ``folder``."""
    return KnownFinding(file_name(finding.primary.span.source, path, folder), finding.name, finding.key)


def read_baseline(path: Path, *, missing_ok: bool = False) -> KnownFindings:
    """Reads a baseline.

    Raises:
      SourceError: the file is not a baseline, or is missing without ``missing_ok``.
    """
    if missing_ok and not exists(path):
        return KnownFindings(path, Counter(), {})
    try:
        data = read_regular(path, _MAX_BYTES + 1)
        if len(data) > _MAX_BYTES:
            raise ValueError("it is larger than 16 MiB")
        text = data.decode("utf-8")
        rows = list(_rows(read_json(text)))
    except OSError as error:
        hint = "; --write-baseline writes it" if isinstance(error, FileNotFoundError) else ""
        raise SourceError(f"cannot read the baseline {str(path)!r}: {error.strerror}{hint}") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise SourceError(
            f"{path} is not a baseline of version {VERSION} ({error}); --write-baseline writes a new one"
        ) from error
    counts: Counter[KnownFinding] = Counter()
    for entry, count in rows:
        counts[entry] += count
    return KnownFindings(path, counts, _spans(Source(str(path), text), counts))


def _rows(document: Any) -> Iterator[tuple[KnownFinding, int]]:
    if document["version"] != VERSION:
        raise ValueError(f"its version is {document['version']!r}")
    for row in document["findings"]:
        count = row["count"]
        if not isinstance(count, int) or isinstance(count, bool) or count < 1:
            raise ValueError(f"count {count!r} is not a positive whole number")
        yield KnownFinding(str(row["file"]), current_name(str(row["rule"])), str(row["key"])), count


def _spans(source: Source, counts: Iterable[KnownFinding]) -> dict[KnownFinding, Span]:
    """Returns the place of each entry, or the start of the file for an entry that is not on one line."""
    found: dict[KnownFinding, Span] = {}
    start = 0
    for line in source.text.splitlines(keepends=True):
        text = line.strip().rstrip(",")
        if text.startswith('{"file"'):
            try:
                row = read_json(text)
                place = start + line.index("{")
                entry = KnownFinding(row["file"], current_name(str(row["rule"])), row["key"])
                found[entry] = source.span(place, place + len(text))
            except (ValueError, KeyError, TypeError):
                pass  # an entry over several lines, written by hand: it counts, but its place is not known
        start += len(line)
    return {entry: found.get(entry, source.span(0)) for entry in counts}


def write_baseline(path: Path, counts: Counter[KnownFinding]) -> None:
    """Writes a baseline, one line for each entry, in a stable order.

    Raises:
      SourceError: the file cannot be written.
    """
    from dreamerguard.core.atomic_write import write_atomically

    rows = [
        {"file": entry.file, "rule": entry.rule, "key": entry.key, "count": count}
        for entry, count in sorted(counts.items())
        if count > 0
    ]
    body = ",\n".join(json.dumps(row, ensure_ascii=True) for row in rows)
    write_atomically(path, f'{{"version": {VERSION}, "findings": [\n{body}\n]}}\n'.encode())


def stale_entries(
    baseline: KnownFindings, matched: dict[KnownFinding, set[tuple[str, int]]], files: set[str], ran: set[str]
) -> list[KnownFinding]:
    """Returns entries for checked files and rules that list more findings than there are."""
    return [
        entry
        for entry, count in sorted(baseline.counts.items())
        if entry.file in files and entry.rule in ran and len(matched.get(entry, ())) < count
    ]
