"""Prometheus' text format, for the textfile collector of node_exporter.

It is documented at https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format, and written here and
not with prometheus_client, because `watch` would need that library for a few lines of text.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

#: The collector reads only files with this ending.
SUFFIX = ".prom"


def head(name: str, text: str) -> Iterator[str]:
    """Yields the lines in front of the values of a metric; the prefix ``dreamerguard_`` is added to its name."""
    yield f"# HELP dreamerguard_{name} {text}"
    yield f"# TYPE dreamerguard_{name} gauge"


def labels(values: Mapping[str, str]) -> str:
    """Returns labels as they stand within braces."""
    return ",".join(f'{name}="{_escaped(value)}"' for name, value in values.items())


def number(value: float) -> str:
    """Returns a number as the format writes it."""
    if math.isnan(value):
        return "NaN"
    return repr(float(value)) if math.isfinite(value) else "+Inf" if value > 0 else "-Inf"


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
