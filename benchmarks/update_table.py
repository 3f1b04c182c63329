"""Prints the results of `benchmarks.update` as the tables of docs/agent.md."""

from __future__ import annotations

import platform
from pathlib import Path
from typing import Any

#: Names of the programs in the table, by their name in the results.
PROGRAMS = {
    "dreamerguard": "bundled trainer",
    "danijar": "danijar/dreamerv3",
    "torchrl": "torchrl, `sota-implementations/dreamer_v3`",
    "r2dreamer": "NM512/r2dreamer, eager",
}
#: Packages whose versions are shown: those that decide about speed.
PACKAGES = ("jax", "torch", "torchrl")
#: Instructions for products of bfloat16 operands, as Linux names them.
INSTRUCTIONS = {"amx_bf16": "AMX", "avx512_bf16": "AVX512-BF16"}
HEADER = (
    "| size | program | median of an update | relative | processor time, relative | peak memory | version |",
    "| --- | --- | --- | --- | --- | --- | --- |",
)


def table(results: dict[str, Any]) -> str:
    """Returns a caption and a Markdown table of stored results.

    "relative" is the median of the turns' ratios to the first row of the same size.
    """
    rows = results["rows"]
    bases = {_size(row): row for row in reversed(rows)}
    return "\n".join([_caption(results["about"]), "", *HEADER, *(_line(row, bases[_size(row)]) for row in rows)])


def processor() -> str:
    """Returns the name of the processor and its instructions for products of bfloat16 operands."""
    try:
        text = Path("/proc/cpuinfo").read_text()
    except OSError:
        return platform.processor() or platform.machine()
    facts = {key.strip(): value.strip() for key, _, value in (line.partition(":") for line in text.splitlines())}
    found = [name for flag, name in INSTRUCTIONS.items() if flag in facts.get("flags", "").split()]
    return f"{facts.get('model name', platform.machine())}, {' and '.join(found) or 'no bfloat16 instructions'}"


def _caption(about: dict[str, Any]) -> str:
    seen = "one image of 64 x 64" if about.get("observations") == "pixels" else "the vectors of walker-walk"
    return (
        f"{about['cores']} cores of {about.get('processor', about['machine'])}, load {about['load'][0]:.1f}; "
        f"{about['updates']} updates in turns, batch {about['batch']} x {about['length']}, from {seen}:"
    )


def _line(row: dict[str, Any], base: dict[str, Any]) -> str:
    wall, cpu = (row[key] / base[key] for key in ("wall_ratio", "cpu_ratio"))
    name, _, dtype, *variant = row["name"].split()
    notes = [dtype, *(word for word in variant if word not in ("fast", "pixels"))]
    program = f"{PROGRAMS[name]}, {' '.join(notes)}"
    cells = (f"`{_size(row)}`", program, f"{row['wall_ms']:.0f} ms", f"{wall:.2f}", f"{cpu:.2f}")
    return f"| {' | '.join(cells)} | {row['peak_gib']:.2f} GiB | {_version(row)} |"


def _version(row: dict[str, Any]) -> str:
    """The commit, and the packages that decide about speed."""
    packages = [f"{name} {row['versions'][name]}" for name in PACKAGES if name in row["versions"]]
    if row["name"].startswith("r2dreamer"):
        packages = packages[:1]  # of torchrl it only uses the replay buffer, which is not timed
    commit = row.get("commit")
    return ", ".join([commit, *packages] if commit else packages)


def _size(row: dict[str, Any]) -> str:
    size: str = row["name"].split()[1]
    return size
