"""Where each program writes its scores and metrics, as data.

Sources: danijar/dreamerv3 e3f0224 (``embodied/run/train.py``, ``dreamerv3/main.py``), danijar/elements b781f90
(``elements/logger.py``), NM512/dreamerv3-torch 6ef8646 (``tools.py``, ``dreamer.py``, ``models.py``), NM512/r2dreamer
546e4fa (``trainer.py``, ``tools.py``), Eclectic-Sheep/sheeprl 33b6366 (``sheeprl/algos/dreamer_v3``). In the first four
x is environment frames; sheeprl counts policy steps.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from .run_log import Format, Kind


@dataclass(frozen=True, slots=True)
class Layout:
    """How a program logs.

    Attributes:
      format: the program.
      x: key of the frames, or of the steps, in a JSON line.
      files: JSON lines file -> score key in it -> what the score is of.
      metrics: files whose other lines hold metrics.
      names: (pattern of a key, our name of the metric); groups of the pattern may be used in the name.
      same: what a second score at the same x is, see `Scores`.
    """

    format: Format
    x: str
    files: dict[str, dict[str, Kind]]
    metrics: tuple[str, ...]
    names: tuple[tuple[str, str], ...]
    same: str = "keep"

    def metric_name(self, key: str) -> str | None:
        """Our name of a metric; None for one that no check needs."""
        for pattern, name in self.names:
            found = re.fullmatch(pattern, key)
            if found:
                return found.expand(name)
        return None


NATIVE = Layout(
    "native",
    "frames",
    {"scores.jsonl": {"score": "train"}, "eval.jsonl": {"score": "eval"}, "metrics.jsonl": {}},
    ("metrics.jsonl",),
    (
        (r"updates", "updates"),
        (r"train_ratio/achieved", "train_ratio"),
        (r"train_ratio/configured", "train_ratio_configured"),
        (r"fps/(frames|updates)", r"fps_\1"),
        (r"time/elapsed", "seconds"),
        (r"opt/grad_norm", "grad_norm/all"),
        (r"opt/loss", "loss/total"),
        (r"loss/(\w+)", r"loss/\1"),
        (r"ent/(\w+)", r"entropy/\1"),
        (r"rand/(\w+)", r"randomness/\1"),
        (r"(dyn|rep)_ent", r"latent_entropy/\1"),
        (r"memory/rss_gb|replay/ram_gb", "memory_gb"),
    ),
)

DANIJAR = Layout(
    "danijar",
    "step",
    {"scores.jsonl": {"episode/score": "train"}, "metrics.jsonl": {}},
    ("metrics.jsonl",),
    (
        (r"train/opt/updates", "updates"),
        (r"replay/replay_ratio", "train_ratio"),
        (r"fps/policy", "fps_steps"),
        (r"fps/train", "fps_replayed"),
        (r"train/opt/grad_norm", "grad_norm/all"),
        (r"train/(model|actor|critic)_opt_grad_norm", r"grad_norm/\1"),
        (r"train/opt/loss", "loss/total"),
        (r"train/loss/(\w+)", r"loss/\1"),
        (r"train/(\w+)_loss_mean", r"loss/\1"),
        (r"train/ent/(\w+)", r"entropy/\1"),
        (r"train/rand/(\w+)", r"randomness/\1"),
        (r"train/(dyn|rep)_ent", r"latent_entropy/\1"),
        (r"replay/ram_gb", "memory_gb"),
    ),
    same="replace",
)

NM512_TORCH = Layout(
    "nm512_torch",
    "step",
    {"metrics.jsonl": {"train_return": "train", "eval_return": "eval"}},
    ("metrics.jsonl",),
    (
        (r"update_count", "updates"),
        (r"fps", "fps_frames"),
        (r"(model|actor|value)_grad_norm", r"grad_norm/\1"),
        (r"(dyn|rep|model|actor|value|reward|cont|image|vector|state)_loss", r"loss/\1"),
        (r"actor_entropy", "entropy/action"),
        (r"(prior|post)_ent", r"latent_entropy/\1"),
    ),
)

R2DREAMER = Layout(
    "r2dreamer",
    "step",
    {"metrics.jsonl": {"episode/score": "train", "episode/eval_score": "eval"}},
    ("metrics.jsonl",),
    (
        (r"train/opt/updates", "updates"),
        (r"fps/fps", "fps_frames"),
        (r"train/opt/grad_norm", "grad_norm/all"),
        (r"train/opt/loss", "loss/total"),
        (r"train/loss/(\w+)", r"loss/\1"),
        (r"train/action_entropy", "entropy/action"),
        (r"train/(dyn|rep)_entropy", r"latent_entropy/\1"),
    ),
    same="replace",
)

SHEEPRL = Layout(
    "sheeprl",
    "policy step",
    {},
    (),
    (
        (r"Params/replay_ratio", "updates_per_step"),
        (r"Time/sps_env_interaction", "fps_frames"),
        (r"Time/sps_train", "fps_updates"),
        (r"Grads/(\w+)", r"grad_norm/\1"),
        (r"Loss/(\w+)_loss", r"loss/\1"),
        (r"State/kl", "kl"),
        (r"State/(post|prior)_entropy", r"latent_entropy/\1"),
    ),
)

#: TensorBoard tags of sheeprl's scores. ``Rewards/rew_avg`` is the mean over the episodes since the last log.
SHEEPRL_SCORE, SHEEPRL_TEST = "Rewards/rew_avg", "Test/cumulative_reward"

LAYOUTS: dict[Format, Layout] = {layout.format: layout for layout in (NATIVE, DANIJAR, NM512_TORCH, R2DREAMER, SHEEPRL)}
