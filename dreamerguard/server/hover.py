"""What a key is, where its value came from layer by layer, what is published, and what a deviation costs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from lsprotocol import types

from dreamerguard.core.finding import Finding
from dreamerguard.core.run import ResolvedRun
from dreamerguard.core.setting import Layer, Preset, Setting
from dreamerguard.core.source import Span
from dreamerguard.core.values import spell_scalar
from dreamerguard.util.text import plain

from .linting import Checked

#: Keys of a pattern or a preset that are listed.
_LISTED = 8


@dataclass(frozen=True)
class _Named:
    """Something that a document names at a place."""

    span: Span
    run: ResolvedRun
    setting: Setting | None = None
    preset: Preset | None = None


def hover(checked: Checked, runs: Sequence[ResolvedRun], offset: int) -> types.Hover | None:
    """Returns the description of what stands at a character of a document; None if it is no key and no preset.

    Args:
      checked: the document.
      runs: the runs that this place configures.
      offset: the character.
    """
    found = [item for run in runs for item in _named(run, checked.name) if item.span.start <= offset <= item.span.end]
    if not found:
        return None
    least = min(item.span.end - item.span.start for item in found)
    nearest = [item for item in found if item.span.end - item.span.start == least]
    first, lines = nearest[0], checked.document.lines
    keys = {item.setting.key for item in nearest if item.setting is not None}
    if first.preset is not None:
        text = _preset(first.preset)
    elif len(keys) > 1:
        text = f"sets {_listed(sorted(keys))}"
    else:
        text = "\n".join(_setting(first, checked.findings))
    content = types.MarkupContent(types.MarkupKind.Markdown, text)
    return types.Hover(content, lines.range(first.span.start, first.span.end))


def _named(run: ResolvedRun, name: str) -> Iterator[_Named]:
    """Yields the settings and presets of a run with their places in a file."""
    for setting in run.settings.values():
        for layer in setting.chain:
            if layer.span is not None and layer.span.source.name == name:
                yield _Named(layer.span, run, setting)
    for preset in () if run.whole else run.presets:
        if preset.span.source.name == name:
            yield _Named(preset.span, run, preset=preset)


def _preset(preset: Preset) -> str:
    keys = f"sets {_listed(preset.keys)}" if preset.keys else "sets nothing"
    return f"preset **{_code(preset.name)}**: {keys}" if preset.known else f"preset {_code(preset.name)} is unknown"


def _listed(keys: Sequence[str]) -> str:
    more = f" and {len(keys) - _LISTED} more" if len(keys) > _LISTED else ""
    return ", ".join(map(_code, keys[:_LISTED])) + more


def _setting(item: _Named, findings: Sequence[Finding]) -> Iterator[str]:
    setting, run = item.setting, item.run
    assert setting is not None, "other places are presets"
    key = run.keys.get(setting.key)
    yield f"**{_code(setting.key)}**: {_code(spell_scalar(setting.value))}"
    if key is not None:
        yield ""
        yield _text(f"{key.description} " if key.description else "") + f"Takes {_text(key.expects)}."
        if key.dead:
            yield f"\nHas no effect: {_text(key.dead)}."
    yield ""
    yield "Layers, the last one counts:"
    yield ""
    yield from (f"1. {_layer(layer)}" for layer in setting.chain)
    yield from _published(setting, run)
    yield from _costs(setting, findings)


def _layer(layer: Layer) -> str:
    where = f"{layer.span.source.name}:{layer.span.line}" if layer.span is not None else str(layer.origin)
    name = "" if layer.name == where.partition(":")[0] else f"{_text(layer.name)}, "
    return f"{_code(spell_scalar(layer.value))}, {name}{_text(where)}"


def _published(setting: Setting, run: ResolvedRun) -> Iterator[str]:
    reference = run.reference
    expected = reference.expected.get(setting.key) if reference is not None else None
    if reference is not None and expected is not None:
        yield ""
        value = _code(spell_scalar(expected.value))
        yield f"Published for {_text(reference.task)}: {value} ({_text(str(expected.origin))})"
    if reference is not None and setting.key == run.roles.get("task"):
        curve = reference.load_curve()
        if curve is not None:
            yield ""
            yield f"The published agent ends at {curve.final.median:,.0f} points after {curve.frames:,.0f} frames."


def _costs(setting: Setting, findings: Sequence[Finding]) -> Iterator[str]:
    costs = dict.fromkeys(
        f"Cost ({item.harm.level}): {_text(item.harm.text)}."
        for item in findings
        if item.harm is not None and item.key == setting.key
    )
    for line in costs:
        yield ""
        yield line


def _code(text: str) -> str:
    """Returns text as code, which Markdown does not interpret."""
    return f"`{plain(text).replace('`', chr(39))}`"


def _text(text: str) -> str:
    """Returns text without characters that Markdown could read as a link, an image or HTML."""
    shown = plain(text).replace("``", "`")
    return "".join(f"\\{item}" if item in "[]<>*_" else item for item in shown)
