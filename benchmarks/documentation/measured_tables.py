"""Tables of the documentation that show stored results of `benchmarks.update`."""

from __future__ import annotations

import json
import re
from pathlib import Path

from benchmarks.update_table import table

RESULTS = Path(__file__).parents[1] / "results"
_PLACE = re.compile(r"(<!-- table of (\S+) -->\n).*?(<!-- end of table -->)", re.DOTALL)


def with_tables(text: str) -> str:
    """Returns a page with stored results between its marks ``<!-- table of FILE -->`` and ``<!-- end of table -->``.

    FILE is a name in ``benchmarks/results``.
    """

    def filled(place: re.Match[str]) -> str:
        shown = table(json.loads((RESULTS / place[2]).read_text(encoding="utf-8")))
        return f"{place[1]}\n{shown}\n\n{place[3]}"

    return _PLACE.sub(filled, text)
