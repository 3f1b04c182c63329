"""Options that tell which program a script of any name belongs to, where its presets are not at hand."""

from __future__ import annotations

import re

from .python_call import PythonCall

#: Main settings of dreamerv3-torch that danijar/dreamerv3 has in a group, such as ``run.steps``, or lacks.
_TORCH_ONLY = frozenset({
    "act", "action_repeat", "compile", "dataset_size", "deterministic_run", "device", "dyn_deter", "dyn_discrete",
    "dyn_hidden", "dyn_scale", "dyn_stoch", "eval_episode_num", "eval_every", "evaldir", "expl_until", "grad_clip",
    "grayscale", "imag_gradient", "log_every", "model_lr", "norm", "offline_evaldir", "offline_traindir", "opt_eps",
    "parallel", "precision", "prefill", "pretrain", "rep_scale", "reset_every", "steps", "time_limit", "train_ratio",
    "traindir", "units", "video_pred_log", "weight_decay",
})  # fmt: skip
_ALGORITHMS = re.compile(r"ppo|sac|td3|ddpg|dqn|a2c|tdmpc|muzero|iris", re.IGNORECASE)
#: With fewer of them, a slip such as ``--steps`` for ``--run.steps`` may be meant.
_ENOUGH = 2


def has_torch_options(call: PythonCall) -> bool:
    """Returns whether a command has several main settings that only dreamerv3-torch has, and none of a group.

    Settings such as ``--steps`` are common: it must also name a task or a folder, and no other algorithm.
    """
    if _ALGORITHMS.search(call.script) or not call.has("--task", "--logdir"):
        return False
    names = {word.text[2:].partition("=")[0] for word in call.words if word.text.startswith("--")}
    return len(names & _TORCH_ONLY) >= _ENOUGH and not any("." in name for name in names)
