"""Files that examples of several rules share."""

from __future__ import annotations

#: A command that uses `with_preset`'s file.
COMMAND = "python dreamerv3/main.py --configs mine"

_DEFAULTS = """defaults:
  logdir: logs
  task: dummy_disc
  seed: 0
  script: train
  batch_size: 16
  batch_length: 64
  report_length: 32
  consec_train: 1
  consec_report: 1
  replay_context: 1
  errfile: False
  logger: {outputs: [jsonl], filter: x, timer: True, fps: 15, user: ''}
  env:
    dmc: {size: [64, 64], repeat: 1, proprio: True, image: True, camera: -1}
  replay: {size: 5e6, online: True, chunksize: 1024, recexp: 1.0}
  run: {steps: 1e6, train_ratio: 32.0, envs: 16, eval_envs: 4, eval_eps: 1, debug: False,
    log_every: 120, report_every: 300, save_every: 900}
  jax: {platform: cuda, prealloc: True, debug: False}
  agent:
    imag_length: 15
    loss_scales: {dyn: 1.0, rep: 0.1}
"""


def with_preset(*lines: str) -> dict[str, str]:
    """A small ``configs.yaml`` of the 2025 edition with the preset ``mine``."""
    return {"dreamerv3/configs.yaml": _DEFAULTS + "mine:\n" + "".join(f"  {line}\n" for line in lines)}


#: A command that uses `with_torch_preset`'s file.
TORCH_COMMAND = "python dreamer.py --configs mine --logdir logs"

_TORCH_DEFAULTS = """defaults:
  logdir: null
  steps: 1e6
  task: custom_a
  seed: 0
  envs: 1
  size: [64, 64]
  action_repeat: 1
  eval_every: 1e4
  eval_episode_num: 10
  log_every: 1e4
  prefill: 2500
  pretrain: 100
  train_ratio: 512
  batch_size: 16
  batch_length: 64
  dataset_size: 1000000
  dyn_deter: 512
  dyn_discrete: 32
  grayscale: False
  critic: {layers: 2}
  actor: {dist: normal}
  encoder: {mlp_keys: '$^', cnn_keys: image}
  decoder: {mlp_keys: '$^', cnn_keys: image}
"""


def with_torch_preset(*lines: str) -> dict[str, str]:
    """A small ``configs.yaml`` of dreamerv3-torch with the preset ``mine``."""
    return {"configs.yaml": _TORCH_DEFAULTS + "mine:\n" + "".join(f"  {line}\n" for line in lines)}


#: A command that uses `with_r2_env`'s files.
R2_COMMAND = "python train.py env=mine"

_R2_MAIN = """defaults:
  - env: mine
  - model: size12M
  - _self_
logdir: logs
seed: 0
device: cuda:0
batch_size: 16
batch_length: 64
buffer: {batch_size: '${batch_size}', max_size: 5e5, storage_device: cpu}
trainer:
  steps: ${env.steps}
  pretrain: 0
  train_ratio: ${env.train_ratio}
  action_repeat: ${env.action_repeat}
  batch_size: ${batch_size}
  batch_length: ${batch_length}
"""
_R2_ENV = """task: mine_a
steps: 1e6
action_repeat: 1
train_ratio: 512
env_num: 4
eval_episode_num: 0
encoder: {mlp_keys: '.*', cnn_keys: '$^'}
"""
_R2_DECODER = "decoder: {mlp_keys: '.*', cnn_keys: '$^'}\n"


def with_r2_env(*lines: str) -> dict[str, str]:
    """A small configuration folder of r2dreamer with a custom environment."""
    custom = "".join(f"{line}\n" for line in lines)
    decoder = "" if "decoder:" in custom else _R2_DECODER
    return {"configs/configs.yaml": _R2_MAIN, "configs/env/mine.yaml": _R2_ENV + decoder + custom}
