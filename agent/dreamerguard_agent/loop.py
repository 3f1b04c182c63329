"""The training loop: one thread, exact train ratio, reproducible results.

    obs     = driver.observe()                    # the reward of the previous action included
    actions = choose_actions(state.params, obs)   # queued behind the last updates
    replay.insert(obs, actions)                   # this vector step's records
    state   = replay.train(state, due)            # queued: all updates that are due; state and ring are donated
    driver.step(actions)                          # waits only for the actions: environments step while updates run

One thread queues the compiled functions and the device runs them in that order, so two runs with one seed on one
machine agree bit for bit. The policy acts on newer parameters than in danijar/dreamerv3, where they are up
to two vector steps old (``embodied/jax/agent.py``), and all E records of a vector step are stored before its updates
run (there: one record, its updates, the next record).

Several agents train in lockstep, with the same compiled functions and an axis N in front (see `runtime.compiled`). They
share only counters and threads.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

import jax
import numpy as np

from dreamerguard.schema import RunConfig

from . import running_episodes
from .algorithm.learner import Metrics
from .checkpoints import names
from .checkpoints.checkpoint import Checkpoint
from .checkpoints.errors import NotSaved
from .checkpoints.folder import Checkpoints
from .checkpoints.save_job import Content
from .checkpoints.saver import BackgroundSaver
from .driver import Driver, FinishedEpisode
from .envs import Supervision, WaitEnded, make_agent_envs
from .evaluate import Evaluator, read_spec
from .events import AgentEpisode, Observer
from .failures import PolicyDiverged, RunFailed, environment_failures
from .numbers_watch import NumbersWatch
from .replay.buffer import create_replay
from .replay.ratio import TrainRatio
from .runtime import compiled, memory_budget
from .runtime.compiled import CompiledFunctions
from .runtime.records import RunDirectoryLost, SeedRecords
from .runtime.throughput import Throughput, achieved_ratio

#: The n-th start of a run numbers its environments from (n - 1) times this, so that no start repeats resets.
ENVS_PER_START = 10_000


@dataclass(frozen=True, slots=True)
class RunResult:
    """The result of a run.

    Attributes:
      frames: environment frames of each agent.
      updates: gradient updates of each agent.
      finished: whether the run reached its length; if not, it was stopped and can be resumed.
      saved: whether a checkpoint was written at the end; not if the run was stopped before its first step.
    """

    frames: int
    updates: int
    finished: bool
    saved: bool = True


def train(config: RunConfig, directory: Path, observer: Observer, stop: Callable[[], bool]) -> RunResult:
    """Trains ``config.seeds`` agents, from their last checkpoint if ``directory`` has one.

    Args:
      config: the run.
      directory: existing folder for logs and checkpoints.
      observer: receives the events of the run.
      stop: called after every vector step; when it returns true, the run writes a checkpoint and ends.

    Raises:
      EnvError: the environment cannot be made.
      DoesNotFit: the run needs more memory than is available.
      NoSoundCheckpoint: there are checkpoints, but none can be used.
      OtherFormat: another version wrote the checkpoint.
      DoesNotMatch: the checkpoint does not fit the configuration.
      UnusableLogs: the logs cannot be continued, for example because there are rows but no checkpoint.
      NotSaved: no checkpoint could be saved for too long.
      RunDirectoryLost: ``directory`` was removed or replaced; its ``saved`` is a directory with the whole run.
      RunFailed: environments or numbers failed during the run; it was saved if its ``frames`` says so.
    """
    checkpoints = Checkpoints(directory / "checkpoints", config.checkpoint.keep)
    if checkpoints.latest is not None:
        observer.phase("checking the checkpoint")
    found = checkpoints.open_newest(observer.note, config.env.action_repeat)
    numbers = found.numbers if found else {}
    with closing(Run(config, checkpoints, found, observer)) as run:
        logs = SeedRecords(
            directory,
            range(config.seed, config.seed + config.seeds),
            numbers.get("logs", {}),
            tensorboard=config.logging.tensorboard,
            frames=numbers.get("frames", 0),
            say=observer.note,
        )
        with logs:
            return run.train(logs, stop)


class Run:
    """The state of one run. Use `train`."""

    def __init__(
        self, config: RunConfig, checkpoints: Checkpoints, found: Checkpoint | None, observer: Observer
    ) -> None:
        self._config, self._checkpoints, self._observer = config, checkpoints, observer
        self._seeds = range(config.seed, config.seed + config.seeds)
        numbers = found.numbers if found else {}
        self._starts = numbers.get("starts", 0) + 1
        self._vector_steps = self._vector_steps_before = numbers.get("vector_steps", 0)
        self._updates_before = numbers.get("updates", 0)
        envs, repeat = config.run.envs, config.env.action_repeat
        self._evaluations = self._evaluations_of(numbers)
        self._total = -(-config.run.frames // (envs * repeat))
        self._stack = ExitStack()
        if self._vector_steps >= self._total:
            return  # the run is complete; nothing to prepare
        self._spec = read_spec(config)
        observer.note(memory_budget.check_fits(config, self._spec, self._total))
        observer.phase("starting the environments")
        self._stop: Callable[[], bool] = lambda: False
        self._supervision = Supervision(lambda: self._stop(), observer.note, config.env.timeout)
        self._numbers = NumbersWatch(config, checkpoints.directory.parent, observer.note)
        episodes: Any = numbers.get("episodes", {})
        self._make_driver(episodes.get("first", self._own_first_env))
        self._stack.callback(lambda: self._driver.close())
        with ExitStack() as failing:
            failing.enter_context(self._stack)
            self._prepare(found)
            failing.pop_all()

    def _prepare(self, found: Checkpoint | None) -> None:
        """Makes agent and replay, or reads them from a checkpoint."""
        config = self._config
        self._batch_steps = config.replay.batch_size * config.replay.batch_length
        self._replay = create_replay(config, self._spec, self._total)
        self._ratio = TrainRatio(config.run.train_ratio, self._batch_steps)
        self._observer.phase("making the agent" if config.seeds == 1 else "making the agents")
        self._state = compiled.initial_state(self._spec, self._seeds)
        self._carry = compiled.initial_carry(self._spec, config.seeds, config.run.envs)
        if found is not None:
            self._observer.phase("reading the checkpoint")
            self._restore(found)
        self._sums: Metrics | None = None
        self._evaluator = Evaluator(config, self._spec, config.eval.episodes, self._seeds, self._supervision)
        self._evaluator.played = found.numbers.get("played", 0) if found is not None else 0

    def _evaluations_of(self, numbers: Mapping[str, Any]) -> int:
        """Returns the evaluations before a checkpoint: as stored, or by frames where `eval.every` has changed since."""
        every = self._config.eval.every
        if numbers.get("eval_every") == every:
            return int(numbers.get("evaluations", 0))
        return self.frames // every if every else 0

    def close(self) -> None:
        """Closes the environments and ends a save in flight."""
        self._stack.close()

    @property
    def frames(self) -> int:
        """Environment frames of each agent. Records that start an episode count, as in the reference's logs."""
        return self._steps * self._config.env.action_repeat

    @property
    def updates(self) -> int:
        """Gradient updates of each agent."""
        return self._updates_before + self._ratio.done

    @property
    def _steps(self) -> int:
        return self._vector_steps * self._config.run.envs

    def train(self, logs: SeedRecords, stop: Callable[[], bool]) -> RunResult:
        """Trains to the end of the run, or until ``stop`` returns true."""
        self._logs = logs
        if self._vector_steps >= self._total:
            return RunResult(self.frames, self._updates_before, True)
        functions = self._compile()
        self._observer.phase("collecting the first experience")
        self._speed = Throughput(self.frames, self.updates)
        self._saver = self._make_saver()
        self._stack.callback(self._saver.abandon)
        before, self._stop = self._vector_steps, stop
        try:
            self._run_steps(functions, stop)
            if self._vector_steps == before:
                return RunResult(self.frames, self.updates, False, saved=False)
            self._save_end(stop)
        except PolicyDiverged as diverged:
            raise diverged.explained(self.frames) from None
        except RunFailed as failed:
            self._save_failed(failed)
            raise
        except RunDirectoryLost as lost:
            self._rescue(lost)
            raise
        return RunResult(self.frames, self.updates, self._vector_steps >= self._total)

    def _run_steps(self, functions: CompiledFunctions, stop: Callable[[], bool]) -> None:
        try:
            self._evaluate_if_due()  # of an earlier start that ended within its evaluation
            while self._vector_steps < self._total and not stop():
                self._vector_step(functions)
                with self._named_by_directory():
                    self._housekeeping()
                self._logs.check()
            self._numbers.check(functions.faults, self._state, self._replay.ring)
        except WaitEnded as ended:
            self._observer.note(f"{ended}; the run stops without it")

    @contextmanager
    def _named_by_directory(self) -> Iterator[None]:
        """Reports a save that failed because the run directory is lost as that."""
        try:
            yield
        except NotSaved:
            self._logs.check(everything=True)
            raise

    def _save_end(self, stop: Callable[[], bool]) -> None:
        with self._named_by_directory():
            self._log()
            self._saver.finish(self._steps, self._content, stop)
            self._logs.check()

    def _save_failed(self, failed: RunFailed) -> None:
        """Saves a run that cannot go on.

        Raises:
          RunDirectoryLost: the directory is lost, too; the run was saved elsewhere.
        """
        try:
            self._save_end(lambda: True)
            failed.frames = self.frames
        except NotSaved as error:
            self._observer.note(str(error))
        except RunDirectoryLost as lost:
            self._rescue(lost)
            raise

    def _make_saver(self) -> BackgroundSaver:
        section = self._config.checkpoint
        return BackgroundSaver(
            self._checkpoints,
            every=section.every,
            max_unsaved=section.max_unsaved,
            say=self._observer.note,
            saved=self._observer.saved,
        )

    @property
    def _own_first_env(self) -> int:
        """Number of the first environment of this start."""
        return (self._starts - 1) * ENVS_PER_START

    def _make_driver(self, first: int) -> None:
        """Starts environments with numbers from ``first``. Their episodes can be stored until one of them fails."""
        self._first_env, self._episodes_whole = first, True
        self._driver = Driver(make_agent_envs(self._config, first, self._seeds, supervision=self._supervision))

    def _compile(self) -> CompiledFunctions:
        if self._config.checkpoint.replay:
            self._replay.compile_copies()
        due = self._ratio.updates_per_step * self._config.run.envs
        return CompiledFunctions(
            self._spec,
            self._seeds,
            self._state,
            self._replay.ring,
            self._observe(),
            batch=self._config.replay.batch_size,
            length=self._config.replay.batch_length,
            most=int(due),
            notify=self._observer.phase,
        )

    def _observe(self) -> dict[str, jax.Array]:
        obs: dict[str, jax.Array] = jax.device_put(compiled.by_agent(self._driver.observe(), len(self._seeds)))
        return obs

    def _vector_step(self, functions: CompiledFunctions) -> None:
        replay, obs, faults, carry = self._replay, self._observe(), functions.faults, self._carry
        self._carry, action, latents = functions.choose_actions(
            self._state.params, self._carry, obs, self._vector_steps
        )
        replay.insert(functions.insert_records, obs, action, latents)
        self._vector_steps += 1
        due = self._ratio.due(self._steps) if replay.ready else 0
        if due:
            self._state, self._sums = replay.train(functions.run_updates, self._state, due, self._sums)
        actions = compiled.by_env(jax.device_get(action), len(self._seeds))
        for episode in self._step_environments(actions, obs, carry):
            self._record(self._of_agent(episode))
        self._numbers.check(faults, self._state, replay.ring)  # these updates ran before the actions: no wait

    def _step_environments(self, actions: dict[str, Any], obs: Any, carry: Any) -> list[FinishedEpisode]:
        self._episodes_whole, whole = False, self._episodes_whole
        try:
            with environment_failures():
                episodes = self._driver.step(actions)
        except PolicyDiverged as diverged:
            diverged.kept = self._numbers.keep_action(self._state.params, carry, obs)
            raise
        self._episodes_whole = whole
        return episodes

    def _of_agent(self, episode: FinishedEpisode) -> AgentEpisode:
        """Renumbers an episode as in a separate run of its agent; ``step`` counts over all starts of the run."""
        envs = self._config.run.envs
        agent, env = divmod(episode.env, envs)
        steps = (episode.step - 1 - episode.env) // len(self._seeds)
        step = self._vector_steps_before * envs + steps + env + 1
        return AgentEpisode(env, episode.score, episode.length, step, self._seeds[agent])

    def _record(self, episode: AgentEpisode) -> None:
        frames = episode.step * self._config.env.action_repeat
        row = {"frames": frames, "step": episode.step, "env": episode.env, "score": episode.score}
        row |= {"length": episode.length, "updates": self.updates, "time": round(time.time(), 3)}
        self._logs.write(episode.seed, "scores", row)
        self._observer.episode(frames, episode)

    def _housekeeping(self) -> None:
        config = self._config
        if self._speed.since_last() >= config.logging.every:
            self._log()
        self._evaluate_if_due()
        self._saver.advance()
        if self._saver.due:
            self._saver.begin(self._content())

    def _log(self) -> None:
        row: dict[str, float] = {"frames": self.frames, "step": self._steps, "updates": self.updates}
        first = self._ratio.state()["first"]
        row["train_ratio/configured"] = self._config.run.train_ratio
        row["train_ratio/achieved"] = achieved_ratio(self._ratio.done, self._batch_steps, self._steps, first)
        row |= self._speed.read(
            self.frames, self.updates, self._total * self._config.run.envs * self._config.env.action_repeat
        )
        means = self._means()
        for number, seed in enumerate(self._seeds):
            self._logs.write(seed, "metrics", row | {name: float(value[number]) for name, value in means.items()})
        self._observer.metrics(row | {name: float(value.mean()) for name, value in means.items()})

    def _means(self) -> dict[str, np.ndarray[Any, Any]]:
        """Mean metrics since the last row, [N] each; empty without an update."""
        if self._sums is None:
            return {}
        sums = {name: np.atleast_1d(value).astype(np.float64) for name, value in jax.device_get(self._sums).items()}
        self._sums, count = None, sums.pop("count")
        return {name: value / count for name, value in sums.items()}

    def _evaluate_if_due(self) -> None:
        every = self._config.eval.every
        if every and self.frames // every > self._evaluations:
            with environment_failures():
                episodes = self._evaluator.play(self._state.params)
            self._evaluations = self.frames // every
            self._record_evaluation(episodes)

    def _record_evaluation(self, episodes: list[list[FinishedEpisode]]) -> None:
        played = [[episode.score for episode in mine] for mine in episodes]
        for seed, scores in zip(self._seeds, played, strict=True):
            row = {"frames": self.frames, "updates": self.updates, "score": float(np.mean(scores)), "scores": scores}
            self._logs.write(seed, "eval", row)
        self._observer.evaluated(self.frames, list(chain(*played)))

    def _content(self) -> Content:
        """Returns what a checkpoint holds, as it is now. Learner and counters are copied here, the replay later."""
        self._logs.check(everything=True)
        self._logs.sync()
        numbers = {
            "frames": self.frames,
            "vector_steps": self._vector_steps,
            "updates": self.updates,
            "ratio": dict(self._ratio.state()),
            "starts": self._starts,
            "evaluations": self._evaluations,
            "eval_every": self._config.eval.every,
            "played": self._evaluator.played,
            "logs": self._logs.sizes(),
        }
        parts = {"learner": names.flatten(jax.device_get(self._state))}
        copy = None
        if self._config.checkpoint.replay:
            parts["sampler"] = self._replay.sampler_arrays()
            self._add_episodes(parts, numbers)
            copy = self._replay.copy(self._checkpoints.shared())
        return Content(self._steps, self.frames, numbers, parts, copy)

    def _add_episodes(self, parts: dict[str, Any], numbers: dict[str, Any]) -> None:
        """Adds the running episodes to a checkpoint, if the environments can be stored."""
        state = running_episodes.read_episodes(self._driver, self._carry) if self._episodes_whole else None
        if state is not None:
            numbers["episodes"] = {"first": self._first_env, "from": self._vector_steps_before}
            parts["envs"] = state

    def _rescue(self, lost: RunDirectoryLost) -> None:
        """Saves the run in a new directory, from memory and the open logs."""
        lost.frames = self.frames
        try:
            self._saver.abandon()
            target = self._logs.rescue()
            self._checkpoints = Checkpoints(target / "checkpoints", self._config.checkpoint.keep)
            self._make_saver().finish(self._steps, self._content, lambda: True)
        except Exception as error:  # whatever the disk or a library says, the caller has to know
            lost.reason = str(error).partition("\n")[0]
        else:
            lost.saved = target

    def _restore(self, found: Checkpoint) -> None:
        self._state = jax.device_put(found.restore("learner", self._state))
        if not found.tables:
            return  # the replay is collected again and the ratio counts from there: no burst of overdue updates
        self._replay.load(found)
        ratio: Any = found.numbers["ratio"]
        self._ratio = TrainRatio.from_state(self._config.run.train_ratio, self._batch_steps, ratio)
        self._updates_before = found.numbers["updates"] - self._ratio.done
        if "episodes" in found.numbers:
            self._restore_episodes(found)

    def _restore_episodes(self, found: Checkpoint) -> None:
        """Continues the episodes of a checkpoint, or starts new ones and says why."""
        try:
            self._carry = running_episodes.write_episodes(self._driver, self._carry, found.part("envs"))
            self._vector_steps_before = found.numbers["episodes"]["from"]
        except ValueError as error:
            self._observer.note(f"the running episodes cannot be continued, new ones start: {error}")
            self._driver.close()
            self._make_driver(self._own_first_env)
