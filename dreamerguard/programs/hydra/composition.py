"""The composed configuration of a command, with look-up of its values."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from dreamerguard.core.finding import Problem
from dreamerguard.core.setting import Preset, Setting, UnknownKey
from dreamerguard.core.source import Value
from dreamerguard.core.values import as_number

from .interpolation import Target, follow, is_final
from .tree import Tree, leaves


@dataclass
class Composition:
    """The composed configuration of a command.

    Attributes:
      root: the configuration.
      problems: arguments and files that hydra would refuse, or does not apply as written.
      unknown: keys that the files do not have.
      choices: group -> option.
      presets: options that the command chose.
      files: names of the files that were merged.
      blind: whether a choice that may change every value is only known when the shell runs.
      open: packages with contents that are only known when the shell runs.
      resolved: cached result of `settings`.
    """

    root: Tree = field(default_factory=Tree)
    problems: list[Problem] = field(default_factory=list)
    unknown: list[UnknownKey] = field(default_factory=list)
    choices: dict[str, str | None] = field(default_factory=dict)
    presets: list[Preset] = field(default_factory=list)
    files: tuple[str, ...] = ()
    blind: bool = False
    open: set[str] = field(default_factory=set)
    resolved: dict[str, Setting] | None = None

    def target(self, key: str) -> Target | None:
        """Returns the target of a key after all references; None if it does not exist."""
        return follow(self.root, key.split("."))

    def value(self, key: str) -> Value:
        """Returns the final value of a key; None if it has no value or the value is unknown."""
        target = self.target(key)
        return target.value if target is not None and target.known else None

    def number(self, key: str) -> float:
        """Returns the final value of a key as a number; NaN if it is not a number, infinite if no float can hold it."""
        return as_number(self.value(key))

    def settings(self) -> dict[str, Setting]:
        """Returns every key with a known value. A reference keeps its place and takes the value of its target."""
        if self.resolved is None:
            self.resolved = {} if self.blind else dict(self._settings())
        return self.resolved

    def missing(self) -> list[Setting]:
        """Returns the mandatory settings, written as ``???``, to which nothing gives a value."""
        found = () if self.blind else leaves(self.root)
        return [Setting(path, leaf.chain) for path, leaf in found if leaf.chain[-1].value == "???"]

    def _settings(self) -> Iterator[tuple[str, Setting]]:
        for path, leaf in leaves(self.root):
            if is_final(leaf):
                yield path, Setting(path, leaf.chain)
                continue
            target = follow(self.root, path.split("."))
            if target is None or not target.known or isinstance(target.branch, Tree):
                continue
            last = leaf.chain[-1]
            final = last if last.value == target.value else replace(last, value=target.value)
            yield path, Setting(path, (*leaf.chain[:-1], final))
