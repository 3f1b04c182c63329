"""Numbers that PyYAML reads as text: ``1e6`` and ``1.0e6``, which YAML 1.1 takes for text and YAML 1.2 for numbers.

YAML 1.1 wants a dot and a sign in the exponent (https://yaml.org/type/float.html). The published programs load their
presets with ruamel.yaml in YAML 1.2. A fork that loads them with PyYAML gets text, and ``config.steps //= 2`` or the
optimizer stops, unless its code makes a number of the text.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from dreamerguard.core.finding import Problem
from dreamerguard.core.setting import Setting
from dreamerguard.core.source import Edit, Label, Value
from dreamerguard.util.paths import is_file

from .checkout import PythonCheckout
from .preset_file import PresetFile

_TEXT = re.compile(r"[-+]?(?:\d+(?:\.\d*)?[eE]\d+|\d+[eE][-+]\d+)", re.ASCII)
_LOADS = re.compile(rb"\byaml\.(?:safe_load|full_load|load|unsafe_load)\(")
_PYYAML = re.compile(rb"^[ \t]*import yaml\b", re.MULTILINE)
#: Code that changes how PyYAML reads numbers, and other readers of the same file.
_OTHERWISE = re.compile(rb"ruamel|add_implicit_resolver|OmegaConf|omegaconf")
#: Code that makes numbers of values whose key only the run knows.
_CONVERTS = re.compile(
    rb"(?:float|literal_eval|eval)\(\s*(?:str\()?\s*(?:v|val|value|x|item|arg|default|s|text)\s*[\),]"
)
_HANDLES_TEXT = re.compile(rb"isinstance\(\s*default\s*,\s*\(?[^)\n]*\bstr\b")


def text_numbers(
    settings: Mapping[str, Setting],
    file: PresetFile | None,
    usual: Mapping[str, Value],
    checkout: PythonCheckout | None,
    layers: tuple[str, ...] = ("defaults", "preset"),
) -> Iterator[Problem]:
    """Yields the problems of numbers that the program of a checkout gets as text and nothing converts.

    Args:
      settings: of the run.
      file: the presets.
      usual: upstream's defaults, which say what is a number.
      checkout: the Python beside the file.
      layers: where text stays text; elsewhere the program gives it the type of the default.
    """
    if file is None or checkout is None or not _reads_text(checkout, file):
        return
    for key, setting in settings.items():
        item = file.blocks.get(setting.last.name, {}).get(key) if setting.last.kind in layers else None
        place = item.value_span if item is not None else None
        default = usual.get(key)
        if item is None or place is None or not isinstance(default, int | float) or isinstance(default, bool):
            continue
        if _TEXT.fullmatch(place.text) and not _converted(key, checkout):
            text = f"{key} is the text {place.text!r} for this program: PyYAML needs a dot, and a sign in the exponent"
            meant = _with_dot(place.text)
            edits = (Edit(place, meant),)
            yield Problem("wrong-type", text, Label(item.span), key, edits=edits, fix=f"write {meant}")


def _reads_text(checkout: PythonCheckout, presets: PresetFile) -> bool:
    """Returns whether the scripts that train load presets with PyYAML and convert no value on the way."""
    texts = checkout.script_texts
    plain = [text for text in texts if _PYYAML.search(text) and _LOADS.search(text)]
    if not plain or any(_OTHERWISE.search(text) or _CONVERTS.search(text) for text in texts):
        return False
    if _read_elsewhere(checkout, presets, plain):
        return False
    makers = (file.data for file in checkout.index.files.values() if file.data and b"def args_type" in file.data)
    return not any(_HANDLES_TEXT.search(data) for data in makers)


def _read_elsewhere(checkout: PythonCheckout, presets: PresetFile, plain: Iterable[bytes]) -> bool:
    """Returns whether other code may load the presets with another library, so that it is not known what they become.

    The script may use PyYAML for a few values or another file, and an imported module ruamel.yaml for the presets.
    """
    name = presets.path.name
    sure = any(name.encode() in text for text in plain)
    for path, file in checkout.index.files.items():
        if file.data is None or not _OTHERWISE.search(file.data):
            continue
        beside = (checkout.index.root / path).parent / name
        own = beside.absolute() == presets.path.absolute() or not is_file(beside)
        if own and (not sure or name.encode() in file.data):
            return True
    return False


def _converted(key: str, checkout: PythonCheckout) -> bool:
    """Returns whether some code makes a number of a key: ``int(float(config.steps))``, ``float(config["steps"])``."""
    name = re.escape(key.rpartition(".")[2].encode())
    pattern = re.compile(rb"\b(?:float|int|eval|literal_eval|Decimal)\([^\n]{0,80}\b" + name + rb"\b")
    return any(pattern.search(file.data) for file in checkout.index.files.values() if file.data is not None)


def _with_dot(text: str) -> str:
    digits, _, exponent = text.lower().partition("e")
    digits = digits if "." in digits else f"{digits}.0"
    return f"{digits}e{exponent if exponent[0] in '+-' else f'+{exponent}'}"
