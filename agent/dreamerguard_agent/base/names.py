"""Names that an observation must not have, because the trainer uses them itself."""

from __future__ import annotations

#: Keys of a transition that the networks do not observe.
FLAGS = ("is_first", "is_last", "is_terminal", "reward")
#: Names of losses that are not reconstructions.
LOSSES = ("rew", "con", "dyn", "rep", "policy", "value", "repval")
