"""``dreamerguard compare``: tests whether a change made the agent worse."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dreamerguard.commands.shared.errors import fail, note
from dreamerguard.commands.shared.log_options import ActionRepeat, Allow, Baseline, Margin, Reference, Suite, Task
from dreamerguard.commands.shared.sequential_options import (
    Looks,
    MaxSeeds,
    PlanFile,
    Sequential,
    SequentialWords,
    compare_sequentially,
)
from dreamerguard.util.terminal import echo

if TYPE_CHECKING:
    from dreamerguard.commands.shared.two_sides import Given
    from dreamerguard.regression.compare.decision import Outcome

#: Exit code of a comparison that shows neither WORSE nor NON-INFERIOR.
INCONCLUSIVE = 4


class CompareFormat(StrEnum):
    """Formats of the report."""

    TEXT = "text"
    MARKDOWN = "markdown"
    JSON = "json"
    JUNIT = "junit"


def compare(
    ctx: typer.Context,
    candidates: Annotated[
        list[Path], typer.Argument(help="Candidate runs, or folders of runs.", metavar="CANDIDATE...")
    ],
    baseline: Baseline = None,
    reference: Reference = None,
    task: Task = None,
    suite: Suite = None,
    action_repeat: ActionRepeat = None,
    margin: Margin = 0.05,
    seed: Annotated[
        int, typer.Option("--seed", help="Seed of the drawn ways to exchange seeds, where there are too many to count.")
    ] = 0,
    allow: Allow = None,
    allow_inconclusive: Annotated[
        bool, typer.Option("--allow-inconclusive", help="INCONCLUSIVE gives exit code 0.")
    ] = False,
    sequential: Sequential = False,
    plan: PlanFile = None,
    max_seeds: MaxSeeds = None,
    looks: Looks = None,
    output_format: Annotated[
        CompareFormat, typer.Option("--output-format", help="Report to print.")
    ] = CompareFormat.TEXT,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="File for the report, instead of printing it.")
    ] = None,
) -> None:
    """Compare runs with a baseline (your runs or the published curves) over seeds and tasks.

    `compare new/* --baseline old/*` compares the runs in two folders, as `compare new --baseline old` does.

    With --sequential, seeds come in batches: the command says stop, or how many more seeds to run. Type it again with
    more runs; the plan is in a file.

    Exit code 0: NON-INFERIOR; 1: WORSE; 4: INCONCLUSIVE; 2: wrong usage, or runs that are unreadable or not comparable.
    """
    from dreamerguard.regression.compare.decision import Outcome

    if bool(baseline) == bool(reference):
        fail(
            "compare needs what to compare with: `dreamerguard compare NEW --baseline OLD` for runs of your own, or"
            " --reference 2024, 2023, tdmpc2 or FILE for published or stored curves; not both"
        )
    given, form, allowed = (task, suite, action_repeat), output_format.value, allow or []
    if sequential:
        typed_margin, typed_seed = (margin if _typed(ctx, "margin") else None), (seed if _typed(ctx, "seed") else None)
        outcome, text = compare_sequentially(
            SequentialWords(plan, max_seeds, looks, typed_margin, typed_seed),
            (candidates, baseline or []), reference, given, allowed, form,
        )  # fmt: skip
    elif plan or max_seeds or looks:
        fail("--plan, --max-seeds and --looks need --sequential")
    else:
        outcome, text = _compare_once(candidates, baseline or [], reference, given, allowed, margin, seed, form)
    if output is not None:
        _write(output, text)
        note(f"{output}: {outcome}")
    elif output_format is CompareFormat.JSON:
        typer.echo(text, nl=False)
    else:
        echo(text.removesuffix("\n"), fold=output_format is CompareFormat.TEXT)
    codes = {Outcome.NON_INFERIOR: 0, Outcome.WORSE: 1, Outcome.INCONCLUSIVE: 0 if allow_inconclusive else INCONCLUSIVE}
    raise typer.Exit(codes[outcome])


def _write(path: Path, text: str) -> None:
    from dreamerguard.core.atomic_write import write_atomically
    from dreamerguard.core.source import SourceError

    try:
        write_atomically(path, text.encode("utf-8"))
    except (OSError, SourceError) as error:
        fail(f"cannot write {path}: {getattr(error, 'strerror', None) or error}")


def _typed(ctx: typer.Context, name: str) -> bool:
    source = ctx.get_parameter_source(name)
    return source is not None and source.name == "COMMANDLINE"


def _compare_once(
    candidates: list[Path], baseline: list[Path], reference: str | None, given: Given, allow: list[str],
    margin: float, seed: int, form: str,
) -> tuple[Outcome, str]:  # fmt: skip
    from dreamerguard.commands.shared.two_sides import read_material
    from dreamerguard.regression.compare.comparison_report import FORMATS
    from dreamerguard.regression.compare.decision import decide

    material = read_material(candidates, baseline, reference, given, allow)
    result = decide(material.tasks, margin, seed=seed)
    return result.outcome, FORMATS[form](result, material.caveats)
