"""Why "nothing reads it" may not be sure: code that reads settings in ways that are known only when it runs."""

from __future__ import annotations

import re
import sys
from collections.abc import Container, Iterator
from functools import cached_property

from .carriers import find_carriers
from .file_facts import FileFacts
from .indexed_files import IndexedFiles
from .names import is_mapping, is_run_config, speaks_of_settings

#: Packages that get a configuration and read none of its values.
_HARMLESS = frozenset({
    "wandb", "yaml", "ruamel", "omegaconf", "elements", "embodied", "tensorboard", "torch", "rich", "cloudpickle",
    "numpy", "pandas", "jax", "jaxlib", "ninjax", "optax", "flax", "chex", "tensorflow", "tensorflow_probability",
    "lightning", "msgpack", "attridict",
})  # fmt: skip
#: Files of upstream's libraries, which forks keep. They read no setting under a name that is known only at run time.
_LIBRARY = re.compile(
    r"(^|/)(embodied/(core|distr|jax|replay)/\w+|ninjax|jaxutils|jaxagent|sheeprl/(utils|algos)/.+|setup|conftest)\.py$"
    r"|(^|/)(tests?|examples?|docs?)/"
)


class Doubts:
    """Finds doubts in the files of a checkout; each answer is kept."""

    def __init__(self, files: IndexedFiles) -> None:
        self._files = files
        self._found: dict[tuple[str, ...], tuple[str, ...]] = {}

    def of(self, scripts: tuple[str, ...]) -> tuple[str, ...]:
        """Returns why "nothing reads it" would not be sure if some scripts run; any file counts if there are none.

        Only files that a script imports can read its settings. Files that it names at run time, such as those of
        environments, get settings as arguments.
        """
        if scripts not in self._found:
            reached = {name for script in scripts for name in self._files.reached(script)}
            self._found[scripts] = tuple(self._in(reached if scripts else set(self._files.files)))
        return self._found[scripts]

    def _in(self, names: Container[str]) -> list[str]:
        found: list[str] = []
        for name, carriers in self._carriers.items():
            if name not in names or _LIBRARY.search(name):
                continue
            facts = self._files.facts(name)
            if facts is None:
                found.append(f"{name} was not read")
                continue
            found += [f"{name}:{line} reads settings by names that are not literal" for line in facts.doubts[:1]]
            found += [
                f"{name}:{line.strip('?')} reads settings by names that are not literal"
                for owner, line in facts.dynamic.items()
                if owner in carriers or (is_mapping(owner) if line.endswith("?") else is_run_config(owner))
            ][:1]
            found += [f"{name} passes its settings to {other}" for other in self._outside(facts, carriers)][:1]
        return found

    @cached_property
    def _carriers(self) -> dict[str, set[str]]:
        """File -> names that hold settings there although they are not called so, from assignments and calls."""
        files = self._files.files
        speaking = [name for name, file in files.items() if file.data is None or speaks_of_settings(file.data)]
        return find_carriers(speaking, self._files.facts, self._files.defining)

    def _outside(self, facts: FileFacts, carriers: set[str]) -> Iterator[str]:
        """Yields called functions from outside the checkout that get the whole configuration."""
        for called, source in facts.roots:
            if not (is_mapping(source) or source in carriers):
                continue
            module = facts.imports.get(called, "")
            top = module.partition(".")[0]
            if top and top not in self._own and top not in sys.stdlib_module_names and top not in _HARMLESS:
                yield module

    @cached_property
    def _own(self) -> frozenset[str]:
        """Names that an import from inside the checkout begins with."""
        return frozenset(part.removesuffix(".py") for name in self._files.files for part in name.split("/"))
