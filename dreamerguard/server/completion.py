"""Completion of keys, values, tasks, presets and editions, in files and in commands."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import PurePosixPath
from typing import get_args

from lsprotocol import types

from dreamerguard.core.key import Key
from dreamerguard.core.run import ResolvedRun
from dreamerguard.core.values import spell_scalar
from dreamerguard.programs.native.keys import native_keys
from dreamerguard.schema.published_editions import Edition
from dreamerguard.schema.sizes import SIZES
from dreamerguard.schema.tasks import task_names

from .command_cursor import command_cursor
from .documents import OpenDocument
from .linting import Checked
from .yaml_cursor import Cursor, yaml_cursor

_KIND = types.CompletionItemKind


def completions(
    document: OpenDocument, offset: int, checked: Checked | None, runs: Sequence[ResolvedRun], presets: Sequence[str]
) -> list[types.CompletionItem]:
    """Returns what fits at a character of a document.

    Args:
      document: with the text of now.
      offset: the character.
      checked: the last check; its text may be older.
      runs: the runs that the document configured in the last check.
      presets: names of the presets that the runs can use.
    """
    name = checked.name if checked is not None else document.path.name
    if PurePosixPath(name).suffix.lower() in (".yaml", ".yml"):
        place = yaml_cursor(document.text, offset)
        found = _in_yaml(place, runs) if place is not None else ()
        typed = place.typed if place is not None else ""
    else:
        command = command_cursor(document.text, offset)
        found = _in_command(command.option, command.typed, runs, presets)
        typed = command.typed
    where = document.lines.range(offset - len(typed), offset)
    fitting = (item for item in found if item[0].startswith(typed) and item[0] != typed)
    return [_item(text, kind, detail, where) for text, kind, detail in fitting]


_Found = Iterator[tuple[str, types.CompletionItemKind, str]]


def _in_yaml(place: Cursor, runs: Sequence[ResolvedRun]) -> _Found:
    whole = bool(runs) and runs[0].whole
    if whole and not place.parents:
        return
    keys: Mapping[str, Key] = runs[0].keys if runs else native_keys()
    parents = place.parents[1:] if whole else place.parents
    above = ".".join((*parents, ""))
    if place.key:
        yield from _values(f"{above}{place.key}", keys.get(f"{above}{place.key}"))
        return
    below = {key.removeprefix(above): item for key, item in keys.items() if key.startswith(above)}
    groups = dict.fromkeys(key.partition(".")[0] for key in below if "." in key)
    yield from ((f"{group}:", _KIND.Module, "group of settings") for group in groups)
    dotted = whole or "." in place.typed
    yield from ((f"{key}: ", _KIND.Property, _detail(item)) for key, item in below.items() if dotted or "." not in key)


def _values(path: str, key: Key | None) -> _Found:
    """Yields the values of a key that has few, and the names of tasks, editions and sizes."""
    leaf = path.rpartition(".")[2]
    if leaf == "task":
        yield from ((name, _KIND.Value, "task") for name in task_names())
    elif leaf == "edition":
        yield from ((name, _KIND.EnumMember, "edition") for name in get_args(Edition))
    elif leaf == "size" and "." not in path:
        yield from ((name, _KIND.EnumMember, "size of the model") for name in SIZES)
    elif key is not None and key.choices:
        yield from ((spell_scalar(choice), _KIND.EnumMember, path) for choice in key.choices)
    elif key is not None and key.kind == "boolean":
        yield from ((text, _KIND.EnumMember, path) for text in ("true", "false"))


def _in_command(option: str, typed: str, runs: Sequence[ResolvedRun], presets: Iterable[str]) -> _Found:
    keys: Mapping[str, Key] = runs[0].keys if runs else {}
    if option == "configs":
        yield from ((name, _KIND.Class, "preset") for name in presets)
        return
    if option and not typed.startswith("-"):
        yield from _values(option, keys.get(option))
        return
    dashes = typed.startswith("--")
    native = bool(runs) and runs[0].dialect == "native"
    if "=" in typed:
        path = typed.partition("=")[0]
        yield from ((f"{path}={text}", kind, detail) for text, kind, detail in _values(path, keys.get(path)))
    elif dashes and not native:
        yield "--configs ", _KIND.Keyword, "presets"
        yield from ((f"--{key} ", _KIND.Property, _detail(item)) for key, item in keys.items())
    elif native:
        yield from ((f"{key}=", _KIND.Property, _detail(item)) for key, item in keys.items())
        yield from ((name, _KIND.Value, "task") for name in task_names())


def _detail(key: Key) -> str:
    return key.description or key.expects


def _item(text: str, kind: types.CompletionItemKind, detail: str, where: types.Range) -> types.CompletionItem:
    return types.CompletionItem(
        label=text.strip().removesuffix(":").removesuffix("="),
        kind=kind,
        detail=detail,
        filter_text=text,
        text_edit=types.TextEdit(where, text),
    )
