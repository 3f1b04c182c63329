"""Code actions: the fixes of findings, and comments that accept a finding."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath

from lsprotocol import types

from dreamerguard.core.finding import Finding
from dreamerguard.core.source import Edit
from dreamerguard.lint.fixes import plan
from dreamerguard.sources.comments import is_yaml

from .diagnostics import diagnostic_of
from .documents import OpenDocument
from .linting import Checked
from .places import EditorPlaces

FIX_ALL = "source.fixAll.dreamerguard"
#: Files without comments that the linter reads.
_WITHOUT_COMMENTS = frozenset({".json", ".ipynb", ".bat", ".cmd"})


def code_actions(
    checked: Checked, wanted: types.CodeActionParams, open_documents: Mapping[Path, OpenDocument]
) -> list[types.CodeAction]:
    """Returns what can be done in a range of a document, safe fixes first.

    Args:
      checked: a complete check of the document.
      wanted: the range, and the kinds of actions that the editor asks for.
      open_documents: path -> document.
    """
    places = EditorPlaces(checked.root, checked.document, checked.name, open_documents)
    lines = checked.document.lines
    start, end = lines.offset(wanted.range.start), lines.offset(wanted.range.end)
    near = [item for item in checked.here if item.primary.span.start <= end and start <= item.primary.span.end]
    actions = [
        *sorted(_fixes(near, checked, places), key=lambda action: not action.is_preferred),
        *_acceptances(near, checked),
        *_all_fixes(checked, places),
    ]
    return [action for action in actions if _is_wanted(action, wanted.context.only)]


def _is_wanted(action: types.CodeAction, only: Sequence[types.CodeActionKind | str] | None) -> bool:
    kind = str(getattr(action.kind, "value", action.kind))
    if not only:
        return kind != FIX_ALL
    kinds = [str(getattr(item, "value", item)) for item in only]
    return any(kind == item or item == "" or kind.startswith(f"{item}.") for item in kinds)


def _fixes(findings: Iterable[Finding], checked: Checked, places: EditorPlaces) -> Iterator[types.CodeAction]:
    for item in findings:
        fix = item.fix
        if fix is None or item.upstream or any(edit.span.source.kind != "file" for edit in fix.edits):
            continue
        yield types.CodeAction(
            title=f"{_sentence(fix.message)}{'' if fix.safe else ' (changes what trains)'}",
            kind=types.CodeActionKind.QuickFix,
            diagnostics=[diagnostic_of(item, checked, places)],
            is_preferred=fix.safe,
            edit=_workspace_edit(fix.edits, places),
        )


def _all_fixes(checked: Checked, places: EditorPlaces) -> Iterator[types.CodeAction]:
    todo = plan(checked.here)
    edits = [edit for _, edits in todo.edits.values() for edit in edits if edit.span.source.kind == "file"]
    if edits:
        yield types.CodeAction(
            title="Make all safe fixes of dreamerguard", kind=FIX_ALL, edit=_workspace_edit(edits, places)
        )


def _workspace_edit(edits: Iterable[Edit], places: EditorPlaces) -> types.WorkspaceEdit:
    changes: dict[str, list[types.TextEdit]] = {}
    for edit in edits:
        change = types.TextEdit(places.range(edit.span), edit.text)
        changes.setdefault(places.uri(edit.span.source), []).append(change)
    return types.WorkspaceEdit(changes=changes)


def _acceptances(findings: Iterable[Finding], checked: Checked) -> Iterator[types.CodeAction]:
    """Yields comments that accept findings. They count when their author has written the reason."""
    if PurePosixPath(checked.name).suffix.lower() in _WITHOUT_COMMENTS:
        return
    for name in dict.fromkeys(item.name for item in findings if not item.code.startswith(("DG0", "DG9"))):
        first = next(item for item in findings if item.name == name)
        edit = _comment(first, checked)
        yield types.CodeAction(
            title=f"Accept {name} here: write the reason behind --",
            kind=types.CodeActionKind.QuickFix,
            is_preferred=False,
            edit=types.WorkspaceEdit(changes={checked.document.uri: [edit]}),
        )


def _comment(finding: Finding, checked: Checked) -> types.TextEdit:
    """Returns the edit that adds a comment: at the end of the line in YAML, else above the command."""
    source, lines = finding.primary.span.source, checked.document.lines
    text, start = source.text, finding.primary.span.start
    comment = f"# dreamerguard: ignore[{finding.name}] -- "
    end = text.find("\n", start)
    line_end = len(text[: end if end >= 0 else len(text)].rstrip("\r"))
    if is_yaml(source) and "#" not in text[text.rfind("\n", 0, start) + 1 : line_end]:
        return types.TextEdit(lines.range(line_end, line_end), f"  {comment}")
    first = text.rfind("\n", 0, start) + 1
    while first and text[:first].rstrip("\r\n").endswith("\\"):
        first = text.rfind("\n", 0, first - 1) + 1
    line = text[first:]
    indent = line[: len(line) - len(line.lstrip(" \t"))]
    return types.TextEdit(lines.range(first, first), f"{indent}{comment}\n")


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}"
