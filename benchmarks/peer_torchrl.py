"""Runs gradient updates of torchrl's DreamerV3 on requests from standard input, see `serving`.

Runs the unchanged training script of torchrl's repository (``sota-implementations/dreamer_v3``, configured for
walker-walk) in an environment with torchrl, dm_control and hydra-core. The script has no function for one update, so
this module times its replay buffer: from one draw of windows to the next is one update, including the draw. Between
turns the next draw waits for a request.
"""

import contextlib
import importlib.metadata
import os
import sys
import tempfile
import time

import torch
from serving import Requests, own_output, peer_parser

WIDTHS = {
    "size1m": {"rnn_hidden_dim": 512, "hidden_dim": 64, "obs_embed_dim": 64, "num_classes": 4},
    "size12m": {"rnn_hidden_dim": 2048, "hidden_dim": 256, "obs_embed_dim": 256, "num_classes": 16},
}


class Draws:
    """Wraps the replay buffer's ``sample`` and measures the time between its calls."""

    def __init__(self, sample, parameters, answers):
        self.sample, self.parameters, self.answers = sample, parameters, answers
        self.started = self.began = None
        self.requests = None

    def __call__(self, *args, **kwargs):
        now = time.perf_counter(), time.process_time()
        if self.started is None:
            self.started = now[0]
        elif self.requests is None:
            self.requests = Requests(self.answers, self._about(now[0] - self.started))
        elif not self.requests.done(now[0] - self.began[0], now[1] - self.began[1]):
            raise SystemExit
        self.began = time.perf_counter(), time.process_time()
        return self.sample(*args, **kwargs)

    def _about(self, seconds):
        device = torch.cuda.get_device_name() if torch.cuda.is_available() else "cpu"
        versions = {name: importlib.metadata.version(name) for name in ("torch", "torchrl", "tensordict")}
        return {"device": device, "versions": versions, "parameters": self.parameters(), "compile_s": seconds}


def main():
    """Collects the first windows, then serves requests until the input ends."""
    options, answers = peer_parser().parse_args(), own_output()
    folder = f"{options.checkout}/sota-implementations/dreamer_v3"
    sys.path.insert(0, folder)
    os.chdir(tempfile.mkdtemp())
    import dreamer_v3
    import hydra

    changes = {f"networks.{key}": value for key, value in WIDTHS[options.size].items()}
    changes |= {"replay_buffer.batch_size": options.batch, "replay_buffer.seq_len": options.length}
    changes |= {"replay_buffer.buffer_size": 10_000, "collector.frames_per_batch": 2000}
    changes |= {"logger.eval_every": 10**9, "optimization.device": "cpu" if options.cpu else "cuda"}
    with hydra.initialize_config_dir(folder, version_base=None):
        config = hydra.compose("config_dmc_walker", [f"{key}={value}" for key, value in changes.items()])
    watch(dreamer_v3, answers)
    with contextlib.suppress(SystemExit):
        dreamer_v3.main.__wrapped__(config)


def watch(script, answers):
    """Wraps the script's replay buffer in `Draws`, and counts the parameters that the script clips."""
    seen, clip, make = {}, script.adaptive_grad_clip_, script.ReplayBuffer

    def count(parameters, *rest):
        found = list(parameters)
        seen.update({id(value): value.numel() for value in found})
        return clip(found, *rest)

    def watched(*args, **kwargs):
        replay = make(*args, **kwargs)
        replay.sample = Draws(replay.sample, lambda: sum(seen.values()), answers)
        return replay

    script.adaptive_grad_clip_, script.ReplayBuffer = count, watched


if __name__ == "__main__":
    main()
