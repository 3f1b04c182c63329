"""The project's settings for linting: ``[tool.dreamerguard]`` in ``pyproject.toml``, or ``dreamerguard.toml``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field, replace
from pathlib import Path
from typing import Any

from dreamerguard.core.finding import Confidence, Severity
from dreamerguard.core.source import Source, SourceError
from dreamerguard.util.fast_dataclass import dataclass

#: Size limit of a settings file. A real one has a few kilobytes.
MAX_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class PathRule:
    """Rules that do not count in some files: a glob relative to the settings file, selectors and the reason."""

    pattern: str
    selectors: tuple[str, ...]
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings that decide which findings count. With the defaults every finding of every rule counts.

    Attributes:
      select: only rules that one of these selectors names; empty for all. A selector is a rule's name, its code, the
        beginning of a code (``DG1``) or a category (``ratio``).
      ignore: selector -> reason, for rules with findings that do not count.
      severity: selector -> severity of its findings instead of the rule's severity.
      min_severity, min_confidence: findings of lower severity or confidence do not count.
      per_path: rules that do not count in some files.
      exclude: globs of files that are skipped when a folder is checked.
      baseline: file of known findings.
      local_rules: files or folders with the project's custom rules.
      plugins: entry points of the group ``dreamerguard.rules`` that may add rules.
      withheld: why code that the file names does not run; empty if nothing is withheld.
      root: folder of the settings file; globs are relative to it.
      file: the settings file; None without one.
      origins: setting -> origin of its value, for people.
    """

    select: tuple[str, ...] = ()
    ignore: Mapping[str, str] = field(default_factory=dict)
    severity: Mapping[str, Severity] = field(default_factory=dict)
    min_severity: Severity = Severity.INFO
    min_confidence: Confidence = Confidence.LOW
    per_path: tuple[PathRule, ...] = ()
    exclude: tuple[str, ...] = ()
    baseline: Path | None = None
    local_rules: tuple[Path, ...] = ()
    plugins: tuple[str, ...] = ()
    withheld: str = ""
    root: Path = Path()
    file: Path | None = None
    origins: Mapping[str, str] = field(default_factory=dict)

    @property
    def selectors(self) -> tuple[str, ...]:
        """All selectors in the settings."""
        in_paths = (selector for item in self.per_path for selector in item.selectors)
        return (*self.select, *self.ignore, *self.severity, *in_paths)

    def with_options(self, **values: Any) -> Settings:
        """Returns the settings with values of the command line in place. None and an empty tuple change nothing."""
        given = {name: value for name, value in values.items() if value not in (None, ())}
        names = {name: f"--{name.replace('_', '-')}" for name in given}
        return replace(self, **given, origins={**self.origins, **names})


def read_bytes(path: Path) -> bytes:
    """Reads the content of a settings file.

    Raises:
      SourceError: it cannot be read, or is too large.
    """
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise SourceError(f"cannot read the settings {str(path)!r}: {error.strerror}") from error
    if len(data) > MAX_BYTES:
        raise SourceError(f"{path} is larger than 1 MiB; a settings file must be smaller")
    return data


def file_name(source: Source, path: Path, folder: Path) -> str:
    """Returns a source's name relative to the folder of the settings file or baseline at ``path``."""
    if source.kind != "file":
        return source.name
    here, home = (folder / source.name).resolve(), path.resolve().parent
    return here.relative_to(home).as_posix() if here.is_relative_to(home) else here.as_posix()
