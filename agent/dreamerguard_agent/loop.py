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
from collections.abc import Callable
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

import jax
import numpy as np

from dreamerguard.schema import RunConfig

from . import running_episodes
from .algorithm.learner import Metrics
from .driver import Driver, FinishedEpisode
from .envs import Supervision, WaitEnded, make_agent_envs
from .evaluate import Evaluator, read_spec
from .events import AgentEpisode, Observer
from .failures import PolicyDiverged, RunFailed, environment_failures
from .numbers_watch import NumbersWatch
from .replay.buffer import ReplayBuffer
from .replay.ratio import TrainRatio
from .runtime import compiled, memory_budget
from .runtime.checkpoint import Checkpoints
from .runtime.compiled import CompiledFunctions
from .runtime.records import SeedRecords
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
      RunFailed: environments or numbers failed during the run; it was saved if its ``frames`` says so.
      ValueError: the checkpoint does not fit the configuration.
    """
    checkpoints = Checkpoints(directory / "checkpoints", config.checkpoint.keep)
    step = checkpoints.latest()
    numbers = {} if step is None else checkpoints.numbers(step)
    logs = SeedRecords(
        directory,
        range(config.seed, config.seed + config.seeds),
        numbers.get("logs", {}),
        tensorboard=config.logging.tensorboard,
        frames=numbers.get("frames", 0),
    )
    try:
        with logs:
            return Run(config, checkpoints, step, numbers, logs, observer).train(stop)
    finally:
        checkpoints.close()


class Run:
    """The state of one run. Use `train`."""

    def __init__(
        self,
        config: RunConfig,
        checkpoints: Checkpoints,
        step: int | None,
        numbers: dict[str, Any],
        logs: SeedRecords,
        observer: Observer,
    ) -> None:
        self._config, self._checkpoints, self._logs, self._observer = config, checkpoints, logs, observer
        self._seeds = range(config.seed, config.seed + config.seeds)
        self._starts = numbers.get("starts", 0) + 1
        self._vector_steps = self._vector_steps_before = numbers.get("vector_steps", 0)
        self._updates_before, self._evaluations = numbers.get("updates", 0), numbers.get("evaluations", 0)
        envs, repeat = config.run.envs, config.env.action_repeat
        self._total = -(-config.run.frames // (envs * repeat))
        if self._vector_steps >= self._total:
            return  # the run is complete; nothing to prepare
        self._spec = read_spec(config)
        observer.note(memory_budget.check_fits(config, self._spec, self._total))
        observer.phase("starting the environments")
        self._stop: Callable[[], bool] = lambda: False
        self._supervision = Supervision(lambda: self._stop(), observer.note, config.env.timeout)
        self._numbers = NumbersWatch(config, checkpoints.directory.parent, observer.note)
        self._make_driver(numbers.get("episodes", {}).get("first", (self._starts - 1) * ENVS_PER_START))
        self._batch_steps = config.replay.batch_size * config.replay.batch_length
        self._replay = ReplayBuffer(config, self._spec, self._total)
        self._ratio = TrainRatio(config.run.train_ratio, self._batch_steps)
        observer.phase("making the agent" if config.seeds == 1 else "making the agents")
        self._state = compiled.initial_state(self._spec, self._seeds)
        self._carry = compiled.initial_carry(self._spec, config.seeds, envs)
        if step is not None:
            observer.phase("reading the checkpoint")
            self._restore(step, numbers)
        self._sums: Metrics | None = None
        self._evaluator = Evaluator(config, self._spec, config.eval.episodes, self._seeds, self._supervision)
        self._evaluator.played = numbers.get("played", 0)

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

    def train(self, stop: Callable[[], bool]) -> RunResult:
        """Trains to the end of the run, or until ``stop`` returns true."""
        if self._vector_steps >= self._total:
            return RunResult(self.frames, self._updates_before, True)
        try:
            functions = self._compile()
            self._observer.phase("collecting the first experience")
            self._speed = Throughput(self.frames, self.updates)
            self._last_save = time.monotonic()
            before, self._stop = self._vector_steps, stop
            self._run_steps(functions)
            if self._vector_steps == before:
                return RunResult(self.frames, self.updates, False, saved=False)
            self._log()
            self._save()
        except PolicyDiverged as diverged:
            raise diverged.explained(self.frames) from None
        except RunFailed as failed:
            self._log()
            self._save()
            failed.frames = self.frames
            raise
        finally:
            self._driver.close()
        return RunResult(self.frames, self.updates, self._vector_steps >= self._total)

    def _run_steps(self, functions: CompiledFunctions) -> None:
        try:
            self._evaluate_if_due()  # of an earlier start that ended within its evaluation
            while self._vector_steps < self._total and not self._stop():
                self._vector_step(functions)
                self._housekeeping()
            self._numbers.check(functions.faults, self._state, self._replay.ring)
        except WaitEnded as ended:
            self._observer.note(f"{ended}; the run stops without it")

    def _make_driver(self, first: int) -> None:
        """Starts environments with numbers from ``first``. Their episodes can be stored until one of them fails."""
        self._first_env, self._episodes_whole = first, True
        self._driver = Driver(make_agent_envs(self._config, first, self._seeds, supervision=self._supervision))

    def _compile(self) -> CompiledFunctions:
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
        if time.monotonic() - self._last_save >= config.checkpoint.every:
            self._save()

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

    def _save(self) -> None:
        numbers = {
            "frames": self.frames,
            "vector_steps": self._vector_steps,
            "updates": self.updates,
            "ratio": dict(self._ratio.state()),
            "starts": self._starts,
            "evaluations": self._evaluations,
            "played": self._evaluator.played,
            "logs": self._logs.sizes(),
        }
        parts: dict[Any, Any] = {"learner": self._state}
        if self._config.checkpoint.replay:
            numbers["replay"] = self._replay.describe()
            parts["replay"] = self._replay.parts()
            self._add_episodes(parts, numbers)
        self._checkpoints.save(self._steps, parts, numbers)
        self._last_save = time.monotonic()
        self._observer.saved(self.frames)

    def _add_episodes(self, parts: dict[Any, Any], numbers: dict[str, Any]) -> None:
        """Adds the running episodes to a checkpoint, if the environments can be stored."""
        state = running_episodes.read_episodes(self._driver, self._carry) if self._episodes_whole else None
        if state is not None:
            numbers["episodes"] = {"first": self._first_env, "from": self._vector_steps_before}
            numbers["episodes"]["arrays"] = running_episodes.describe(state)
            parts["envs"] = {name: value for name, value in state.items() if value.size}

    def _restore_episodes(self, step: int, stored: dict[str, Any]) -> None:
        """Continues the episodes of a checkpoint, or starts new ones and says why."""
        try:
            like = running_episodes.like(stored["arrays"])
            read = self._checkpoints.arrays(step, "envs", like, host=True)
            state = running_episodes.complete(read, stored["arrays"])
            self._carry = running_episodes.write_episodes(self._driver, self._carry, state)
            self._vector_steps_before = stored["from"]
        except ValueError as error:
            self._observer.note(f"the running episodes cannot be continued, new ones start: {error}")
            self._driver.close()
            self._make_driver((self._starts - 1) * ENVS_PER_START)

    def _restore(self, step: int, numbers: dict[str, Any]) -> None:
        self._state = self._checkpoints.arrays(step, "learner", self._state)
        if "replay" not in numbers:
            return  # the replay is collected again and the ratio counts from there: no burst of overdue updates
        parts = self._checkpoints.arrays(step, "replay", self._replay.like(numbers["replay"]), host=True)
        self._replay.load(parts, numbers["replay"])
        self._ratio = TrainRatio.from_state(self._config.run.train_ratio, self._batch_steps, numbers["ratio"])
        self._updates_before = numbers["updates"] - self._ratio.done
        if "episodes" in numbers:
            self._restore_episodes(step, numbers["episodes"])
