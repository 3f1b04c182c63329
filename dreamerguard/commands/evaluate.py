"""``dreamerguard eval``: plays episodes with a trained agent."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def evaluate(
    run: Annotated[Path, typer.Argument(help="Run directory.")],
    episodes: Annotated[int, typer.Option("--episodes", min=1, max=100_000, help="Episodes to play.")] = 10,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Seed of resets and actions.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Evaluate the newest checkpoint of a run. The policy samples, as in the reference."""
    from dreamerguard.commands.agent_extra import require_agent
    from dreamerguard.commands.exit_codes import USAGE

    require_agent()
    from dreamerguard.rundir import load_config
    from dreamerguard_agent.envs import EnvError
    from dreamerguard_agent.evaluate import NoCheckpoint, evaluate_checkpoint
    from dreamerguard_agent.runtime import PlatformError, configure

    try:
        config = load_config(run)
        configure(config.runtime)
        frames, scores = evaluate_checkpoint(config, run, episodes, seed)
    except (OSError, ValueError, EnvError, PlatformError, NoCheckpoint) as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(USAGE) from error
    _show(config.task, frames, scores, as_json)


def _show(task: str, frames: int, scores: list[float], as_json: bool) -> None:
    import json
    import statistics

    mean, deviation = statistics.fmean(scores), statistics.stdev(scores) if len(scores) > 1 else 0.0
    if as_json:
        typer.echo(json.dumps({"task": task, "frames": frames, "mean": mean, "std": deviation, "scores": scores}))
    else:
        typer.echo(
            f"{task} after {frames:,} frames: {mean:.1f} +/- {deviation:.1f} over {len(scores)} episodes"
            f" (lowest {min(scores):.1f}, highest {max(scores):.1f})"
        )
