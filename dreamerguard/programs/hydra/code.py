"""The Python beside a configuration folder as evidence: overridden keys that nothing reads, added keys that it reads.

A key counts as read wherever anything could read it: code under its name, an interpolation of another key, or a
function or class that a ``_target_`` above it names.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterator, Mapping
from dataclasses import replace

from dreamerguard.core.key import Key
from dreamerguard.core.setting import Setting, UnknownKey
from dreamerguard.programs.shared.find_checkout import checkout_of

from .command import Checkout
from .composition import Composition
from .same_name import read_in_other_group
from .tree import Tree, find, leaves

_WORD = re.compile(r"\w+")


def judge_keys(
    composition: Composition, checkout: Checkout, keys: Mapping[str, Key], roles: Container[str]
) -> dict[str, Key]:
    """Returns the keys, with the reason why those that the user overrides and no code reads have no effect.

    Args:
      composition: the composed configuration.
      checkout: its folder, which must have all files.
      keys: keys of the configuration.
      roles: keys with a known meaning, which are not looked into.
    """
    found, settings = dict(keys), composition.settings()
    candidates = [path for path in _overridden(settings) if path in keys and path not in roles and not keys[path].dead]
    if not candidates:
        return found
    used = _interpolated(composition)
    candidates = [path for path in candidates if path.rpartition(".")[2] not in used and not _built(composition, path)]
    code = checkout_of(checkout.folder) if candidates else None
    if code is None:
        return found
    own = {path: key for path, key in keys.items() if not path.startswith("hydra.")}
    judged = code.keys({path: own[path] for path in candidates if path in own}, settings, (), whole=False, all_keys=own)
    for path in candidates:
        other = read_in_other_group(path, own, code.index) if path in judged and not judged[path].dead else ""
        if other:
            judged[path] = replace(judged[path], dead=f"the code of this checkout reads only {other}")
    return found | judged


def judge_added(
    unknown: list[UnknownKey], checkout: Checkout, keys: Mapping[str, Key], renamed: Container[str]
) -> list[UnknownKey]:
    """Returns the unknown keys without those that the command adds and the code reads."""
    added = [item for item in unknown if not item.fatal]
    code = checkout_of(checkout.folder) if added else None
    if code is None:
        return unknown
    kept = {item.key for item in code.unknown(added, keys, renamed)}
    return [item for item in unknown if item.fatal or item.key in kept]


def _overridden(settings: Mapping[str, Setting]) -> Iterator[str]:
    for path, setting in settings.items():
        named = path.startswith(("hydra.", "_")) or "._" in path
        if setting.chosen and len(setting.chain) > 1 and setting.value != setting.chain[0].value and not named:
            yield path


def _built(composition: Composition, path: str) -> bool:
    """Returns whether a mapping above a key names the function that gets its keys."""
    parts = path.split(".")
    above = (find(composition.root, parts[:length]) for length in range(1, len(parts)))
    return any(isinstance(branch, Tree) and "_target_" in branch.children for branch in above)


def _interpolated(composition: Composition) -> set[str]:
    """Returns the words in all interpolations."""
    words: set[str] = set()
    for _, leaf in leaves(composition.root):
        for layer in leaf.chain:
            for value in layer.value if isinstance(layer.value, tuple) else (layer.value,):
                if isinstance(value, str) and "${" in value:
                    words.update(_WORD.findall(value))
    return words
