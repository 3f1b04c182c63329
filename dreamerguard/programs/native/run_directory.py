"""The run directory of the bundled trainer: its files, and the check whether a new process may continue the run.

| file | content |
| --- | --- |
| ``run.yaml`` | the resolved configuration with every setting |
| ``lint.json`` | the lint report, with the reasons of suppressions |
| ``manifest.json`` | versions, git commit, device and command; one entry per start |
| ``scores.jsonl``, ``metrics.jsonl``, ``eval.jsonl``, ``tensorboard/`` | logs |
| ``checkpoints/`` | checkpoints |
| ``status.json`` | the watcher's last status: verdict, health, likely causes |
| ``curve.png`` | scores, over the published reference if there is one |

A run of several seeds has the shared files here, checkpoints included, and the files of one agent in ``seed<k>/``: its
logs, status and curve, and a ``run.yaml`` with this seed only, so that the folder can be read as a separate run.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from dreamerguard import __version__
from dreamerguard.schema import RunConfig
from dreamerguard.util.json_text import read_json

CONFIG, LINT, MANIFEST = "run.yaml", "lint.json", "manifest.json"


class ConfigChanged(Exception):
    """The run directory holds a run with another configuration.

    Attributes:
      differences: dotted key, value in the directory, and current value of each difference.
    """

    def __init__(self, directory: Path, differences: list[tuple[str, Any, Any]]) -> None:
        lines = [f"  {key}: {old} in the run, {new} now" for key, old, new in differences]
        super().__init__(
            f"{directory} holds a run with another configuration:\n"
            + "\n".join(lines)
            + "\nUse the same configuration to continue it, or another --logdir to start a new run."
        )
        self.differences = differences


def default_directory(config: RunConfig) -> Path:
    """Returns ``runs/TASK-SIZE-seedN-HASH``, with ``seedN-M`` for several seeds.

    The hash is of the configuration: the same command finds its run again, another configuration never does.
    """
    digest = hashlib.sha256(json.dumps(config.model_dump(), sort_keys=True).encode()).hexdigest()[:8]
    task = config.task.replace("/", "-")
    last = f"-{config.seed + config.seeds - 1}" if config.seeds > 1 else ""
    return Path("runs") / f"{task}-{config.size}-seed{config.seed}{last}-{digest}"


def agents(directory: Path, config: RunConfig) -> dict[Path, RunConfig]:
    """Returns directory and configuration of every agent of a run; with a single seed, those of the run."""
    if config.seeds == 1:
        return {directory: config}
    seeds = range(config.seed, config.seed + config.seeds)
    return {directory / f"seed{seed}": config.model_copy(update={"seed": seed, "seeds": 1}) for seed in seeds}


def flatten_config(values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Returns nested settings by dotted key."""
    flat: dict[str, Any] = {}
    for key, value in values.items():
        if isinstance(value, Mapping):
            flat |= flatten_config(value, f"{prefix}{key}.")
        else:
            flat[prefix + key] = value
    return flat


def prepare(directory: Path, config: RunConfig, lint: Mapping[str, Any], manifest: Mapping[str, Any]) -> None:
    """Creates a run directory, or checks that an existing one holds the same run.

    Raises:
      ConfigChanged: the directory holds another configuration.
      OSError: the directory cannot be written.
    """
    stored = directory / CONFIG
    if stored.exists():
        check_same(directory, config)
    directory.mkdir(parents=True, exist_ok=True)
    _write(stored, _config_text(config))
    _write(directory / LINT, json.dumps(lint, indent=2) + "\n")
    _write(directory / MANIFEST, json.dumps([*_starts(directory / MANIFEST), dict(manifest)], indent=2) + "\n")


def _starts(path: Path) -> list[object]:
    """Returns the earlier starts of a run; an empty list if the manifest is missing or damaged: the run can go on."""
    try:
        found = read_json(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return []
    return found if isinstance(found, list) else []


def prepare_agents(directory: Path, config: RunConfig, lint: Mapping[str, Any], manifest: Mapping[str, Any]) -> None:
    """Creates a run directory, as `prepare` does, and the directories of its agents.

    Raises:
      ConfigChanged: a directory holds another configuration.
      OSError: a directory cannot be written.
    """
    prepare(directory, config, lint, manifest)
    for own, alone in agents(directory, config).items():
        if own != directory:
            prepare(own, alone, lint, manifest)


def withdraw(directory: Path, config: RunConfig) -> None:
    """Removes the configuration of a run that could not start from its directory.

    A corrected command may then use the directory. A run with a checkpoint has started, so its configuration stays.
    """
    if any(path.name.isdigit() for path in directory.glob("checkpoints/*")):
        return
    for own in {directory, *agents(directory, config)}:
        (own / CONFIG).unlink(missing_ok=True)


def load_config(directory: Path) -> RunConfig:
    """Loads the configuration of an existing run.

    Raises:
      FileNotFoundError: there is no run in ``directory``.
      ValueError: its configuration cannot be read by this version.
    """
    path = directory / CONFIG
    if not path.exists():
        raise FileNotFoundError(f"{directory} holds no run: {path} does not exist")
    try:
        return RunConfig.model_validate(yaml.safe_load(path.read_text()))
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise ValueError(f"{path} is not a valid configuration for dreamerguard {__version__}: {error}") from error


def describe_start(command: Sequence[str], facts: Mapping[str, Any]) -> dict[str, Any]:
    """Returns one entry of the manifest: start time, command, code versions and host."""
    return {
        "started": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
        "command": list(command),
        "dreamerguard": __version__,
        "git": _git_commit(Path.cwd()),
        "host": os.uname().nodename,
        **facts,
    }


def check_same(directory: Path, config: RunConfig) -> None:
    """Checks that a run directory holds the same run.

    Raises:
      ConfigChanged: the directory holds another configuration.
      ValueError: its configuration cannot be read by this version.
    """
    old, new = flatten_config(load_config(directory).model_dump()), flatten_config(config.model_dump())
    differences = [(key, old.get(key), new.get(key)) for key in sorted(old | new) if old.get(key) != new.get(key)]
    if differences:
        raise ConfigChanged(directory, differences)


def _config_text(config: RunConfig) -> str:
    head = f"# Resolved by dreamerguard {__version__}: every setting of this run.\n"
    return head + yaml.safe_dump(config.model_dump(), sort_keys=False)


def _write(path: Path, text: str) -> None:
    """Replaces a file in one step, so that a killed process leaves the old or the new file, never a part."""
    temporary = path.with_name(path.name + ".tmp")
    temporary.write_text(text)
    temporary.replace(path)


def _git_commit(directory: Path) -> str | None:
    try:
        done = subprocess.run(
            ["git", "describe", "--always", "--dirty", "--abbrev=40"],
            cwd=directory, capture_output=True, text=True, timeout=5, check=True,
        )  # fmt: skip
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()
