"""Settings that a script reads on every path and that nothing declares."""

from __future__ import annotations

import re
from collections.abc import Container, Iterator

from dreamerguard.core.finding import Problem
from dreamerguard.core.source import Label, Span
from dreamerguard.programs.shared.checkout import PythonCheckout
from dreamerguard.programs.shared.preset_file import PresetFile
from dreamerguard.sources.python.firm_reads import read_firmly

_YAML = re.compile(rb"([A-Za-z0-9_.-]+\.ya?ml)\b")


def missing_settings(
    declared: Container[str], checkout: PythonCheckout | None, anchor: Span, file: PresetFile | None
) -> Iterator[Problem]:
    """Yields the problem of settings that the script reads on every path and that neither defaults nor presets have.

    Args:
      declared: keys and groups of the run.
      checkout: the checkout with the script.
      anchor: place of the command.
      file: the file of presets.
    """
    data = checkout.script_data if checkout is not None else None
    if checkout is None or data is None or file is None or not _reads(data, file):
        return
    for name, line in read_firmly(data).items():
        if name in declared:
            continue
        blocks = [block for block, items in file.blocks.items() if name in items]
        only = f"; only preset {blocks[0]} sets it" if blocks else ""
        place = f"{checkout.script}:{line}"
        text = f"{place} reads {name}, which the defaults and the chosen presets lack{only}: the program stops"
        yield Problem(
            "missing-key", text, Label(anchor), name, help=f"add {name} to the defaults of {file.source.name}"
        )


def _reads(data: bytes, file: PresetFile) -> bool:
    """Returns whether a script reads this file, as far as it names the files that it reads."""
    named = {text.decode("ascii") for text in _YAML.findall(data)}
    return not named or file.path.name in named
