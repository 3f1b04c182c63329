"""Runs gradient updates of torchrl's DreamerV3 on requests from standard input, see `serving`.

Runs the unchanged learner of torchrl 0.14.1 for walker-walk. ``--checkout`` is the folder that holds
``sota-implementations`` and ``benchmarks/ad_hoc``: a checkout, or the folder into which the wheel is installed. The
environment needs torchrl, tensordict, hoptorch and hydra-core, but no simulator: an update only reads specifications
of the environment, which are written here. The wheel has no YAML files; `SETTINGS` holds the values of its preset.

With ``--replay``, an update also draws a batch from torchrl's replay buffer, on the device of the learner, and writes
latent states back. Without it, all updates use one random batch. Each update waits for the device to finish.

If an update cannot be compiled, or takes longer than ``--limit`` seconds to compile, the worker starts again with the
next mode of `MODES`. Its description states the mode that runs, and the error of each mode that failed.
"""

import dataclasses
import functools
import importlib.metadata
import json
import logging
import math
import os
import sys
import threading
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import tensordict.base
import torch
from serving import ACTIONS, OBSERVATIONS, own_output, peer_parser, serve
from torchrl.data import Bounded, Composite, Unbounded
from torchrl.envs import EnvBase
from torchrl.modules.models.model_based_v3 import RSSMRolloutV3

WIDTHS = {
    "size1m": {"rnn_hidden_dim": 512, "hidden_dim": 64, "num_classes": 4},
    "size12m": {"rnn_hidden_dim": 2048, "hidden_dim": 256, "num_classes": 16},
}

#: Sizes of the observations, in the order in which torchrl's decoder predicts them.
PARTS = [math.prod(OBSERVATIONS[key]) for key in sorted(OBSERVATIONS)]

#: Keys of torchrl's learner and replay buffer, with the values of its preset for walker-walk.
SETTINGS: dict[str, dict[str, Any]] = {
    "env": {
        "backend": "custom",
        "factory": "__main__:Specifications",
        "seed": 0,
        "use_seed": False,
        "max_episode_steps": 1000,
        "vector_key": "observation",
        "pixels_key": None,
    },
    "collector": {"backend": "auto", "num_envs": 16},
    "replay_buffer": {"device": None, "buffer_size": 5_000_000, "online": True},
    "networks": {
        "num_categoricals": 32,
        "unimix": 0.01,
        "recurrent_model": "block_gru",
        "num_blocks": 8,
        "dynamics_layers": 1,
        "prior_layers": 2,
        "posterior_layers": 1,
        "norm_eps": 1e-4,
        "decoder_event_dims": PARTS,
        "num_reward_bins": 255,
        "num_value_bins": 255,
        "encoder_layers": 3,
        "decoder_layers": 3,
        "reward_layers": 1,
        "actor_layers": 3,
        "value_layers": 3,
        "policy_min_std": 0.1,
        "policy_max_std": 1.0,
    },
    "optimization": {
        "compile": "auto",
        "compile_train_step": None,
        "compile_train_step_mode": "default",
        "compile_rssm": None,
        "rssm_scan_unroll": 8,
        "cudagraph_train_step": None,
        "lr": 4e-5,
        "optimizer_eps": 1e-20,
        "adaptive_grad_clip": 0.3,
        "warmup_steps": 1000,
        "imagination_horizon": 15,
        "continuation_horizon": 333,
        "use_reinforce": True,
        "return_normalization_rate": 0.01,
        "return_normalization_min_scale": 1.0,
        "slow_critic_regularization": 1.0,
        "slow_critic_tau": 0.02,
        "replay_value_loss_weight": 0.3,
        "free_bits": 1.0,
        "dynamic_loss_weight": 1.0,
        "representation_loss_weight": 0.1,
        "gamma": 1.0,
        "lmbda": 0.95,
    },
}

#: Ways to compile an update; after a failure, the next one is tried. ``auto`` is torchrl's default: on a GPU, the whole
#: update is compiled and captured in a CUDA graph; on a CPU, it is not compiled. ``whole`` only compiles the whole
#: update, ``graph`` compiles the recurrence and captures, ``capture`` only captures, ``scan`` only compiles the
#: recurrence.
MODES: dict[str, dict[str, Any]] = {
    "whole": {"compile": "off", "compile_train_step": True, "compile_rssm": "scan"},
    "auto": {},
    "graph": {"compile_train_step": False},
    "capture": {"compile": "off", "cudagraph_train_step": True},
    "scan": {"compile": "off", "compile_rssm": "scan"},
    "none": {"compile": "off"},
}

#: Environment variable with the errors of failed modes.
FAILED = "PEER_TORCHRL_FAILED"


class Specifications(EnvBase):
    """Has the specifications of walker-walk, and no simulator."""

    def __init__(self, **_: Any):
        super().__init__(device="cpu")
        self.observation_spec = Composite(observation=Unbounded(shape=(sum(PARTS),)))
        self.action_spec = Bounded(-1, 1, shape=(ACTIONS,))
        self.reward_spec = Unbounded(shape=(1,))

    def _step(self, tensordict):
        raise NotImplementedError

    _reset = _set_seed = _step


