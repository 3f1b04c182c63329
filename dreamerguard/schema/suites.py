"""Lists the suites that the bundled trainer can run, with the pip extra and the packages that each needs.

The guard reads this table to state before a start that a task cannot run here. The trainer's environment registry reads
it too. It imports no environment: `missing_packages` only looks for the packages.
"""

from __future__ import annotations

import re
import sys
from importlib.util import find_spec

from dreamerguard.util.fast_dataclass import dataclass


@dataclass(frozen=True, slots=True)
class RunnableSuite:
    """A suite that the bundled trainer can run.

    Attributes:
      prefix: text before the separator of the suite's tasks, for example ``dmc``.
      separator: ``_`` as danijar/dreamerv3 writes tasks, or ``:`` before an id of the environment library.
      extra: pip extra of dreamerguard that installs the packages, for example ``gym``.
      packages: importable top-level packages that the environments need.
      title: name of the suite for people.
    """

    prefix: str
    separator: str
    extra: str
    packages: tuple[str, ...]
    title: str

    @property
    def pattern(self) -> str:
        """The suite's tasks as a pattern for people, for example ``dmc_*`` or ``gym:ID``."""
        return f"{self.prefix}{self.separator}{'ID' if self.separator == ':' else '*'}"

    def name_of(self, task: str) -> str:
        """Returns a task's name without the suite: ``walker_walk`` of ``dmc_walker_walk``."""
        return task.removeprefix(self.prefix + self.separator)


#: Form of the ids of Gymnasium's environments.
_GYM_ID = re.compile(r"[A-Za-z][\w./-]*-v[0-9]+")
#: All suites of the bundled trainer, in the order in which messages list them.
SUITES = (
    RunnableSuite("dmc", "_", "agent", ("dm_control", "mujoco"), "DeepMind Control"),
    RunnableSuite("gym", ":", "gym", ("gymnasium",), "Gymnasium"),
    RunnableSuite("minigrid", ":", "minigrid", ("minigrid", "gymnasium"), "MiniGrid"),
    RunnableSuite("envpool", ":", "envpool", ("envpool", "gymnasium"), "EnvPool"),
    RunnableSuite("atari", "_", "atari", ("ale_py", "PIL"), "Atari"),
    RunnableSuite("atari100k", "_", "atari", ("ale_py", "PIL"), "Atari 100k"),
    RunnableSuite("crafter", "_", "crafter", ("crafter",), "Crafter"),
)


#: Packages that the trainer itself needs, in addition to those of a suite. Every extra installs them.
TRAINER_PACKAGES = ("jax", "flax", "optax")


def suite_of(task: str) -> RunnableSuite | None:
    """Returns the suite of a task, or None if the bundled trainer runs no such tasks.

    A prefix alone, such as ``dmc_``, names no task.
    """
    return next((suite for suite in SUITES if suite.name_of(task) not in (task, "")), None)


def has_free_names(task: str) -> bool:
    """Returns whether a task is an id of an environment library, such as ``gym:CartPole-v1``. No table lists them."""
    suite = suite_of(task)
    return suite is not None and suite.separator == ":"


def as_free_name(text: str) -> str:
    """Returns how an id of Gymnasium is written as a task, ``gym:CartPole-v1`` for ``CartPole-v1``; else empty."""
    if not _GYM_ID.fullmatch(text):
        return ""
    return f"{'minigrid' if text.startswith(('MiniGrid-', 'BabyAI-')) else 'gym'}:{text}"


def missing_packages(suite: RunnableSuite) -> list[str]:
    """Returns the packages of a suite that this Python does not find. Nothing is imported."""
    return _missing(suite.packages)


def missing_for_training(suite: RunnableSuite) -> list[str]:
    """Returns the packages of the trainer and of a suite that this Python does not find. Nothing is imported."""
    return _missing((*TRAINER_PACKAGES, *suite.packages))


def _missing(names: tuple[str, ...]) -> list[str]:
    return [name for name in names if name not in sys.modules and find_spec(name) is None]
