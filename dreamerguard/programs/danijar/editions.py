"""The three editions of danijar/dreamerv3 in use: how to recognise each one, and the roles of its keys."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import field

from dreamerguard.core.setting import Role
from dreamerguard.programs.shared.key_tables import Table, load_table
from dreamerguard.util.fast_dataclass import dataclass

_UNREAD = "nothing in the program reads it"


@dataclass(frozen=True, slots=True)
class Edition:
    """One edition.

    Attributes:
      name: year of the edition.
      table: name of its key table.
      roles: role -> key.
      script: key that selects the run script.
      signs: beginnings of keys that only this edition has.
      dead: keys that it declares and never reads.
      unmade: suites for which it ships a preset and makes no environments.
    """

    name: str
    table: str
    roles: Mapping[Role, str]
    script: str
    signs: tuple[str, ...]
    dead: Mapping[str, str] = field(default_factory=dict)
    unmade: frozenset[str] = frozenset()

    def load(self) -> Table:
        """Loads its keys and presets."""
        return load_table(self.table)


#: Suites that some edition makes (``make_env`` in ``dreamerv3/main.py``).
SUITES_MADE = frozenset(
    {"atari", "atari100k", "bsuite", "crafter", "dm", "dmc", "dmlab", "dummy", "gym", "langroom", "loconav", "memmaze",
     "minecraft", "pinpad", "procgen"}
)  # fmt: skip

_COMMON: dict[Role, str] = {
    "task": "task",
    "frames": "run.steps",
    "train_ratio": "run.train_ratio",
    "batch_size": "batch_size",
    "batch_length": "batch_length",
    "platform": "jax.platform",
}

EDITIONS: dict[str, Edition] = {
    "2025": Edition(
        "2025",
        "danijar_2025",
        _COMMON | {"envs": "run.envs", "capacity": "replay.size", "deter": "agent.dyn.rssm.deter"},
        "script",
        ("agent.", "run.envs", "run.eval_envs", "script", "logger.", "report_length", "consec_", "run.debug"),
        {
            "clock_addr": _UNREAD,
            "clock_port": _UNREAD,
            "replay.priosignal": f"{_UNREAD}: prioritized replay ignores the choice",
            "run.duration": _UNREAD,
            "env.atari.lives": "the environment always ends an episode with the game and ignores the value",
        },
    ),
    "2024": Edition(
        "2024",
        "danijar_2024",
        _COMMON | {"envs": "run.num_envs", "capacity": "replay.size", "deter": "dyn.rssm.deter"},
        "run.script",
        ("enc.", "dec.", "dyn.", "run.num_envs", "batch_length_eval", "(enc|dec)", "opt.", "run.driver_parallel"),
        {"run.eval_initial": _UNREAD, "run.eval_fill": _UNREAD, "run.log_zeros": _UNREAD},
    ),
    "2023": Edition(
        "2023",
        "danijar_2023",
        _COMMON | {"envs": "envs.amount", "capacity": "replay_size", "deter": "rssm.deter"},
        "run.script",
        ("encoder.", "decoder.", "rssm.", "envs.", "replay_size", "jax.precision", "task_behavior", "actor_opt."),
        {"run.eval_samples": _UNREAD},
        frozenset({"bsuite"}),
    ),
}

#: Presets that only one edition has.
_PRESETS = {
    "2025": {"size1m"},
    "2023": {"small", "medium", "large", "xlarge"},
    "2024": {"memmaze"},
}


#: Preset -> suite of the tasks that it was made for.
SUITES = {"dmc_proprio": "dmc", "dmc_vision": "dmc", "atari100k": "atari100k"} | {
    name: name for name in ("atari", "crafter", "minecraft", "dmlab", "procgen", "bsuite", "loconav", "memmaze")
}


def suite_of_preset(edition: str, preset: str) -> str:
    """Returns the suite that upstream made a preset for; empty if the preset is for any suite."""
    if preset not in EDITIONS[edition].load().presets:
        return ""
    return "atari" if preset == "atari100k" and edition != "2025" else SUITES.get(preset, "")


def edition_of_keys(keys: Iterable[str]) -> str | None:
    """Returns the edition that the keys of a file belong to; None if they match no edition."""
    known = set(keys)
    if not known & {"task", "logdir"} or not known & {"run.train_ratio", "run.steps"}:
        return None
    votes = {name: len(known & edition.load().defaults.keys()) for name, edition in EDITIONS.items()}
    best = max(votes, key=lambda name: votes[name] / len(EDITIONS[name].load().defaults))
    return best if votes[best] >= 25 else None


def edition_of_words(script: str, flags: Iterable[str], presets: Iterable[str]) -> str:
    """Returns the probable edition of a command by its script, flags and presets, for use without a preset file."""
    votes = dict.fromkeys(EDITIONS, 0.0)
    for flag in flags:
        for name, edition in EDITIONS.items():
            votes[name] += flag.startswith(edition.signs)
    for preset in presets:
        for name, own in _PRESETS.items():
            votes[name] += preset in own
    votes["2023" if script.endswith("train.py") else "2025"] += 0.5
    return max(votes, key=lambda name: votes[name])
