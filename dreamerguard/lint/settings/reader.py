"""Reads and checks a settings file. Loaded only if there is one, because loading pydantic takes longer than linting."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from dreamerguard.core.finding import Confidence, Severity
from dreamerguard.core.source import SourceError
from dreamerguard.util.hints import did_you_mean, nearest
from dreamerguard.util.validation_text import refusal

from .model import PathRule, Settings, read_bytes


def _reasons(value: object) -> object:
    """Converts a list of selectors to a table without reasons."""
    return dict.fromkeys(value, "") if isinstance(value, list) and all(isinstance(i, str) for i in value) else value


Reasons = Annotated[dict[str, str], BeforeValidator(_reasons)]


class SettingsFile(BaseModel):
    """The table ``[tool.dreamerguard]``, or the whole of ``dreamerguard.toml``."""

    model_config = ConfigDict(extra="forbid", frozen=True, alias_generator=lambda name: name.replace("_", "-"))

    select: tuple[str, ...] = Field((), description="Only these rules: names, codes, beginnings of codes, categories.")
    extend_select: tuple[str, ...] = Field((), description="More rules beside `select`.")
    ignore: Reasons = Field(default_factory=dict, description="Not these rules: a list, or a table RULE = reason.")
    extend_ignore: Reasons = Field(default_factory=dict, description="More rules beside `ignore`.")
    severity: dict[str, Severity] = Field(default_factory=dict, description="RULE = error, warning or info.")
    min_severity: Severity = Field(Severity.INFO, description="Findings of lower severity do not count.")
    min_confidence: Confidence = Field(Confidence.LOW, description="Findings of lower confidence do not count.")
    per_path_ignores: dict[str, Reasons] = Field(
        default_factory=dict, description="GLOB = list of rules, or a table RULE = reason; relative to this file."
    )
    exclude: tuple[str, ...] = Field((), description="Globs of files that are skipped when a folder is checked.")
    baseline: str | None = Field(None, description="File of known findings, relative to this file.")
    local_rules: tuple[str, ...] = Field((), description="Files or folders with custom rules. Their code is run.")
    plugins: tuple[str, ...] = Field((), description="Entry points of the group dreamerguard.rules to load.")
    notify: tuple[str, ...] = Field((), description="Notification channels; they count only in a trusted folder.")


def read_settings_file(path: Path) -> Settings:
    """Reads the settings of a file.

    Raises:
      SourceError: the file is not valid; the message has one line for each error.
    """
    try:
        data: Any = tomllib.loads(read_bytes(path).decode("utf-8-sig"))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SourceError(f"{path} is not TOML: {error}") from error
    except RecursionError:
        raise SourceError(f"{path} is nested too deeply") from None
    if path.name == "pyproject.toml":
        tool = data.get("tool", {})
        data = tool.get("dreamerguard", {}) if isinstance(tool, dict) else {}
    if not isinstance(data, dict):
        raise SourceError(f"{path}: tool.dreamerguard must be a table")
    try:
        return _settings(path, SettingsFile.model_validate(data), data)
    except ValidationError as error:
        raise SourceError("\n".join(_error_text(path, dict(item)) for item in error.errors())) from error


def _settings(path: Path, given: SettingsFile, data: dict[str, Any]) -> Settings:
    root = path.resolve().parent
    return Settings(
        select=(*given.select, *given.extend_select) if given.select else (),
        ignore={**given.ignore, **given.extend_ignore},
        severity=given.severity,
        min_severity=given.min_severity,
        min_confidence=given.min_confidence,
        per_path=tuple(
            PathRule(glob, (selector,), reason)
            for glob, rules in given.per_path_ignores.items()
            for selector, reason in rules.items()
        ),
        exclude=given.exclude,
        baseline=root / given.baseline if given.baseline is not None else None,
        local_rules=tuple(root / item for item in given.local_rules),
        plugins=given.plugins,
        notify=given.notify,
        root=root,
        file=path,
        origins=dict.fromkeys((name.replace("-", "_") for name in data), str(path)),
    )


def _error_text(path: Path, error: dict[str, Any]) -> str:
    where = ".".join(str(part) for part in error["loc"])
    if error["type"] == "extra_forbidden":
        known = [item.alias or name for name, item in SettingsFile.model_fields.items()]
        near = nearest(where, known)
        listed = "" if near else f"; settings are {', '.join(known)}"
        return f"{path}: there is no setting {where!r}{did_you_mean(near[0] if near else None)}{listed}"
    return f"{path}: {where} {refusal(error)}"
