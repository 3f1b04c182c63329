"""Published curves for the tasks of other programs, where the same task and suite are published."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dreamerguard.resolved import Curve

if TYPE_CHECKING:
    from dreamerguard.schema.editions import Edition


def published_curve(task: str, suite: str, edition: Edition) -> Curve | None:
    """Scores of the task in the published agent, with that agent's budget; none where nothing is published."""
    from dreamerguard.keys.native import native_keys
    from dreamerguard.schema.tasks import UnknownTask, find_task

    from .native_reference import build_reference

    try:
        found = find_task(task, suite)
    except UnknownTask:
        return None
    chosen = edition if edition in found.editions else found.default_edition
    reference = build_reference(found, chosen, native_keys(), 1e6)
    return reference.load_curve() if reference is not None else None
