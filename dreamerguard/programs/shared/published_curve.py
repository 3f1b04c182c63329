"""Published curves for the tasks of other programs, where the same task and suite are published."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dreamerguard.core.run import Curve

if TYPE_CHECKING:
    from dreamerguard.schema.editions import Edition


def published_curve(task: str, suite: str, edition: Edition) -> Curve | None:
    """Scores of the task in the published agent, with that agent's budget; none where nothing is published."""
    from dreamerguard.programs.native.keys import native_keys
    from dreamerguard.programs.native.published import build_reference
    from dreamerguard.schema.tasks import UnknownTask, find_task

    try:
        found = find_task(task, suite)
    except UnknownTask:
        return None
    chosen = edition if edition in found.editions else found.default_edition
    reference = build_reference(found, chosen, native_keys(), 1e6)
    return reference.load_curve() if reference is not None else None
