"""``dreamerguard compare``: tests whether a change made the agent worse."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from dreamerguard.commands.shared.errors import fail
from dreamerguard.commands.shared.log_options import ActionRepeat, Allow, Baseline, Margin, Reference, Suite, Task
from dreamerguard.util.terminal import echo

#: Exit code of a comparison that shows neither WORSE nor NON-INFERIOR.
INCONCLUSIVE = 4


class CompareFormat(StrEnum):
    """Formats of the report."""

    TEXT = "text"
    MARKDOWN = "markdown"
    JSON = "json"
    JUNIT = "junit"


def compare(
    candidates: Annotated[
        list[Path], typer.Argument(help="Candidate runs, or folders of runs.", metavar="CANDIDATE...")
    ],
    baseline: Baseline = None,
    reference: Reference = None,
    task: Task = None,
    suite: Suite = None,
    action_repeat: ActionRepeat = None,
    margin: Margin = 0.05,
    seed: Annotated[int, typer.Option("--seed", help="Seed of the random relabelings.")] = 0,
    allow: Allow = None,
    allow_inconclusive: Annotated[
        bool, typer.Option("--allow-inconclusive", help="INCONCLUSIVE gives exit code 0.")
    ] = False,
    output_format: Annotated[
        CompareFormat, typer.Option("--output-format", help="Report to print.")
    ] = CompareFormat.TEXT,
) -> None:
    """Compare runs with a baseline (your runs or the published curves) over seeds and tasks.

    `compare new/* --baseline old/*` compares the runs in two folders, as `compare new --baseline old` does.

    Exit code 0: NON-INFERIOR; 1: WORSE; 4: INCONCLUSIVE; 2: wrong usage, or runs that are unreadable or not comparable.
    """
    from dreamerguard.commands.shared.two_sides import read_material
    from dreamerguard.regression.compare.comparison_report import FORMATS
    from dreamerguard.regression.compare.decision import Outcome
    from dreamerguard.regression.compare.decision import decide as decide

    if bool(baseline) == bool(reference):
        fail("give either --baseline DIRECTORY... or --reference 2024, 2023, tdmpc2 or FILE")
    material = read_material(candidates, baseline or [], reference, (task, suite, action_repeat), allow or [])
    result = decide(material.tasks, margin, seed=seed)
    text = FORMATS[output_format.value](result, material.caveats)
    if output_format is CompareFormat.JSON:
        typer.echo(text, nl=False)
    else:
        echo(text.removesuffix("\n"))
    codes = {Outcome.NON_INFERIOR: 0, Outcome.WORSE: 1, Outcome.INCONCLUSIVE: 0 if allow_inconclusive else INCONCLUSIVE}
    raise typer.Exit(codes[result.outcome])