def help_torch_trace(kind):
    """Replaces functions that Dynamo of torch 2.11 cannot trace by equal ones, so that an update is in fewer graphs."""
    tensordict.base._get_available_device_type = lambda: kind
    select = RSSMRolloutV3.compile_rollout

    def selected(rollout, *args, **kwargs):
        result, scan = select(rollout, *args, **kwargs), rollout._scan_fn
        if isinstance(scan, functools.partial):
            rollout._scan_fn = lambda *given: scan(*given)
        return result

    RSSMRolloutV3.compile_rollout = selected


@dataclasses.dataclass
class Learner:
    """Builds torchrl's learner and its update from the options of the worker."""

    options: Any

    def __post_init__(self):
        import omegaconf

        help_torch_trace(None if self.options.cpu else "cuda")
        sys.path.insert(0, f"{self.options.checkout}/benchmarks/ad_hoc")
        import bench_dreamer_v3_learner as bench

        self.bench, self.script = bench, bench._load_example(Path(self.options.checkout))
        self.device = torch.device("cpu" if self.options.cpu else "cuda:0")
        self.config = omegaconf.OmegaConf.create(SETTINGS)
        self.config.networks.update(WIDTHS[self.options.size])
        self.config.optimization.update(MODES[self.options.compile])
        self.config.optimization.mixed_precision = self.options.dtype == "bfloat16"
        self.config.replay_buffer.update({"batch_size": self.options.batch, "seq_len": self.options.length})
        self.sizes = {"obs_dim": sum(PARTS), "action_dim": ACTIONS}
        self.parts = self.script["_build_learner"](self.config, self.device, **self.sizes)
        self.parts.actor_loss.model_based_env.__dict__["cache_specs"] = False

    def update(self) -> Callable[[], None]:
        """Compiles the update and does the first ones; returns a function that does one update."""
        stepper = self.script["_make_learner_update"](self.config, self.device, self.parts)
        self.script["_warm_up_learner"](self.config, self.device, stepper, **self.sizes)
        if self.options.replay:
            where = {"device": self.device, "replay_device": self.device}
            step = self.bench._ReplayLearnerStep(self.script, self.config, stepper, **where, **self.sizes)
            wait = step.synchronize
        else:
            shape = {"batch": self.options.batch, "steps": self.options.length}
            batch = self.bench._make_data(self.config, self.device, **shape, **self.sizes)
            step = lambda: stepper.step(None, batch)  # noqa: E731
            wait = (lambda: None) if self.options.cpu else torch.cuda.synchronize

        def one():
            step()
            wait()

        # The CUDA graph is captured during the first calls.
        for _ in range(3):
            one()
        return one

    def about(self) -> dict[str, Any]:
        """Returns the description of the worker, without times."""
        groups = self.parts.optimizer.param_groups
        made = {"device": "cpu" if self.options.cpu else torch.cuda.get_device_name()}
        made["versions"] = {name: importlib.metadata.version(name) for name in ("torch", "torchrl", "tensordict")}
        made["parameters"] = sum(value.numel() for group in groups for value in group["params"])
        made |= {"compile": self.options.compile, "failed": json.loads(os.environ.get(FAILED, "{}"))}
        made["settings"] = self.script["resolve_compile_settings"](self.config, self.device)._asdict()
        made |= {"dtype": self.options.dtype, "replay": self.options.replay}
        made["gpu_peak_gib"] = 0.0 if self.options.cpu else torch.cuda.max_memory_allocated() / 2**30
        return made


def start_again(options, answers, error):
    """Replaces the process by one that uses the next mode, because a failed capture can leave CUDA unusable."""
    traceback.print_exception(error)
    later = list(MODES)[list(MODES).index(options.compile) + 1 :]
    if not later:
        os._exit(1)
    failed = json.loads(os.environ.get(FAILED, "{}")) | {options.compile: f"{type(error).__name__}: {error}"[:2000]}
    os.environ[FAILED] = json.dumps(failed)
    os.dup2(answers.fileno(), 1)
    os.execv(sys.executable, [*sys.orig_argv, "--compile", later[0]])


def main():
    """Compiles the update and serves requests until the input ends."""
    parser = peer_parser()
    parser.add_argument("--compile", default="auto", choices=MODES)
    parser.add_argument("--replay", action="store_true", help="draw every batch from torchrl's replay buffer")
    parser.add_argument("--limit", type=float, default=300, help="seconds that one mode may take to compile")
    options = parser.parse_args()
    if options.cpu and options.dtype != "float32":
        parser.error("torchrl computes in float32 on a CPU; drop --dtype or --cpu")
    answers = own_output()
    torch.set_float32_matmul_precision("high")  # as in torchrl's benchmark of its learner
    logging.disable(logging.DEBUG)  # torch 2.11 prints every graph of a scan
    late = TimeoutError(f"not compiled after {options.limit:g} s")
    timer = threading.Timer(options.limit, start_again, (options, answers, late))
    timer.daemon = True
    timer.start()
    try:
        learner = Learner(options)
        started = time.perf_counter()
        one = learner.update()
    except Exception as error:
        start_again(options, answers, error)
    timer.cancel()
    serve(one, answers, {**learner.about(), "compile_s": time.perf_counter() - started})


if __name__ == "__main__":
    main()
