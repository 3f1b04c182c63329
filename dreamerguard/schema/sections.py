"""Defines the sections of a run configuration.

Defaults are those of danijar/dreamerv3 at e3f0224 (``dreamerv3/configs.yaml``) wherever that program has the setting.
Values of a task, an edition or a size come from later layers.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from .section_base import Section, consistent, setting


class RunSection(Section):
    """Length of the run and train ratio."""

    frames: int = setting(
        1_000_000,
        "Length of the run. One agent step is action_repeat frames.",
        unit="environment frames",
        ge=1,
    )
    train_ratio: float = setting(
        512.0,
        "Replayed agent steps per agent step, the paper's train ratio. One gradient update replays"
        " batch_size x batch_length steps, so updates per agent step = train_ratio / (batch_size x batch_length).",
        unit="replayed agent steps per agent step",
        ge=0,
    )
    envs: int = setting(
        16, "Environments stepped in parallel. Does not change updates per frame.", unit="environments", ge=1, le=4096
    )


class ReplaySection(Section):
    """Replay buffer and batch of an update."""

    capacity: int = setting(
        5_000_000, "Replay capacity; the oldest windows are removed first.", unit="agent steps", ge=1
    )
    batch_size: int = setting(16, "Windows per update.", unit="windows", ge=1, le=4096)
    batch_length: int = setting(64, "Trained steps per window.", unit="agent steps", ge=2, le=4096)
    context: Literal[1] = setting(
        1, "Steps before a window; their stored latent starts the recurrent state.", unit="agent steps"
    )
    online: bool = setting(True, "Train on every new window once before drawing windows uniformly.")
    storage: Literal["auto", "device", "host", "disk"] = setting(
        "auto",
        "Place of the replay buffer; the results are the same. device: memory of the training device, the fastest."
        " host: main memory. disk: files, which need hardly any memory. auto: the first of these that has enough room.",
    )
    scratch: str = setting(
        "",
        "Folder for the files of replay.storage=disk, for example on a local disk; empty for the run directory. The"
        " files have no names and disappear with the process; checkpoints do not need them.",
    )


def _pattern(what: str) -> str:
    pattern: str = setting(
        ".*", f"{what}: a regular expression that matches from the start of the observation's name; $^ selects none."
    )
    return pattern


class ModelSection(Section):
    """Widths and depths of the networks. `size` sets deter, hidden, classes, units and depth together."""

    deter: int = setting(2048, "Width of the recurrent state of the sequence model.", unit="units", ge=8)
    hidden: int = setting(256, "Width of the hidden layers of the sequence model.", unit="units", ge=1)
    stoch: int = setting(32, "Number of categorical latent variables.", unit="variables", ge=1)
    classes: int = setting(16, "Classes of each latent variable.", unit="classes", ge=2)
    blocks: int = setting(8, "Diagonal blocks of the recurrent weights; must divide deter.", unit="blocks", ge=1)
    units: int = setting(256, "Width of the hidden layers of encoder, decoder and heads.", unit="units", ge=1)
    depth: int = setting(16, "Base channels of the convolutions; no effect on vectors.", unit="channels", ge=1)
    image_mults: tuple[int, ...] = setting(
        (2, 3, 4, 4),
        "Channels of each convolution as multiples of depth; each halves the image.",
        unit="multiples of depth",
        min_length=1,
        max_length=8,
    )
    image_kernel: int = setting(5, "Height and width of the convolution kernels.", unit="pixels", ge=1, le=15)
    image_blocks: int = setting(
        8, "Blocks of the image decoder's first layer; must divide deter if there are images.", unit="blocks", ge=1
    )
    encoder_mlp_keys: str = _pattern("Vectors that the encoder reads")
    encoder_cnn_keys: str = _pattern("Images that the encoder reads")
    decoder_mlp_keys: str = _pattern("Vectors that the decoder reconstructs")
    decoder_cnn_keys: str = _pattern("Images that the decoder reconstructs")
    bins: int = setting(255, "Bins of the reward and value distributions.", unit="bins", ge=3, le=4095)
    encoder_layers: int = setting(3, "Hidden layers of the vector encoder.", unit="layers", ge=1, le=16)
    decoder_layers: int = setting(3, "Hidden layers of the vector decoder.", unit="layers", ge=1, le=16)
    prior_layers: int = setting(2, "Hidden layers of the prior.", unit="layers", ge=1, le=16)
    posterior_layers: int = setting(1, "Hidden layers of the posterior.", unit="layers", ge=1, le=16)
    dynamics_layers: int = setting(1, "Block-linear layers before the gates.", unit="layers", ge=1, le=16)
    reward_layers: int = setting(1, "Hidden layers of the reward head.", unit="layers", ge=1, le=16)
    continue_layers: int = setting(1, "Hidden layers of the continue head.", unit="layers", ge=1, le=16)
    policy_layers: int = setting(3, "Hidden layers of the policy.", unit="layers", ge=1, le=16)
    value_layers: int = setting(3, "Hidden layers of the value function.", unit="layers", ge=1, le=16)
    unimix: float = setting(0.01, "Share of the uniform distribution in the latents.", unit="fraction", ge=0, lt=1)
    policy_unimix: float = setting(
        0.0,
        "Share of the uniform distribution in the choices of the policy: 1 % in the paper; danijar/dreamerv3 at e3f0224"
        " has the setting but does not apply it.",
        unit="fraction",
        ge=0,
        lt=1,
    )
    policy_min_std: float = setting(
        0.1, "Smallest standard deviation of a continuous action.", unit="action units", gt=0
    )
    policy_max_std: float = setting(
        1.0, "Largest standard deviation of a continuous action.", unit="action units", gt=0
    )

    @model_validator(mode="after")
    def _check_model(self) -> ModelSection:
        return consistent("model", self)


class OptimizerSection(Section):
    """LaProp with adaptive gradient clipping."""

    lr: float = setting(4e-5, "Learning rate after warm-up.", gt=0, le=1)
    agc: float = setting(
        0.3, "Largest gradient norm of a tensor relative to its parameter norm; 0 switches clipping off.", ge=0
    )
    eps: float = setting(1e-20, "Added to the root of the second moment.", gt=0)
    beta1: float = setting(0.9, "Decay of the momentum.", ge=0, lt=1)
    beta2: float = setting(0.999, "Decay of the second moment.", ge=0, lt=1)
    warmup: int = setting(1000, "Updates over which the learning rate rises from 0.", unit="updates", ge=0)
    schedule: Literal["const", "linear", "cosine"] = setting("const", "Learning rate after warm-up.")
    anneal: int = setting(0, "Updates until a linear or cosine schedule reaches a tenth.", unit="updates", ge=0)

    @model_validator(mode="after")
    def _check_optimizer(self) -> OptimizerSection:
        return consistent("optimizer", self)


class LossScales(Section):
    """Weights of the loss terms, with the names of danijar/dreamerv3."""

    rec: float = setting(1.0, "Reconstruction of every observation key.", ge=0)
    rew: float = setting(1.0, "Reward prediction.", ge=0)
    con: float = setting(1.0, "Continue prediction.", ge=0)
    dyn: float = setting(1.0, "KL that trains the prior.", ge=0)
    rep: float = setting(0.1, "KL that trains the posterior.", ge=0)
    policy: float = setting(1.0, "Policy.", ge=0)
    value: float = setting(1.0, "Value on imagined states.", ge=0)
    repval: float = setting(0.3, "Value on replayed states.", ge=0)


class LossSection(Section):
    """Losses and returns."""

    scales: LossScales = Field(default_factory=LossScales, description="Weights of the loss terms.")
    free_nats: float = setting(1.0, "KL below which the KL losses have no effect.", unit="nats", ge=0)
    horizon: int = setting(333, "Discount 1 - 1/horizon.", unit="agent steps", ge=2)
    imag_length: int = setting(15, "Imagined steps from every replayed state.", unit="agent steps", ge=1, le=1000)
    lam: float = setting(0.95, "Mixing of the lambda return.", ge=0, le=1)
    entropy: float = setting(3e-4, "Weight of the policy's entropy.", ge=0)
    slow_rate: float = setting(0.02, "Share of the value that enters the slow value at each update.", gt=0, le=1)
    slow_scale: float = setting(1.0, "Weight of the slow value as second target.", ge=0)
    retnorm_rate: float = setting(0.01, "Rate of the return percentiles.", gt=0, le=1)
    retnorm_limit: float = setting(1.0, "Smallest divisor for the return range.", unit="return", gt=0)
    retnorm_low: float = setting(5.0, "Lower percentile of returns.", unit="percent", ge=0, le=100)
    retnorm_high: float = setting(95.0, "Upper percentile of returns.", unit="percent", ge=0, le=100)


class RuntimeSection(Section):
    """Device and precision of the run."""

    platform: Literal["auto", "cpu", "cuda", "tpu"] = setting("auto", "Training device; auto takes the fastest.")
    dtype: Literal["auto", "float32", "bfloat16", "mixed"] = setting(
        "auto",
        "Compute type of the networks; mixed is float32 with products of bfloat16 operands and float32 sums. auto is"
        " bfloat16 on a GPU; on a CPU mixed where it measures a gain, otherwise float32.",
    )
    devices: int = setting(
        1,
        "Devices of this machine. Every batch of one agent is split over them; several agents are spread over them.",
        unit="devices",
        ge=1,
        le=1024,
    )
    deterministic: bool = setting(True, "Two runs with one seed on one machine give identical results.")
    compilation_cache: bool = setting(True, "Keep compiled programs on disk, so that the next start is fast.")


class LoggingSection(Section):
    """Logs in the run directory."""

    every: float = setting(10.0, "Time between two rows of metrics.", unit="seconds", gt=0)
    tensorboard: bool = setting(True, "Also write TensorBoard events.")


class EvalSection(Section):
    """Separate evaluation episodes. The policy samples actions, as in danijar/dreamerv3."""

    every: int = setting(0, "Frames between two evaluations; 0 for no evaluation.", unit="environment frames", ge=0)
    episodes: int = setting(10, "Episodes of one evaluation.", unit="episodes", ge=1)
    background: bool = setting(True, "Play evaluations beside the training, which otherwise waits for them.")
    prediction_video: bool = setting(
        True, "Write a video of the images that the world model predicts at each evaluation, if it reconstructs images."
    )


class CheckpointSection(Section):
    """Checkpoints of the run."""

    every: float = setting(
        300.0, "Time between two checkpoints; the run also writes one at its end.", unit="seconds", gt=0
    )
    keep: int = setting(2, "Checkpoints kept.", unit="checkpoints", ge=1, le=100)
    max_unsaved: float = setting(
        3600.0, "Time for which a run goes on and tries again while no checkpoint can be saved.", unit="seconds", ge=0
    )
    replay: bool = setting(True, "Store the replay buffer too, so that a resumed run continues exactly.")


class NumbersSection(Section):
    """Treatment of updates with a loss or a gradient that is not a number or infinite."""

    policy: Literal["stop", "skip", "continue"] = setting(
        "stop",
        "Treatment of an update whose loss or gradient is not finite. stop: skip it, and stop the run after stop_after"
        " of them in a row. skip: skip it and never stop. continue: apply it if all parameters stay finite, as"
        " danijar/dreamerv3 does, and never stop.",
    )
    stop_after: int = setting(3, "Skipped updates in a row after which the run stops.", unit="updates", ge=1)


class GuardSection(Section):
    """Thresholds of the guard."""

    warn_update_budget: float = setting(
        0.6, "Warn below this share of the published number of gradient updates.", unit="fraction", gt=0, le=1
    )
    refuse_update_budget: float = setting(
        0.25,
        "Refuse to train below this share of the published number of gradient updates.",
        unit="fraction",
        ge=0,
        le=1,
    )
