"""The training loop: one thread, exact train ratio, reproducible results.

    obs     = episodes.observe()                    # the reward of the previous action included
    actions = choose_actions(learner.params, obs)   # queued behind the last updates
    replay.insert(obs, actions)                     # this vector step's records
    learner = replay.train(learner, due)            # queued: all updates that are due; learner and ring are donated
    episodes.step(actions)                          # waits only for the actions: environments step while updates run

One thread queues the compiled functions and the device runs them in that order, so two runs with one seed on one
machine agree bit for bit. The policy acts on newer parameters than in danijar/dreamerv3, where they are up
to two vector steps old (``embodied/jax/agent.py``), and all E records of a vector step are stored before its updates
run (there: one record, its updates, the next record).

Several agents train in lockstep, with the same compiled functions and an axis N in front (see `runtime.compiled`). They
share only counters and threads.

Several processes train one run in lockstep too (see `lockstep`): each with its environments and their replay, and with
its part of every batch. Process 0 writes all files.

`run_state` holds everything that changes and its place in a checkpoint; `run_saver` saves it; `journal` writes logs.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack, closing, nullcontext
from dataclasses import replace
from pathlib import Path

import jax

from dreamerguard.schema import RunConfig

from .background_evaluation import BackgroundEvaluation, Snapshot
from .background_predictions import BackgroundPredictions
from .base.share import WHOLE
from .checkpoints.checkpoint import Checkpoint
from .checkpoints.folder import Checkpoints
from .counters import Counters
from .envs import Supervision, WaitEnded
from .evaluate import Evaluator, read_spec
from .events import Observer
from .failures import EndlessEpisodes, PolicyDiverged, RunFailed, device_failures, environment_failures
from .numbers_watch import NumbersWatch
from .pretrained import Pretrained
from .processes.group import ProcessGroup
from .replay.buffer import create_replay
from .roles import Files, choose_roles, name_checkpoint, named_checkpoint
from .run_result import RunResult
from .run_state import RunState
from .running_episodes import RunningEpisodes
from .runtime import compiled
from .runtime.compiled import CompiledFunctions
from .runtime.device import batch_devices
from .runtime.precision import run_dtype
from .runtime.records import RunDirectoryLost, SeedRecords
from .runtime.storage_choice import choose_storage
from .runtime.updates import update_sizes


def train(
    config: RunConfig,
    directory: Path,
    observer: Observer,
    stop: Callable[[], bool],
    pretrained: Pretrained | None = None,
    group: ProcessGroup | None = None,
) -> RunResult:
    """Trains ``config.seeds`` agents, from their last checkpoint if ``directory`` has one.

    Args:
      config: the run.
      directory: existing folder for logs and checkpoints.
      observer: receives the events of the run.
      stop: called after every vector step; when it returns true, the run writes a checkpoint and ends.
      pretrained: parameters to start from; not used if ``directory`` has a checkpoint.
      group: the processes that train the run together; None: this one alone. Only process 0 writes in ``directory``.

    Raises:
      ProcessLost: another process has ended.
      OutOfStep: the processes have learned different things.
      EnvError: the environment cannot be made.
      DoesNotFit: the run needs more memory than is available.
      NoSoundCheckpoint: there are checkpoints, but none can be used.
      OtherFormat: another version wrote the checkpoint.
      DoesNotMatch: the checkpoint or ``pretrained`` does not fit the configuration.
      UnusableLogs: the logs cannot be continued, for example because there are rows but no checkpoint.
      NotSaved: no checkpoint could be saved for too long.
      RunDirectoryLost: ``directory`` was removed or replaced; its ``saved`` is a directory with the whole run.
      RunFailed: environments, numbers or the device failed during the run; it was saved if its ``frames`` says so.
    """
    lost = group.failures() if group is not None else nullcontext()
    if group is not None and not group.share.leads:
        with device_failures(), lost:
            found = named_checkpoint(directory / "checkpoints", group)
            with closing(Run(config, directory, found, observer, pretrained, group)) as run:
                return run.train(None, stop)
    checkpoints = Checkpoints(directory / "checkpoints", config.checkpoint.keep)
    if checkpoints.latest is not None:
        observer.phase("checking the checkpoint")
    found = checkpoints.open_newest(observer.note, config.env.action_repeat)
    if group is not None:
        name_checkpoint(found, group)
    numbers = found.numbers if found else {}
    with device_failures(), lost, closing(Run(config, directory, found, observer, pretrained, group)) as run:
        logs = SeedRecords(
            directory,
            range(config.seed, config.seed + config.seeds),
            numbers.get("logs", {}),
            tensorboard=config.logging.tensorboard,
            frames=numbers.get("frames", 0),
            evaluating=numbers.get("evaluating", {}).get("frames"),
            ahead=config.run.envs * config.env.action_repeat,
            say=observer.note,
        )
        with logs:
            return run.train(Files(checkpoints, logs), stop)


class Run:
    """One start of a run. Use `train`.

    Attributes:
      counters: steps, updates and evaluations.
      state: everything else that changes; not set if the run is complete.
    """

    state: RunState

    def __init__(
        self,
        config: RunConfig,
        directory: Path,
        found: Checkpoint | None,
        observer: Observer,
        pretrained: Pretrained | None = None,
        group: ProcessGroup | None = None,
    ) -> None:
        self._config, self._directory, self._observer, self._group = config, directory, observer, group
        self._share = WHOLE if group is None else group.share
        self.counters = Counters(config, found.numbers if found else {})
        self._stop: Callable[[], bool] = lambda: False
        self._evaluates = self._share.leads
        self._stack = ExitStack()
        if self.counters.finished:
            return  # the run is complete; nothing to prepare
        self._numbers = NumbersWatch(config, directory, observer.note, keeps=self._share.leads)
        with ExitStack() as failing:
            failing.enter_context(self._stack)
            self.state = self._make_state(found, pretrained)
            failing.pop_all()

    def _make_state(self, found: Checkpoint | None, pretrained: Pretrained | None) -> RunState:
        """Starts the environments and makes agent and replay, or reads them from a checkpoint."""
        config, counters, observer, share = self._config, self.counters, self._observer, self._share
        own = share.config(config)
        seeds = range(config.seed, config.seed + config.seeds)
        spec = read_spec(config, observer.note)
        spec = replace(spec, dtype=run_dtype(config, found.numbers if found else None, observer.note))
        chosen = choose_storage(own, spec, counters.total, self._directory)
        observer.note(chosen.text)
        observer.phase("starting the environments")
        supervision = Supervision(lambda: self._stop(), observer.note, config.env.timeout)
        episodes = RunningEpisodes(own, spec, counters, found, supervision, share)
        self._stack.callback(episodes.close)
        single = config.runtime.devices * share.processes > 1 or jax.default_backend() == "cpu"
        sizes = update_sizes(self._most_updates(), single=single)
        replay = create_replay(own, spec, counters.total, chosen.storage, chosen.folder, sizes, share)
        self._stack.callback(replay.close)
        observer.phase("making the agent" if config.seeds == 1 else "making the agents")
        learner = compiled.initial_state(spec, seeds)
        if pretrained is not None and found is None:
            learner, line = pretrained.applied(learner, config.seeds)
            observer.note(line)
        evaluation = BackgroundEvaluation(
            lambda supervision: Evaluator(config, spec, config.eval.episodes, seeds, supervision),
            supervision,
            background=config.eval.background,
        )
        self._stack.callback(evaluation.close)
        self._predictions = BackgroundPredictions(config, spec, self._directory, counters.total_frames, supervision)
        self._stack.callback(self._predictions.close)
        state = RunState(config, spec, counters, learner, replay, episodes, evaluation, share)
        if found is not None:
            observer.phase("reading the checkpoint")
            state.restore(found, observer.note)
        return state

    def close(self) -> None:
        """Closes the environments and ends a save in flight."""
        self._stack.close()

    def train(self, files: Files | None, stop: Callable[[], bool]) -> RunResult:
        """Trains to the end of the run, or until ``stop`` returns true. ``files``: those that this process writes."""
        if self.counters.finished:
            return self._result(trained=False)
        functions = self._compile()
        self._observer.phase("collecting the first experience")
        self._journal, saver, self._lockstep = choose_roles(
            self._config, self.state, files, self._observer, self._group
        )
        self._saver = saver
        self._stack.callback(saver.abandon)
        before, self._stop = self.counters.vector_steps, stop
        try:
            self._run_steps(functions, stop)
            if self.counters.vector_steps == before:
                return self._result(saved=False)
            self._journal.metrics()
            saver.finish(stop)
        except PolicyDiverged as diverged:
            raise diverged.explained(self.counters.frames) from None
        except RunFailed as failed:
            self._journal.metrics()
            saver.finish_failed(failed)
            raise
        except RunDirectoryLost as lost:
            saver.rescue(lost)
            raise
        saver.end()
        return self._result()

    def _result(self, *, saved: bool = True, trained: bool = True) -> RunResult:
        return RunResult(self.counters.frames, self.counters.updates, self.counters.finished, saved, trained)

    def _compile(self) -> CompiledFunctions:
        state, config = self.state, self._config
        if config.checkpoint.replay:
            state.replay.compile_copies()
        return CompiledFunctions(
            state.spec,
            range(config.seed, config.seed + config.seeds),
            state.learner,
            state.replay.storage.ring_of,
            state.episodes.observe(),
            inserts=state.replay.storage.inserts,
            batch=state.replay.batch,
            length=config.replay.batch_length,
            most=self._most_updates(),
            notify=self._observer.phase,
            devices=batch_devices(config.runtime),
            share=self._share,
        )

    def _most_updates(self) -> int:
        """Returns the maximum updates due at one vector step."""
        return int(self.counters.ratio.updates_per_step * self._config.run.envs)

    def _run_steps(self, functions: CompiledFunctions, stop: Callable[[], bool]) -> None:
        try:
            self._resume_evaluation()
            self._evaluate()  # if an earlier start was stopped before it could begin the one that was due
            while not self._lockstep.ended(lambda: self.counters.finished or stop()):
                self._vector_step(functions)
                if self._journal.due:
                    self._journal.metrics()
                self._evaluate()
                self._saver.advance()
            self._numbers.check(functions.faults, self.state.learner, self.state.replay.windows)
        except WaitEnded as ended:
            self._observer.note(f"{ended}; the run stops without it")
            self._lockstep.leave_loop()
        except RunFailed as failed:
            self._lockstep.leave_loop(failed)
            raise
        self._end_evaluation()

    def _vector_step(self, functions: CompiledFunctions) -> None:
        state, counters, journal = self.state, self.counters, self._journal
        episodes, replay, faults = state.episodes, state.replay, functions.faults
        obs, carry = episodes.observe(), episodes.carry
        episodes.carry, action, latents = functions.choose_actions(
            state.learner.params, carry, obs, counters.vector_steps
        )
        replay.insert(functions.insert_records, obs, action, latents)
        counters.vector_steps += 1
        due = counters.ratio.due(counters.steps) if replay.ready else 0
        if due:
            state.learner, journal.sums = replay.train(functions.run_updates, state.learner, due, journal.sums)
        try:
            ended = episodes.step(action)
        except PolicyDiverged as diverged:
            diverged.kept = self._numbers.keep_action(state.learner.params, carry, obs)
            raise
        for episode in ended:
            journal.episode(episode)
        self._numbers.check(faults, state.learner, replay.windows)  # these updates ran before the actions: no wait

    def _resume_evaluation(self) -> None:
        """Begins the evaluation of an earlier start that ended within it, if there is one."""
        state = self.state
        if not self._evaluates:
            state.evaluation.forget()
        if state.evaluation.pending is not None:
            self._predictions.begin(state.evaluation.pending, state.replay)
        state.evaluation.resume()

    def _evaluate(self) -> None:
        """Writes the evaluation that has ended, and begins the one that is due."""
        self._predictions.pass_notes()
        counters, evaluation = self.counters, self.state.evaluation
        due = counters.evaluation_due
        self._take_evaluation(wait=due)
        if due:
            if self._evaluates:
                snapshot = Snapshot.of(counters.frames, counters.updates, self.state.learner.params)
                evaluation.begin(snapshot)
                self._predictions.begin(snapshot, self.state.replay)
            counters.evaluated()
            self._take_evaluation(wait=not self._config.eval.background)

    def _end_evaluation(self) -> None:
        """Waits for the evaluation that is being played; if the run is to stop, it is left to the resumed run."""
        pending = self.state.evaluation.pending
        try:
            self._take_evaluation(wait=True)
        except WaitEnded:
            after = "the run is complete" if self.counters.finished else "the resumed run plays it again"
            self._observer.note(f"the evaluation at {pending.frames if pending else 0:,} frames was ended; {after}")

    def _take_evaluation(self, *, wait: bool) -> None:
        try:
            with environment_failures():
                played = self.state.evaluation.take(wait=wait)
        except EndlessEpisodes as endless:
            self._observer.note(f"evaluation: {endless}. No further evaluation is played")
            self.state.evaluation.forget()
            self._evaluates = False
            return
        if played is not None:
            self._journal.evaluation(played.snapshot.frames, played.snapshot.updates, played.episodes)
