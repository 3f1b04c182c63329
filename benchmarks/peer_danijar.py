"""Runs gradient updates of danijar/dreamerv3 on requests from standard input, see `serving`.

Runs in that program's Python environment, with its code from an unchanged checkout. The environment needs jax, ninjax,
elements, einops, chex, optax, portal, granular, scope, ruamel.yaml. The program passes options of ``jax.jit`` by
position, which jax refuses since 0.7; a wrapper adds the names.

By default only the compiled update is timed, not the copies of metrics and latents to the host after it. With
``--replay`` an update is what its training loop does: it draws windows from the replay, trains, and writes the latents
back; metrics reach the host one update later, as there.
"""

from __future__ import annotations

import functools
import importlib.metadata
import sys
import tempfile
import time
from pathlib import Path

import jax
import numpy as np
from serving import ACTIONS, IMAGE, OBSERVATIONS, own_output, peer_parser, serve

POSITIONS = ("in_shardings", "out_shardings", "static_argnums", "static_argnames", "donate_argnums")


def name_options_of_jit() -> None:
    """Makes ``jax.jit(f, a, b)`` accept options by position, as before jax 0.7."""
    original = jax.jit

    def jit(fun, *args, **kwargs):
        return original(fun, **dict(zip(POSITIONS, args, strict=False)), **kwargs)

    jax.jit = jit


def make_agent(options):
    """Builds the outer agent, as the program's ``make_agent`` does, for the spaces of walker-walk, or for an image."""
    import elements
    import ruamel.yaml
    from dreamerv3.agent import Agent

    text = (Path(options.checkout) / "dreamerv3" / "configs.yaml").read_text()
    configs = ruamel.yaml.YAML(typ="safe").load(text)
    config = elements.Config(configs["defaults"]).update(configs[options.size])
    changes = {"platform": "cpu" if options.cpu else "cuda", "compute_dtype": options.dtype}
    # By default it takes three quarters of the device's memory at its start, which leaves too little for the others.
    changes |= {
        "prealloc": False,
        "precompile": False,
        "profiler": False,
        "enable_policy": False,
        "transfer_guard": False,
    }
    config = config.update(batch_size=options.batch, batch_length=options.length, logdir=tempfile.mkdtemp())
    # The program reads some options that its file of defaults does not have.
    config = elements.Config({**config, "jax": {**config.jax, **changes}})
    obs_space = {key: elements.Space(np.float32, shape) for key, shape in OBSERVATIONS.items()}
    if options.observations == "pixels":
        obs_space = {"image": elements.Space(np.uint8, IMAGE, 0, 255)}
    obs_space["reward"] = elements.Space(np.float32)
    obs_space |= {key: elements.Space(bool) for key in ("is_first", "is_last", "is_terminal")}
    act_space = {"action": elements.Space(np.float32, (ACTIONS,), -1, 1)}
    names = ("logdir", "seed", "jax", "batch_size", "batch_length", "replay_context", "report_length")
    rest = {name: config[name] for name in (*names, "replica", "replicas")}
    return Agent(obs_space, act_space, elements.Config(**config.agent, **rest))


def random_batch(spaces, batch, length):
    """Draws windows [batch, length + 1, ...] of random numbers, with a few resets and ends."""
    draw = np.random.default_rng(0)
    made = {}
    for key, space in spaces.items():
        shape = (batch, length + 1, *space.shape)
        if space.dtype == bool:
            made[key] = draw.random(shape) < 0.01
        elif np.issubdtype(space.dtype, np.floating):
            made[key] = draw.uniform(-1, 1, shape).astype(space.dtype)
        elif len(space.shape) == 3:
            made[key] = draw.integers(0, 256, shape, np.uint8)
        else:
            made[key] = np.zeros(shape, space.dtype)
    return made


def bare_updates(agent, options):
    """Returns a function that does one update on the same random windows."""
    place = lambda tree, sharding: jax.device_put(tree, sharding)  # noqa: E731
    batch = place(random_batch(agent.spaces, options.batch, options.length), agent.train_sharded)
    carry = agent.init_train(options.batch)
    seed = place(np.array([0, 1], np.uint32), agent.train_mirrored)

    def one():
        held = {key: value for key, value in agent.params.items() if key in agent.policy_keys}
        given = {key: value for key, value in agent.params.items() if key not in agent.policy_keys}
        agent.params, *rest = agent._train(given, held, seed, carry, batch)
        jax.block_until_ready((agent.params, rest))

    return one


def replay_updates(agent, options):
    """Returns a function that does one update with the program's replay, filled with random steps of 16 streams."""
    import embodied

    length = options.length + 1
    replay = embodied.replay.Replay(length=length, capacity=100_000, online=True, chunksize=1024)
    made_by_replay = ("consec", "stepid", "seed")
    spaces = {key: space for key, space in agent.spaces.items() if key not in made_by_replay}
    steps = random_batch(spaces, 16, 4 * length)
    for time_step in range(4 * length):
        for stream in range(16):
            replay.add({key: value[stream, time_step] for key, value in steps.items()}, stream)
    sample = functools.partial(replay.sample, options.batch, "train")
    windows = embodied.streams.Consec(
        embodied.streams.Stateless(sample), length=options.length, consec=1, prefix=1, strict=True, contiguous=True
    )
    stream, carry = iter(agent.stream(windows)), [agent.init_train(options.batch)]

    def one():
        carry[0], outs, _ = agent.train(carry[0], next(stream))
        if "replay" in outs:
            replay.update(outs["replay"])
        jax.block_until_ready(agent.params)

    return one


def main():
    """Compiles the update and serves requests until the input ends."""
    parser = peer_parser()
    parser.add_argument("--replay", action="store_true", help="time the loop's work for one update, replay included")
    options, answers = parser.parse_args(), own_output()
    sys.path.insert(0, options.checkout)
    name_options_of_jit()
    agent = make_agent(options)
    started = time.perf_counter()
    one = replay_updates(agent, options) if options.replay else bare_updates(agent, options)
    one()
    versions = {name: importlib.metadata.version(name) for name in ("jax", "jaxlib", "numpy", "ninjax", "elements")}
    modules = ("dyn", "enc", "dec", "rew", "con", "pol", "val")
    count = sum(int(value.size) for key, value in agent.params.items() if key.split("/")[0] in modules)
    about = {"device": jax.devices()[0].device_kind, "versions": versions, "parameters": count}
    serve(one, answers, {**about, "compile_s": time.perf_counter() - started})


if __name__ == "__main__":
    main()
