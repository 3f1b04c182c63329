"""Runs gradient updates of NM512/r2dreamer with the loss of DreamerV3 on requests from standard input, see `serving`.

Runs in that program's Python environment (torch, torchrl, tensordict, hydra-core, gymnasium), with its code from an
unchanged checkout. The program has no `size1m`; this script sets the widths of the other programs. ``--compile``
compiles as the program does by default, which needs a C++ compiler on a CPU. In float32 its mixed precision is switched
off. Only the update is timed, not sampling from the replay buffer and writing latents back.
"""

import contextlib
import importlib.metadata
import sys
import time

import torch
from serving import ACTIONS, OBSERVATIONS, own_output, peer_parser, serve

WIDTHS = {
    "size1m": {"deter": 512, "hidden": 64, "discrete": 4, "depth": 4, "units": 64},
    "size12m": {"deter": 2048, "hidden": 256, "discrete": 16, "depth": 16, "units": 256},
}


def make_agent(options):
    """Builds the program's agent for the spaces of walker-walk, configured as in its ``train.py``."""
    import gymnasium
    import hydra
    import numpy as np
    from dreamer import Dreamer

    device = "cpu" if options.cpu else "cuda:0"
    changes = [f"model.{key}={value}" for key, value in WIDTHS[options.size].items()]
    changes += ["env=dmc_proprio", "model=size12M", "model.rep_loss=dreamer", f"model.compile={options.compile}"]
    with hydra.initialize_config_dir(f"{options.checkout}/configs", version_base=None):
        config = hydra.compose("configs", [*changes, f"device={device}"])

    def box(shape):
        return gymnasium.spaces.Box(-np.inf, np.inf, shape, np.float32)

    seen = {key: box(shape or (1,)) for key, shape in OBSERVATIONS.items()}
    seen |= {key: gymnasium.spaces.Box(0, 1, (1,), bool) for key in ("is_first", "is_last", "is_terminal")}
    return Dreamer(config.model, gymnasium.spaces.Dict(seen), box((ACTIONS,))).to(device), device, config


class OneBatch:
    """Replaces the replay buffer: returns the same windows every time and drops latents that are written back."""

    def __init__(self, options, config, device):
        from tensordict import TensorDict

        shape = (options.batch, options.length)
        made = {key: torch.randn(*shape, *(size or (1,))) for key, size in OBSERVATIONS.items()}
        made |= {"action": torch.rand(*shape, ACTIONS) * 2 - 1, "reward": torch.rand(*shape, 1)}
        made |= {key: torch.rand(*shape, 1) < 0.01 for key in ("is_first", "is_last", "is_terminal")}
        self.data = TensorDict(made, batch_size=shape).to(device)
        widths = config.model.rssm
        stoch = torch.zeros(options.batch, widths.stoch, widths.discrete, device=device)
        self.initial = stoch, torch.zeros(options.batch, widths.deter, device=device)

    def sample(self):
        """Returns the windows, their index, and the latents before them."""
        return self.data.clone(), None, self.initial

    def update(self, index, stoch, deter):
        """Drops the latents."""


def main():
    """Warms up and serves requests until the input ends."""
    made = peer_parser()
    made.add_argument("--compile", action="store_true")
    options, answers = made.parse_args(), own_output()
    sys.path.insert(0, options.checkout)
    torch.set_float32_matmul_precision("high")
    import dreamer

    if options.dtype == "float32":
        dreamer.autocast = lambda **_: contextlib.nullcontext()
    agent, device, config = make_agent(options)
    windows = OneBatch(options, config, device)
    started = time.perf_counter()

    def one():
        agent.update(windows)
        if not options.cpu:
            torch.cuda.synchronize()

    one()
    about = {
        "device": "cpu" if options.cpu else torch.cuda.get_device_name(),
        "versions": {name: importlib.metadata.version(name) for name in ("torch", "torchrl", "tensordict")},
        "parameters": sum(value.numel() for value in agent._named_params.values()),
    }
    serve(one, answers, {**about, "compile_s": time.perf_counter() - started})


if __name__ == "__main__":
    main()
