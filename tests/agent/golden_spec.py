"""Translates the settings of a golden file, under the reference's names, into our `AgentSpec`."""

from __future__ import annotations

from typing import Any

import numpy as np

from dreamerguard.schema import LossSection, ModelSection, OptimizerSection
from dreamerguard_agent.base.names import FLAGS
from dreamerguard_agent.base.spaces import ArraySpace, sort_spaces
from dreamerguard_agent.base.spec import AgentSpec

#: Our name of a model setting: the reference's names, all of which must have one value.
_MODEL = {
    "deter": ("dyn.rssm.deter",),
    "hidden": ("dyn.rssm.hidden",),
    "stoch": ("dyn.rssm.stoch",),
    "classes": ("dyn.rssm.classes",),
    "blocks": ("dyn.rssm.blocks",),
    "unimix": ("dyn.rssm.unimix",),
    "prior_layers": ("dyn.rssm.imglayers",),
    "posterior_layers": ("dyn.rssm.obslayers",),
    "dynamics_layers": ("dyn.rssm.dynlayers",),
    "units": (
        *("enc.simple.units", "dec.simple.units", "rewhead.units"),
        *("conhead.units", "policy.units", "value.units"),
    ),
    "depth": ("enc.simple.depth", "dec.simple.depth"),
    "image_kernel": ("enc.simple.kernel", "dec.simple.kernel"),
    "image_blocks": ("dec.simple.bspace",),
    "bins": ("rewhead.bins", "value.bins"),
    "encoder_layers": ("enc.simple.layers",),
    "decoder_layers": ("dec.simple.layers",),
    "reward_layers": ("rewhead.layers",),
    "continue_layers": ("conhead.layers",),
    "policy_layers": ("policy.layers",),
    "value_layers": ("value.layers",),
    "policy_min_std": ("policy.minstd",),
    "policy_max_std": ("policy.maxstd",),
}
_LOSS = {
    "free_nats": ("dyn.rssm.free_nats",),
    "horizon": ("horizon",),
    "imag_length": ("imag_length",),
    "lam": ("imag_loss.lam", "repl_loss.lam"),
    "entropy": ("imag_loss.actent",),
    "slow_rate": ("slowvalue.rate",),
    "slow_scale": ("imag_loss.slowreg", "repl_loss.slowreg"),
    "retnorm_rate": ("retnorm.rate",),
    "retnorm_limit": ("retnorm.limit",),
    "retnorm_low": ("retnorm.perclo",),
    "retnorm_high": ("retnorm.perchi",),
}
_SCALES = ("rec", "rew", "con", "dyn", "rep", "policy", "value", "repval")
_OPTIMIZER = ("lr", "agc", "eps", "beta1", "beta2", "warmup", "schedule", "anneal")
#: Settings that our agent has no word for, at the only value it knows.
_FIXED = {
    "ac_grads": False,
    "contdisc": True,
    "imag_last": 0,
    "imag_loss.slowtar": False,
    "repl_loss.slowtar": False,
    "repval_grad": True,
    "repval_loss": True,
    "reward_grad": True,
    "retnorm.impl": "perc",
    "retnorm.debias": False,
    "valnorm.impl": "none",
    "advnorm.impl": "none",
    "slowvalue.every": 1,
    "opt.momentum": True,
    "opt.wd": 0.0,
    "dyn.rssm.absolute": False,
    "dyn.rssm.norm": "rms",
    "dyn.rssm.act": "silu",
    "enc.simple.outer": False,
    "enc.simple.strided": False,
    "enc.simple.symlog": True,
    "dec.simple.outer": False,
    "dec.simple.strided": False,
    "policy_dist_cont": "bounded_normal",
    "policy_dist_disc": "categorical",
}


def flatten(nested: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """``{"a": {"b": 1}}`` to ``{"a.b": 1}``."""
    flat: dict[str, Any] = {}
    for key, value in nested.items():
        flat |= flatten(value, f"{prefix}{key}.") if isinstance(value, dict) else {f"{prefix}{key}": value}
    return flat


def loss_section(settings: dict[str, Any]) -> LossSection:
    """The losses of flat settings; what they do not name has its default."""
    scales = {name: settings[f"loss_scales.{name}"] for name in _SCALES if f"loss_scales.{name}" in settings}
    return LossSection(**_translate(settings, _LOSS), scales=scales)


def optimizer_section(settings: dict[str, Any]) -> OptimizerSection:
    """The optimizer of flat settings, ``lr`` and so on; what they do not name has its default."""
    return OptimizerSection(**{name: settings[name] for name in _OPTIMIZER if name in settings})


def spec_of(meta: dict[str, Any], optimizer: dict[str, Any] | None = None) -> AgentSpec:
    """The agent of a golden file, with some settings of its optimizer replaced."""
    config = meta["config"]
    for name, value in _FIXED.items():
        assert config.get(name, value) == value, f"setting {name}={config[name]} is not supported"
    opt = {name.removeprefix("opt."): value for name, value in config.items() if name.startswith("opt.")}
    mults = {"image_mults": tuple(config["enc.simple.mults"])} if "enc.simple.mults" in config else {}
    return AgentSpec(
        sort_spaces({key: _space(space) for key, space in meta["obs_space"].items() if key not in FLAGS}),
        sort_spaces({key: _space(space) for key, space in meta["act_space"].items()}),
        ModelSection(**_translate(config, _MODEL), **mults),
        optimizer_section(opt | (optimizer or {})),
        loss_section(config),
        "float32",
    )


def _translate(settings: dict[str, Any], table: dict[str, tuple[str, ...]]) -> dict[str, Any]:
    ours = {}
    for name, theirs in table.items():
        values = [settings[key] for key in theirs if key in settings]
        assert all(value == values[0] for value in values), f"{theirs} differ: {values}"
        if values:
            ours[name] = values[0]
    return ours


def _space(stored: dict[str, Any]) -> ArraySpace:
    shape = tuple(stored["shape"])
    if stored["discrete"] and not (stored["dtype"] == "uint8" and len(shape) == 3):
        low, high = (int(np.ravel(stored[name])[0]) for name in ("low", "high"))
        return ArraySpace(stored["dtype"], shape, classes=2 if stored["dtype"] == "bool" else high - low)
    return ArraySpace(stored["dtype"], shape)
