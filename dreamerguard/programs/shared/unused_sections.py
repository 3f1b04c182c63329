"""Sections ``env.NAME`` of presets for suites of which the checkout's own code makes no environments."""

from __future__ import annotations

import re
from collections.abc import Mapping

from dreamerguard.core.setting import Setting

from .checkout import PythonCheckout
from .made_suites import deciding, takes_name

#: Takes the section of a suite: ``config.env.get(suite, {})``.
_BY_SUITE = re.compile(rb"\.env(?:\.get\(|\[)\s*suite\b")


def unused_sections(settings: Mapping[str, Setting], checkout: PythonCheckout | None) -> dict[str, str]:
    """Returns the first key of each section ``env.NAME`` that no task reads, with the reason.

    The code takes ``config.env[suite]``, makes no environments of a suite with this name, and names it nowhere else.
    """
    found = deciding(settings, "task", checkout)
    if found is None or checkout is None or found[0].choice.subject.rest:
        return {}
    if not _BY_SUITE.search(checkout.index.files[found[0].file].data or b""):
        return {}
    decision, first = found[0], dict[str, str]()
    for key in settings:
        parts = key.split(".")
        if len(parts) > 2 and parts[0] == "env":
            first.setdefault(parts[1], key)
    made = decision.choice.choices
    unmade = (
        name for name in first if name.isidentifier() and not any(takes_name(decision, item, name) for item in made)
    )
    why = f"{decision.place} makes no environments of this suite, so nothing reads its section"
    return {first[name]: why for name in unmade if not _is_named(name, checkout)}


def _is_named(section: str, checkout: PythonCheckout) -> bool:
    """Returns whether code takes a section by its name, or has the name as a text."""
    word = re.escape(section.encode())
    named = re.compile(rb"\benvs?\." + word + rb"\b|['\"]" + word + rb"['\"_]")
    return any(file.data is None or named.search(file.data) for file in checkout.index.files.values())
