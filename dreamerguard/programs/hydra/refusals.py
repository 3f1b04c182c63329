"""Overrides that hydra refuses although every name in them exists, and how to write them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from dreamerguard.core.finding import Problem
from dreamerguard.core.source import Label, Span

from .defaults import Defaults
from .interpolation import Target
from .overrides import HydraOverride, Opaque
from .tree import Branch, Leaf, Tree


def forced(item: HydraOverride) -> Problem:
    """``++group=option``."""
    text = f"{item.key} is a group of files, which ++ cannot change; hydra stops"
    return Problem("malformed-override", text, Label(item.span), key=item.key, help=f"write {item.word.text[2:]}")


def no_name(item: HydraOverride) -> Problem:
    """A group without an option, or with a number or a truth value, which hydra takes for no name."""
    number = isinstance(item.value, bool | int | float)
    message = f"{item.key} needs the name of an option" + (f", and {item.text} is none; hydra stops" if number else "")
    return Problem("malformed-override", message, Label(item.span), key=item.key)


def refused_value(existing: Branch | None, item: HydraOverride) -> Problem | None:
    """The problem of a value for a key that exists; none when hydra takes it. Lists and mappings may be added again."""
    text = str(item.text).lstrip()
    # The type of a function's value on the command line, such as float(1), is not known.
    is_call = isinstance(existing, Leaf) and existing.opaque and existing.chain[-1].kind == "command line"
    is_list = isinstance(existing, Leaf) and (existing.opaque or isinstance(existing.value, tuple)) and not is_call
    is_set = isinstance(existing, Tree) or (isinstance(existing, Leaf) and existing.value is not None)
    if item.kind == "add" and is_set and not text.startswith(("[", "{")) and not item.unknown:
        message = f"{item.key} exists already, so + stops the program"
        help = f"write {item.word.text[1:]}, or ++ to add or change the key"
        return Problem("malformed-override", message, Label(item.span), key=item.key, help=help)
    wrong = (isinstance(existing, Tree) and text.startswith("[")) or (is_list and text.startswith("{"))
    if not wrong or item.sweep:
        return None
    message = f"{item.key} is a mapping in one place and a list in the other, which hydra cannot merge"
    return Problem("wrong-type", message, Label(item.span), item.key)


def refused_removal(target: Target | None, item: HydraOverride) -> Problem | None:
    """Returns the problem of ``~key`` for a key without a value, or of ``~key=value`` for a key with another value.

    Args:
      target: the value of the key; None if it refers to a key that does not exist.
      item: the override.
    """
    if target is None:
        message = f"{item.key} refers to a key that does not exist, so hydra cannot delete it and stops"
        return Problem("malformed-override", message, Label(item.span), key=item.key)
    if item.unknown or item.sweep or not target.known:
        return None
    branch, has = target.branch, target.value
    if isinstance(branch, Leaf) and has is None:
        message = f"{item.key} is null, which hydra does not delete; it stops"
        return Problem("malformed-override", message, Label(item.span), key=item.key)
    if item.text is None or item.value is None or isinstance(item.value, Opaque):
        return None
    if isinstance(branch, Leaf) and (has == item.value or branch.opaque):
        return None
    is_it = "a mapping" if isinstance(branch, Tree) else f"{has}"
    message = f"{item.key} is {is_it} and not {item.text}, so hydra does not delete it and stops"
    help = f"write ~{item.key}"
    return Problem("malformed-override", message, Label(item.span), key=item.key, help=help)


def refused_lists(
    defaults: Defaults,
    deleted: Mapping[str, str | None],
    overrides: Sequence[HydraOverride],
    anchor: Span,
    *,
    sure: bool,
) -> Iterator[Problem]:
    """Problems of the order of a defaults list, of overrides of nothing, and of deletions that match nothing."""
    for file, group in defaults.misplaced:
        text = f"{file} overrides {group} in front of another group; hydra stops"
        help = "put all override lines at the end of the defaults list"
        yield Problem("unknown-option", text, Label(anchor), group, help=help)
    for key, file in defaults.overridden.items():
        if key in defaults.used or key.lstrip("/").startswith("hydra/") or defaults.missing or not sure:
            continue
        text = f"{file} overrides {key}, which the defaults list does not have; hydra stops"
        yield Problem("unknown-option", text, Label(anchor), key)
    for item in overrides:
        if item.kind != "delete" or item.element not in deleted or f"~{item.element}" in defaults.used:
            continue
        name, chosen = deleted[item.element], defaults.chosen.get(item.element)
        is_it = f": it is {chosen}" if name is not None and chosen is not None else ""
        text = f"the defaults list has no {item.element}{f'={name}' if name else ''} to delete{is_it}"
        yield Problem("unknown-option", text, Label(item.span), item.key)
