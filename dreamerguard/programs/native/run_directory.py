"""The run directory of the bundled trainer: its files, and the check whether a new process may continue the run.

| file | content |
| --- | --- |
| ``run.yaml`` | the resolved configuration with every setting |
| ``lint.json`` | the lint report, with the reasons of suppressions |
| ``manifest.json`` | versions, git commit, device, command and changed settings; one entry per start |
| ``scores.jsonl``, ``metrics.jsonl``, ``eval.jsonl``, ``tensorboard/`` | logs |
| ``checkpoints/`` | checkpoints |
| ``status.json`` | the watcher's last status: verdict, health, likely causes |
| ``curve.png`` | scores, over the published reference if there is one |
| ``run.lock`` | the process that trains there; see `run_lock` |
| ``before-1/``, ... | files that were set aside, for example by ``--restart`` |

A run of several seeds has the shared files here, checkpoints included, and the files of one agent in ``seed<k>/``: its
logs, status and curve, and a ``run.yaml`` with this seed only, so that the folder can be read as a separate run.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import yaml

from dreamerguard import __version__
from dreamerguard.schema import RunConfig
from dreamerguard.schema.key_table import key_rows
from dreamerguard.util.regular_files import NotRegular, read_regular
from dreamerguard.util.replace_file import remove_unfinished, replace_file

from .manifest import MANIFEST, add_start, never_saved
from .unreadable_run import explain_damage, explain_no_run

CONFIG, LINT = "run.yaml", "lint.json"
#: The files that a start writes before its first step.
_OF_START = (CONFIG, LINT, MANIFEST, "status.json", "scores.jsonl", "metrics.jsonl", "eval.jsonl")
#: Settings that a continued run may change: they change no number that it computes, but for the precision of a device.
FREE = (
    "logging.", "checkpoint.", "eval.", "guard.", "numbers.", "purpose", "env.backend", "env.timeout", "env.workers",
    "replay.storage", "replay.scratch", "runtime.platform", "runtime.devices", "runtime.deterministic",
    "runtime.compilation_cache",
)  # fmt: skip
#: Settings of later versions. At their default they do not change the name of the directory, so that a command finds
#: its run of an earlier version again.
LATER = (
    "env.make", "env.time_limit", "env.action_range", "env.cameras", "env.atari.",
    *(f"model.{part}_{kind}_keys" for part in ("encoder", "decoder") for kind in ("mlp", "cnn")),
)  # fmt: skip
#: Settings that a continued run may raise.
RAISED = ("run.frames",)

#: Bytes that are read of a configuration; one has a few kilobytes.
_MOST_CONFIG = 1 << 20
#: Characters of a task that its run directory has not, and the longest part of a task in its name.
_UNSAFE, _LONGEST_NAME = re.compile(r"[^\w.+=-]+"), 100

Changes = dict[str, tuple[Any, Any]]


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
            + "\nUse the same configuration to continue it, another --logdir to start a new run, or --restart to set"
            " this run aside. Settings of logging, checkpoints and evaluation and the place of the replay may change;"
            " run.frames may be raised."
        )
        self.differences = differences


def default_directory(config: RunConfig) -> Path:
    """Returns ``runs/TASK-SIZE-seedN-HASH``, with ``seedN-M`` for several seeds.

    The hash is of the settings that a continued run must keep: the same command finds its run again, also with another
    logging interval; another configuration never does.
    """
    settings = flatten_config(config.model_dump())
    kept = {key: value for key, value in settings.items() if not _is_free(key) and not _is_new(key, value)}
    digest = hashlib.sha256(json.dumps(kept, sort_keys=True).encode()).hexdigest()[:8]
    task = _UNSAFE.sub("-", config.task)[:_LONGEST_NAME]
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


def prepare(directory: Path, config: RunConfig, lint: Mapping[str, Any], manifest: Mapping[str, Any]) -> Changes:
    """Creates a run directory, or checks that an existing one holds the same run.

    Settings that may change are stored, and the manifest names them.

    Returns:
      Old and new value of each changed setting.

    Raises:
      ConfigChanged: the directory holds another configuration.
      ValueError: its configuration cannot be read by this version.
      OSError: the directory cannot be written.
    """
    changes = check_same(directory, config) if (directory / CONFIG).exists() else {}
    directory.mkdir(parents=True, exist_ok=True)
    remove_unfinished(directory)
    replace_file(directory / CONFIG, _config_text(config).encode())
    replace_file(directory / LINT, _as_json(lint).encode())
    changed = {"changed": {key: list(values) for key, values in changes.items()}} if changes else {}
    add_start(directory, {**manifest, **changed})
    return changes


def prepare_agents(directory: Path, config: RunConfig, lint: Mapping[str, Any], manifest: Mapping[str, Any]) -> Changes:
    """Creates a run directory, as `prepare` does, and the directories of its agents. Returns the changes of the run.

    Raises:
      ConfigChanged: a directory holds another configuration.
      ValueError: a configuration cannot be read by this version.
      OSError: a directory cannot be written.
    """
    own = [item for item in agents(directory, config).items() if item[0] != directory]
    for folder, alone in [(directory, config), *own]:
        if (folder / CONFIG).exists():
            check_same(folder, alone)
    changes = prepare(directory, config, lint, manifest)
    for folder, alone in own:
        prepare(folder, alone, lint, manifest)
    return changes


def put_back(
    directory: Path, config: RunConfig, lint: Mapping[str, Any], starts: Sequence[Mapping[str, Any]]
) -> list[str]:
    """Writes the files of `prepare_agents` that are missing. Returns their paths.

    A run directory that is missing is not made: it was removed, and another run may be put in its place.

    Args:
      directory: the run directory; the directories of its agents are made when missing.
      config: the run.
      lint: the lint report.
      starts: all entries of the manifest.

    Raises:
      OSError: they cannot be written.
    """
    written = []
    for folder, alone in {directory: config, **agents(directory, config)}.items():
        if folder != directory:
            folder.mkdir(exist_ok=True)
        texts = {CONFIG: _config_text(alone), LINT: _as_json(lint), MANIFEST: _as_json(starts)}
        for path, text in ((folder / name, text) for name, text in texts.items()):
            if not path.exists():
                replace_file(path, text.encode())
                written.append(str(path))
    return written


def has_checkpoint(directory: Path) -> bool:
    """Returns whether the run has a checkpoint, sound or not. A folder that cannot be read may hold one."""
    try:
        return any(path.name.isdigit() for path in (directory / "checkpoints").iterdir())
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:
        return True


def withdraw(directory: Path, config: RunConfig) -> None:
    """Removes the files of a run that could not start from its directory, and folders of it that are empty then.

    A corrected command may then use the directory. A run with a checkpoint or with rows has started, so its files
    stay. A manifest that knows of a checkpoint stays too.
    """
    folders = {directory, *agents(directory, config)}
    logs = (path for folder in folders for path in folder.glob("*.jsonl"))
    if has_checkpoint(directory) or any(path.is_file() and path.stat().st_size for path in logs):
        return
    of_start = _OF_START if never_saved(directory) else (CONFIG,)
    for folder in folders:
        for name in of_start:
            (folder / name).unlink(missing_ok=True)
        for path in (folder / name for name in ("checkpoints", "tensorboard")):
            with suppress(OSError):
                path.rmdir()


def load_config(directory: Path) -> RunConfig:
    """Loads the configuration of an existing run.

    Raises:
      FileNotFoundError: there is no run in ``directory``.
      ValueError: its configuration cannot be read by this version.
      OSError: the file cannot be opened.
    """
    path = directory / CONFIG
    if not path.exists():
        raise FileNotFoundError(explain_no_run(directory, CONFIG))
    try:
        text = read_regular(path, _MOST_CONFIG).decode()
        return RunConfig.model_validate(yaml.safe_load(text))
    except NotRegular as error:
        raise ValueError(f"{path} cannot be read: it is {error.strerror}") from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise ValueError(explain_damage(path, error)) from error


def check_same(directory: Path, config: RunConfig) -> Changes:
    """Checks that a run directory holds the same run.

    Returns:
      Old and new value of each setting that differs and may change.

    Raises:
      ConfigChanged: the directory holds another configuration.
      ValueError: its configuration cannot be read by this version.
    """
    old, new = flatten_config(load_config(directory).model_dump()), flatten_config(config.model_dump())
    differences = [(key, old.get(key), new.get(key)) for key in sorted(old | new) if old.get(key) != new.get(key)]
    refused = [item for item in differences if not _may_change(*item)]
    if refused:
        raise ConfigChanged(directory, refused)
    return {key: (before, after) for key, before, after in differences}


def _may_change(key: str, old: Any, new: Any) -> bool:
    return _is_free(key) or (key in RAISED and isinstance(old, int) and isinstance(new, int) and new > old)


def _is_new(key: str, value: Any) -> bool:
    return key.startswith(LATER) and key_rows()[key].get("default") == value


def _is_free(key: str) -> bool:
    return any(key.startswith(name) if name.endswith(".") else key == name for name in FREE)


def _as_json(content: object) -> str:
    return json.dumps(content, indent=2) + "\n"


def _config_text(config: RunConfig) -> str:
    head = f"# Resolved by dreamerguard {__version__}: every setting of this run.\n"
    return head + yaml.safe_dump(config.model_dump(), sort_keys=False)
