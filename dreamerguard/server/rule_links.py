"""Links to the documentation of rules: pages in the user's cache directory, so that they are read without a network."""

from __future__ import annotations

from contextlib import suppress
from functools import cache

from dreamerguard import __version__
from dreamerguard.core.atomic_write import write_atomically
from dreamerguard.core.source import SourceError
from dreamerguard.reports.rule_page import help_uri, rule_page
from dreamerguard.rules import find_rule
from dreamerguard.util.user_cache import cache_folder, is_on, is_ours, user_cache_scope


@cache
def rule_link(name: str) -> str:
    """Returns the address of a rule's page, or of its first reference if no page can be written; empty without both."""
    rule = find_rule(name)
    if rule is None:
        return ""
    with user_cache_scope():
        folder = cache_folder(f"rules-{__version__}") if is_on() else None
    if folder is not None:
        with suppress(SourceError, OSError):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            if is_ours(folder.stat()):
                path = folder / f"{rule.name}.md"
                write_atomically(path, rule_page(rule).encode(), durable=False)
                return path.as_uri()
    return help_uri(rule)
