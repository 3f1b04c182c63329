"""``dreamerguard eval``: plays episodes with a trained agent."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dreamerguard.commands.shared.achievement_facts import achievement_facts, achievement_lines
from dreamerguard.commands.shared.errors import fail, note
from dreamerguard.commands.shared.exit_codes import DAMAGED, ENVIRONMENT_FAILED

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from dreamerguard.schema import RunConfig
    from dreamerguard_agent.driver import FinishedEpisode


def evaluate(
    run: Annotated[Path, typer.Argument(help="Run directory.")],
    episodes: Annotated[int, typer.Option("--episodes", min=1, max=100_000, help="Episodes to play, per seed.")] = 10,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Seed of resets and actions.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    video: Annotated[
        Path | None, typer.Option("--video", help="Also record one more episode per seed: a file .mp4, or a folder.")
    ] = None,
    prediction_video: Annotated[
        bool, typer.Option("--prediction-video", help="Also write open-loop predictions of images to RUN/videos.")
    ] = False,
) -> None:
    """Evaluate the newest sound checkpoint of every seed of a run. The policy samples, as in the reference.

    Exit code 71: episodes do not end, so there is no score.
    """
    from dreamerguard.commands.shared.agent_extra import require_agent

    require_agent()
    from dreamerguard.programs.native.run_directory import agents, load_config
    from dreamerguard_agent.checkpoints.errors import NoSoundCheckpoint
    from dreamerguard_agent.envs import EnvError
    from dreamerguard_agent.evaluate import NoCheckpoint, evaluate_checkpoint
    from dreamerguard_agent.failures import DeviceFailed, EndlessEpisodes, device_failures
    from dreamerguard_agent.runtime.device import PlatformError, configure

    try:
        config = load_config(run)
        configure(config.runtime)
        folders = {alone.seed: folder for folder, alone in agents(run, config).items()}
        watch = _watch(config, video, seed, folders, predictions=prediction_video)
        with device_failures():
            frames, played = evaluate_checkpoint(config, run, episodes, seed, note, watch)
    except NoSoundCheckpoint as error:
        fail(str(error), DAMAGED)
    except (EndlessEpisodes, DeviceFailed) as error:
        fail(str(error), ENVIRONMENT_FAILED)
    except OSError as error:
        fail(f"cannot read {error.filename}: {error.strerror}" if error.filename else str(error))
    except (ValueError, EnvError, PlatformError, NoCheckpoint) as error:
        fail(str(error))
    show_scores(
        config.task,
        frames,
        {seed: [episode.score for episode in mine] for seed, mine in played.items()},
        as_json,
        {seed: _recorded(folders[seed], mine) for seed, mine in played.items()},
    )


def _watch(
    config: RunConfig, video: Path | None, seed: int, folders: dict[int, Path], *, predictions: bool
) -> Callable[[Any, Any, Any], None] | None:
    """Returns what records videos before the evaluation, or None.

    Ends the command before anything runs if an episode cannot be recorded.
    """
    if video is None and not predictions:
        return None
    from dreamerguard_agent.prediction_video import record_predictions
    from dreamerguard_agent.video import Recorder
    from dreamerguard_agent.video_file import missing_video

    if video is not None and (missing := missing_video()):
        fail(f"--video needs {' and '.join(missing)}, not installed here: pip install 'dreamerguard[video]'")
    recorder = Recorder(config, video, seed, note, folders) if video is not None else None

    def watch(found: Any, spec: Any, params: Any) -> None:
        if recorder is not None:
            recorder(spec, params, int(found.numbers["frames"]))
        if predictions:
            record_predictions(config, found, spec, params, folders, seed, note)

    return watch


def _recorded(folder: Path, episodes: Sequence[FinishedEpisode]) -> dict[str, Any]:
    """Returns achievements and means of what the environment recorded; empty if it records nothing."""
    from dreamerguard_agent.driver import mean_logs

    facts = achievement_facts(folder, [episode.logs for episode in episodes])
    means = mean_logs(episodes)
    return facts | ({"logs": means} if means else {})


def show_scores(
    task: str,
    frames: int,
    scores: dict[int, list[float]],
    as_json: bool,
    more: Mapping[int, dict[str, Any]] | None = None,
) -> None:
    """Prints the scores of an evaluation.

    Args:
      task: the task.
      frames: environment frames of the checkpoint.
      scores: scores of the episodes by seed.
      as_json: whether to print JSON.
      more: facts of `achievement_facts` by seed, and ``logs``: means of the environment's recorded numbers.
    """
    import json
    import statistics

    means = {seed: statistics.fmean(mine) for seed, mine in scores.items()}
    more = more or {}
    if as_json:
        facts: dict[str, object] = {"task": task, "frames": frames}
        if len(scores) == 1:
            facts |= _facts(next(iter(scores.values()))) | more.get(next(iter(scores)), {})
        else:
            facts |= {"mean": statistics.fmean(means.values()), "std": statistics.stdev(means.values())}
            facts["seeds"] = {seed: _facts(mine) | more.get(seed, {}) for seed, mine in scores.items()}
        typer.echo(json.dumps(facts))
        return
    for seed, mine in scores.items():
        name = task if len(scores) == 1 else f"{task}, seed {seed},"
        head = f"{name} after {frames:,} frames: {means[seed]:.1f}"
        if len(mine) == 1:
            typer.echo(f"{head} in 1 episode")
        else:
            typer.echo(
                f"{head} +/- {_facts(mine)['std']:.1f} over {len(mine)} episodes"
                f" (lowest {min(mine):.1f}, highest {max(mine):.1f})"
            )
        for line in achievement_lines(more.get(seed, {})):
            typer.echo(line)
    if len(scores) > 1:
        mean, deviation = statistics.fmean(means.values()), statistics.stdev(means.values())
        typer.echo(f"mean of {len(scores)} seeds: {mean:.1f} +/- {deviation:.1f}")


def _facts(scores: list[float]) -> dict[str, Any]:
    import statistics

    deviation = statistics.stdev(scores) if len(scores) > 1 else 0.0
    return {"mean": statistics.fmean(scores), "std": deviation, "scores": scores}
