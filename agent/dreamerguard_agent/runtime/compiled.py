"""The compiled functions of a run: acting, storing, updating. Compiled ahead of time; nothing compiles later.

Random keys are folded from an agent's seed, a stream number and a counter: a resumed run needs integers only, and the
randomness of acting does not depend on how many updates happened in between.

A run has one or several agents, with a seed each. The functions of one agent have no axis for agents; those of N agents
are the same functions under `jax.vmap`, and everything that belongs to an agent gets a leading axis N: learner, replay,
carry, observations, actions, windows and metrics. Counters are shared, since all agents step and train in lockstep.
Seeds are arguments, so one compiled function serves all seeds.

Every transfer to the device is an explicit `jax.device_put`, so everything here runs under
``jax.transfer_guard("disallow")``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ..algorithm import actor, learner
from ..algorithm.actor import Carry
from ..algorithm.learner import Metrics, TrainState
from ..base.share import WHOLE, Share
from ..base.spec import AgentSpec
from ..model.noise import draw_act_noise
from ..replay import ring as replay_ring
from ..replay.ring import Ring, StoredLatents
from . import program_store
from .device import compile_program
from .faults import fault_terms, no_faults
from .seed_devices import ONE_DEVICE, SeedDevices
from .split_updates import BatchShape, SplitUpdates
from .updates import ACT, INIT, scan_packed, scan_updates, seed_key, update_sizes

Notify = Callable[[str], None]
#: Axes of the arguments of `act_for_agents`.
ACTING = (0, 0, 0, 0, None)
#: What is said before an update is compiled.
_LONGEST = "compiling the update, the longest part"


def place_seeds(seeds: Sequence[int]) -> jax.Array:
    """Puts seeds on the device: uint32 [] of one agent, [N] of several."""
    placed: jax.Array = jax.device_put(np.uint32(seeds[0]) if len(seeds) == 1 else np.asarray(seeds, np.uint32))
    return placed


def for_agents(function: Callable[..., Any], agents: int, axes: tuple[int | None, ...]) -> Callable[..., Any]:
    """Extends a function of one agent to ``agents`` agents.

    Args:
      function: of one agent.
      agents: N; with one, ``function`` stays as it is.
      axes: of every argument, 0 where each agent has a separate one and None where the agents share it.
    """
    return function if agents == 1 else jax.vmap(function, in_axes=axes)


def initial_state(spec: AgentSpec, seeds: Sequence[int]) -> TrainState:
    """Creates new agents, one per seed."""

    def init(seed: jax.Array) -> TrainState:
        return learner.init_train_state(spec, seed_key(seed, INIT))

    state: TrainState = jax.jit(for_agents(init, len(seeds), (0,)))(place_seeds(seeds))
    return state


def initial_carry(spec: AgentSpec, agents: int, envs: int) -> Carry:
    """Returns the carry of every agent before its first step: zeros."""
    one = jax.eval_shape(lambda: actor.initial_carry(spec, envs))
    axes = () if agents == 1 else (agents,)
    carry: Carry = jax.device_put(jax.tree.map(lambda x: np.zeros((*axes, *x.shape), x.dtype), one))
    return carry


def by_agent(values: Mapping[str, Any], agents: int) -> dict[str, Any]:
    """Splits values of all environments [N E, ...] by agent: [N, E, ...]; with one agent they stay [E, ...]."""
    if agents == 1:
        return dict(values)
    return {key: value.reshape(agents, -1, *value.shape[1:]) for key, value in values.items()}


def by_env(values: Mapping[str, Any], agents: int) -> dict[str, Any]:
    """Joins values by agent to values of all environments: the inverse of `by_agent`."""
    if agents == 1:
        return dict(values)
    return {key: value.reshape(-1, *value.shape[2:]) for key, value in values.items()}


def act_with_seed(
    spec: AgentSpec,
    seed: Any,
    params: Any,
    carry: Carry,
    obs: Mapping[str, Any],
    count: Any,
    share: Share = WHOLE,
) -> tuple[Carry, dict[str, jax.Array], StoredLatents]:
    """Draws the noise of acting step ``count`` from the seed and calls `actor.act` for one agent, actions [E, ...].

    The noise is drawn for the environments of all processes, so that they act as one process would.
    """
    key = jax.random.fold_in(seed_key(seed, ACT), count)
    noise = share.part(draw_act_noise(spec, key, obs["is_first"].shape[0] * share.processes))
    carry, action, latent = actor.act(spec, params, carry, obs, noise)
    return carry, action, StoredLatents(latent.deter, latent.stoch)


def act_for_agents(spec: AgentSpec, agents: int, share: Share = WHOLE) -> Callable[..., Any]:
    """Returns `act_with_seed` for ``agents`` agents: of seeds, parameters, carry, observations and count."""
    return for_agents(partial(act_with_seed, spec, share=share), agents, ACTING)


class CompiledFunctions:
    """The functions of one run, compiled for its shapes.

    Args:
      spec: the agent.
      seeds: seeds of the agents.
      state: learner state; only its shapes are used.
      ring: the ring that K updates get, by K; only its shapes are used.
      inserts: whether records are inserted by a compiled function; if not, updates get packed rings.
      obs: one observation of all environments, on the device; only its shapes are used.
      batch: B, windows of an update that this process gives; length: T.
      most: maximum updates due at one vector step.
      notify: called with a message before every compilation.
      devices: devices over which every batch is split, of one agent and of all processes; at most one: the update runs
        on the first device.
      share: this process.
      seed_devices: devices over which several agents are spread.

    Attributes:
      faults: updates of `run_updates` that were skipped so far, on the device.
    """

    def __init__(
        self,
        spec: AgentSpec,
        seeds: Sequence[int],
        state: TrainState,
        ring: Callable[[int], Ring],
        obs: Mapping[str, Any],
        *,
        inserts: bool,
        batch: int,
        length: int,
        most: int,
        notify: Notify,
        devices: Sequence[jax.Device] = (),
        share: Share = WHOLE,
        seed_devices: SeedDevices = ONE_DEVICE,
    ) -> None:
        self._notify, agents, self._devices = notify, len(seeds), seed_devices
        self._seeds = seed_devices.place(place_seeds(seeds))
        carry = initial_carry(spec, agents, obs["is_first"].shape[-1])
        chosen = act_for_agents(spec, agents, share)
        arguments = self._seeds, state.params, carry, obs, np.uint32(0)
        notify("compiling the policy")
        self._act = compile_program(seed_devices.jit(chosen, ACTING).lower(*arguments))
        _, action, latents = jax.eval_shape(chosen, *arguments)
        if inserts:
            notify("compiling the replay")
            axes = (0, 0, 0, 0, None)
            insert = seed_devices.jit(for_agents(replay_ring.insert, agents, axes), axes, 0)
            self._insert = compile_program(insert.lower(ring(1), obs, action, latents, np.int32(0)))
        self.faults = seed_devices.place(no_faults(agents, batch, fault_terms(spec)))
        self._updates: dict[int, Callable[..., Any]]
        if len(devices) > 1:
            notify(_LONGEST)
            shape = BatchShape(batch * share.processes, length, packed=not inserts)
            split = SplitUpdates(spec, seeds[0], state, ring(1), devices, shape, self.faults)
            self._updates, metrics = {1: split}, split.metrics
        else:
            self._updates, metrics = self._compile_updates(spec, state, ring, inserts, batch, length, most)
        self._add = compile_program(seed_devices.jit(partial(jax.tree.map, jnp.add), (0, 0)).lower(metrics, metrics))

    def choose_actions(self, params: Any, carry: Carry, obs: Mapping[str, jax.Array], count: int) -> Any:
        """Dispatches `act_with_seed` and returns at once: the next carry, actions and latents as device arrays."""
        place = self._devices.place
        return self._act(self._seeds, place(params), place(carry), place(obs), self._devices.share(np.uint32(count)))

    def insert_records(
        self, ring: Ring, obs: Mapping[str, jax.Array], action: Any, latents: StoredLatents, position: int
    ) -> Ring:
        """Stores one record per environment at number ``position``. Donates and returns the ring."""
        place = self._devices.place
        number = self._devices.share(np.int32(position))
        stored: Ring = self._insert(place(ring), place(obs), place(action), place(latents), number)
        return stored

    def run_updates(
        self, state: TrainState, ring: Ring, indices: np.ndarray[Any, Any], stored: int, sums: Metrics | None
    ) -> tuple[TrainState, Ring, Metrics | None]:
        """Runs one update per batch in ``indices``, in calls of the compiled sizes.

        Args:
          state: learner state; donated.
          ring: replay ring; donated. A packed ring is not donated, and must be that of K updates.
          indices: windows, int32 [K, B, 2] of one agent or [N, K, B, 2] of several; of a packed ring [..., 4].
          stored: number of records in every stream so far.
          sums: metrics accumulated so far; this call's metrics are added.

        Returns:
          The learner state, the ring and the accumulated metrics.
        """
        done, due = 0, indices.shape[-3]
        count, place = self._devices.share(np.int32(stored)), self._devices.place
        state, ring = place(state), place(ring)
        while done < due:
            size = next(size for size in self._updates if size <= due - done)
            chosen = place(jax.device_put(indices[..., done : done + size, :, :]))
            run = self._updates[size]
            state, after, more, self.faults = run(self._seeds, state, ring, chosen, count, self.faults)
            ring = after if isinstance(after, Ring) else Ring({}, StoredLatents(**after))
            sums = more if sums is None else self._add(sums, more)
            done += size
        return state, ring, sums

    def _compile_updates(
        self,
        spec: AgentSpec,
        state: TrainState,
        ring: Callable[[int], Ring],
        inserts: bool,
        batch: int,
        length: int,
        most: int,
    ) -> tuple[dict[int, Callable[..., Any]], Metrics]:
        """Returns the updates on one device by their number in one call, and the shapes of their metrics."""
        agents = self._seeds.size
        function, donated, columns = (scan_updates, (1, 2), 2) if inserts else (scan_packed, (1,), 4)
        shared = (0, 0, 0, 0, None, 0)
        update = _named(for_agents(partial(function, spec, length), agents, shared), function)
        axes = () if agents == 1 else (agents,)
        programs: dict[int, Any] = {}
        for size in update_sizes(most, single=jax.default_backend() == "cpu"):
            chosen = jax.ShapeDtypeStruct((*axes, size, batch, columns), jnp.int32)
            arguments = self._seeds, state, ring(size), chosen, np.int32(0), self.faults
            if self._devices.split:
                programs[size] = self._devices.jit(update, shared, donated).lower(*arguments)
            else:
                programs[size] = program_store.lower(update, (spec, length, agents), arguments, donated)
        compiled = {}
        for size, program in programs.items():
            self._notify(_LONGEST)
            compiled[size] = compile_program(program)
        return compiled, programs[1].out_info[2]


def _named(function: Callable[..., Any], original: Callable[..., Any]) -> Callable[..., Any]:
    """Returns a function that has the name of another one, under which its program is stored."""

    def named(*arguments: Any) -> Any:
        return function(*arguments)

    named.__name__ = original.__name__
    return named
